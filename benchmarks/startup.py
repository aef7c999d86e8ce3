"""From the start of the process to the first finished training step, and to the first detection."""

from pathlib import Path
from statistics import median

from benchmarks.export import ALONE
from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["measure"]

BAR = 0.4
_DETECTION_BAR = 0.5
_SECONDS_OF_TFLITE = 1.0
_TOLERANCE = 1e-3
_LIMIT = "a process that imports TensorFlow"


def measure(work: Workload) -> list[Row]:
    """Rows for training from random weights, fine-tuning where a pretrained checkpoint is here, and detection."""
    configs = {"from scratch": work.config}
    if work.fine_tune_config is not None:
        configs["fine-tuning"] = work.fine_tune_config
    return [_row(work, name, config) for name, config in configs.items()] + _detection_rows(work)


def _row(work: Workload, name: str, config: Path) -> Row:
    seconds = work.alternate(
        ours=lambda: _first_step(work, "ours", config),
        original=lambda: _first_step(work, "original", config),
        limit=lambda: work.python("import tensorflow").seconds,
    )
    return Row(f"start to first step, {name}", "s", **seconds, bar=BAR, limit_is=_LIMIT)


def _first_step(work: Workload, side: str, config: Path) -> float:
    finished = work.script(side, "train", side, config, work.fresh("model"), 1)
    return finished.values()["turns"][0][0][0] - finished.began


def _detection_rows(work: Workload) -> list[Row]:
    """`tfod.Detector` with the zoo's 90 classes, beside the original's SavedModel in TensorFlow alone."""
    flags = {"pipeline_config_path": work.zoo_config, "trained_checkpoint_dir": work.zoo_checkpoint}
    ours, original = work.fresh("export"), work.fresh("export")
    formats = {"formats": "saved_model,tflite_float32"}
    work.tool("exporter_main_v2", flags | {"output_directory": ours} | ALONE | formats)
    work.original_tool("exporter_main_v2", flags | {"output_directory": original, "input_type": "image_tensor"})

    scores = []

    def first(side: str, how: str, model: Path) -> float:
        finished = work.script(side, "first_detection", how, model, work.zoo_batch)
        scores.append(finished.values()["score"])
        return finished.values()["at"] - finished.began

    seconds = work.alternate(
        saved_model=lambda: first("ours", "detector", ours / "saved_model"),
        tflite=lambda: first("ours", "detector", ours / "model_float32.tflite"),
        original=lambda: first("original", "plain", original / "saved_model"),
        limit=lambda: work.python("import tensorflow").seconds,
    )
    if max(scores) - min(scores) > _TOLERANCE:
        raise RuntimeError(f"the models differ: their best scores are {min(scores):.4f} to {max(scores):.4f}")
    beside = {"original": seconds["original"], "limit": seconds["limit"], "limit_is": _LIMIT}
    is_quick = median(seconds["tflite"]) < _SECONDS_OF_TFLITE
    note = f"{'under' if is_quick else 'MISSED: more than'} {_SECONDS_OF_TFLITE:.0f} s"
    return [
        Row("start to first detection, SavedModel", "s", seconds["saved_model"], **beside, bar=_DETECTION_BAR),
        Row("start to first detection, TFLite", "s", seconds["tflite"], **beside, note=note),
    ]
