"""Every format of the zoo's FPNLite with 90 classes, on one image of 480x640 pixels, from the image to its boxes."""

from pathlib import Path

from benchmarks.export import ALONE
from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["measure"]

_WARM_UP = 10
_CALLS = 60
# What each format is compared with, and how much of its time it may take.
_FORMATS = {
    "tflite_float32": ("model_float32.tflite", "saved_model", 1.0),
    "tflite_float16": ("model_float16.tflite", "saved_model", 1.0),
    "tflite_int8": ("model_int8.tflite", "tflite_float32", 0.5),
    "onnx": ("model.onnx", "saved_model", 1.0),
}


def measure(work: Workload) -> list[Row]:
    """One row for the SavedModel beside the original's, and one a format beside a slower one of ours."""
    flags = {"pipeline_config_path": work.zoo_config, "trained_checkpoint_dir": work.zoo_checkpoint}
    folders = {side: work.fresh("formats") for side in ("ours", "original")}
    formats = {"formats": ",".join(["saved_model", *_FORMATS])}
    work.tool("exporter_main_v2", flags | {"output_directory": folders["ours"]} | ALONE | formats)
    original = flags | {"output_directory": folders["original"], "input_type": "image_tensor"}
    work.original_tool("exporter_main_v2", original)

    def detect(name: str) -> float:
        arguments = folders["ours"] / name, work.zoo_batch, _WARM_UP, _CALLS
        return float(work.script("ours", "detect", *arguments).values()["seconds"])

    def infer(folder: Path) -> float:
        arguments = folder / "saved_model", work.zoo_batch, _WARM_UP, _CALLS
        return float(work.script("ours", "infer", *arguments).values()["seconds"])

    seconds = work.alternate(
        original=lambda: infer(folders["original"]),
        plain=lambda: infer(folders["ours"]),
        saved_model=lambda: detect("saved_model"),
        **{name: lambda file=file: detect(file) for name, (file, _, _) in _FORMATS.items()},
    )
    in_ms = {name: [1000 * value for value in values] for name, values in seconds.items()}
    rows = [Row("SavedModel, 90 classes", "ms", in_ms["plain"], in_ms["original"], bar=0.65)]
    for name, (_, beside, bar) in _FORMATS.items():
        rows.append(Row(name, "ms", in_ms[name], in_ms[beside], bar=bar, note=f"beside our {beside}"))
    return rows
