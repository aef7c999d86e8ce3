"""Exporting the model of a pipeline config: the formats, the checkpoint in the zoo's layout, the config, the proof."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfod.checkpoints.restore import restore_model
from tfod.config.gray import with_gray
from tfod.config.pipeline import write_pipeline_config
from tfod.errors import ConfigError, DataError, OutputError
from tfod.export.converters import require_packages
from tfod.export.detector import write_detector, write_tflite_graph
from tfod.export.formats import FORMATS, file_of
from tfod.export.parity import FAILED_FILE, PARITY_FILE, Parity
from tfod.export.samples import Sample, calibration_images, samples_to_compare_on
from tfod.export.saved_model import Shape
from tfod.export.tflite_detector import Suppression
from tfod.export.verify import verify_detector
from tfod.files import check_folder, contents, replacing_directory, write_bytes
from tfod.inference.class_names import LABEL_MAP, label_map_of, names_in_label_map
from tfod.models.build import build_model
from tfod.models.detection_model import DetectionModel
from tfod.stores import read_file
from tfod.training.disk import writing

__all__ = ["Comparison", "Exported", "export_model", "export_tflite_graph", "require_replaceable", "write_checkpoint"]

_CHECKPOINT = "checkpoint"
_PARTS = (*map(file_of, FORMATS), _CHECKPOINT, "pipeline.config", PARITY_FILE, FAILED_FILE)


@dataclass(frozen=True)
class Comparison:
    """What exports are compared on.

    Attributes:
      images: Files, folders or globs; None for the images of the first `eval_input_reader`, if they are there.
      count: How many at most.
    """

    images: Sequence[str] | None = None
    count: int = 50


@dataclass(frozen=True)
class Exported:
    """The checkpoint's prefix, and how near each format is to the model, if that was compared."""

    checkpoint: str
    parity: list[Parity]

    @property
    def agrees(self) -> bool:
        """Whether no format is too far."""
        return all(row.enough for row in self.parity)


def export_model(
    config: Any,
    checkpoint: str | Path,
    output_directory: str | Path,
    input_type: str = "image_tensor",
    input_shape: Shape | None = None,
    *,
    kinds: Sequence[str] = ("saved_model",),
    calibration: Sequence[str] | None = None,
    comparison: Comparison | None = None,
) -> Exported:
    """Writes the formats, `checkpoint/ckpt-0` and `pipeline.config`, all or nothing; an earlier export is replaced.

    The config's label map, where it is there, is copied too.

    Args:
      config: A TrainEvalPipelineConfig.
      checkpoint: A checkpoint's prefix, or a folder, of which the latest is taken.
      input_type: One of `tfod.export.saved_model.INPUT_TYPES`.
      input_shape: Of the images that a SavedModel takes, `[B, H, W, 3]`; None for the input type's own, in it for any
        number.
      kinds: Of `tfod.export.formats.FORMATS`.
      calibration: Images or TFRecords to find the ranges for int8 by; None for the training's records.
      comparison: What to compare the formats with the model on, after which `parity.json` is there; None for nothing.

    Raises:
      CheckpointError: The checkpoint does not fit the config, or an export does not run.
      ConfigError: The model cannot be built or not be written so, or the input type is unknown or takes no such shape.
      DataError: Images are asked for that are not there.
      OutputError: The folder cannot be written, or holds something that is no export.
    """
    output = Path(output_directory)
    require_replaceable(output)
    require_packages(kinds)
    images = calibration_images(config, calibration) if "tflite_int8" in kinds else []
    samples = [] if comparison is None else _samples(config, comparison)
    names, label_map = names_in_label_map(config), label_map_of(config)
    config, model, prefix = _restored(config, checkpoint)
    shapes: dict[str, Any] = {"input_type": input_type, "input_shape": input_shape}
    with replacing_directory(output) as folder:
        paths = {
            kind: write_detector(model, kind, folder, **shapes, class_names=names, calibration=images) for kind in kinds
        }
        write_checkpoint(model, folder)
        write_pipeline_config(config, folder / "pipeline.config")
        if label_map is not None:
            write_bytes(folder / LABEL_MAP, read_file(label_map))
        rows = verify_detector(model, paths, samples, names, **shapes) if samples else []
    return Exported(prefix, rows)


def export_tflite_graph(
    config: Any, checkpoint: str | Path, output_directory: str | Path, *, max_detections: int, by_class: bool
) -> str:
    """Writes `saved_model/` for TFLite's converter, as the original does: the heads, and the mark of an operation.

    Args:
      config: A TrainEvalPipelineConfig.
      checkpoint: A checkpoint's prefix, or a folder, of which the latest is taken.
      max_detections, by_class: See `tfod.export.tflite_detector.Suppression`.

    Returns:
      The prefix of the checkpoint that was exported.

    Raises:
      CheckpointError: The checkpoint does not fit the config.
      ConfigError: The model cannot be built, or not be written so.
      OutputError: The folder cannot be written, or holds something that is no export.
    """
    output = Path(output_directory)
    require_replaceable(output)
    _, model, prefix = _restored(config, checkpoint)
    with replacing_directory(output) as folder:
        write_tflite_graph(model, folder / file_of("saved_model"), Suppression(max_detections, by_class, None))
    return prefix


def _restored(config: Any, checkpoint: str | Path) -> tuple[Any, DetectionModel, str]:
    """The config as its model is trained, the model with the weights of a checkpoint, and the checkpoint's prefix."""
    config = with_gray(config)
    model = build_model(config.model)
    prefix, _ = restore_model(model, checkpoint)
    return config, model, prefix


def _samples(config: Any, comparison: Comparison) -> list[Sample]:
    try:
        return samples_to_compare_on(config, comparison.images, comparison.count)
    except (ConfigError, DataError) as error:
        if comparison.images:
            raise
        # Models are exported on machines without their data too.
        print(f"not compared with the model: {error.what} ({error.where}); --images names others", file=sys.stderr)
        return []


def write_checkpoint(model: DetectionModel, folder: Path) -> None:
    """Writes the weights of a model as `checkpoint/ckpt-0` into `folder`, in the layout of the zoo."""
    saved = tf.train.Checkpoint(model=model.checkpoint_layout().full)
    with writing(folder):
        tf.train.CheckpointManager(saved, str(folder / _CHECKPOINT), max_to_keep=1).save(checkpoint_number=0)


def require_replaceable(output: Path) -> None:
    """Raises OutputError unless an export may take the place of what `output` is: nothing, or an earlier export."""
    check_folder(output)
    there = contents(output) if output.is_dir() else []
    # A label map alone is the user's: every export that has one has a checkpoint too.
    others = [name for name in there if name not in (*_PARTS, *([LABEL_MAP] if _CHECKPOINT in there else []))]
    if others:
        what = f"the output folder holds other things ({others[0]})"
        raise OutputError(what, str(output), "name a folder that is new, empty or an earlier export")
