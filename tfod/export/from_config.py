"""Exporting the model of a pipeline config: a SavedModel, the checkpoint in the zoo's layout, the config."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from tfod.checkpoints.restore import restore_model
from tfod.config.gray import with_gray
from tfod.config.pipeline import write_pipeline_config
from tfod.errors import OutputError
from tfod.export.saved_model import Shape, write_saved_model
from tfod.files import check_folder, contents, replacing_directory
from tfod.models.build import build_model
from tfod.training.disk import writing

__all__ = ["export_model"]

_PARTS = ("saved_model", "checkpoint", "pipeline.config")


def export_model(
    config: Any,
    checkpoint: str | Path,
    output_directory: str | Path,
    input_type: str = "image_tensor",
    input_shape: Shape | None = None,
) -> str:
    """Writes `saved_model/`, `checkpoint/ckpt-0` and `pipeline.config`, all or nothing; an earlier export is replaced.

    Args:
      config: A TrainEvalPipelineConfig.
      checkpoint: A checkpoint's prefix, or a folder, of which the latest is taken.
      input_type: One of `tfod.export.saved_model.INPUT_TYPES`.
      input_shape: Of the images that it takes, `[B, H, W, 3]`; None for the input type's own, in it for any number.

    Returns:
      The prefix of the checkpoint that was exported.

    Raises:
      CheckpointError: The checkpoint does not fit the config.
      ConfigError: The model cannot be built, or the input type is unknown or takes no such shape.
      OutputError: The folder cannot be written, or holds something that is no export.
    """
    output = Path(output_directory)
    _require_replaceable(output)
    config = with_gray(config)
    model = build_model(config.model)
    prefix, _ = restore_model(model, checkpoint)
    with replacing_directory(output) as folder:
        write_saved_model(model, folder / "saved_model", input_type, input_shape)
        saved = tf.train.Checkpoint(model=model.checkpoint_layout().full)
        with writing(folder):
            tf.train.CheckpointManager(saved, str(folder / "checkpoint"), max_to_keep=1).save(checkpoint_number=0)
        write_pipeline_config(config, folder / "pipeline.config")
    return prefix


def _require_replaceable(output: Path) -> None:
    check_folder(output)
    others = [name for name in contents(output) if name not in _PARTS] if output.is_dir() else []
    if others:
        what = f"the output folder holds other things ({others[0]})"
        raise OutputError(what, str(output), "name a folder that is new, empty or an earlier export")
