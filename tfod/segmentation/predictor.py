"""A trained U-Net, of a run or exported, as a predictor of pixels."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod.checkpoints.restore import restore_model
from tfod.checkpoints.state import newest_checkpoint
from tfod.errors import CheckpointError
from tfod.inference.backends.tensorflow import load_saved_model
from tfod.inference.pixel_predictor import PixelPredictor
from tfod.inference.recognition import find_saved_model
from tfod.segmentation.classes import ClassTable
from tfod.segmentation.export import MODEL_FILE
from tfod.segmentation.optimizers import make_optimizer
from tfod.segmentation.settings import TrainingSettings, read_settings
from tfod.segmentation.unet import UNet, build_unet
from tfod.stores import is_file, read_file
from tfod.training.averages import restore_averages

__all__ = ["find_run_checkpoint", "load_model", "load_predictor", "predictor_of"]

_EXPORT = "name the folder that export_unet.py wrote"


def predictor_of(model: UNet, **options: Any) -> PixelPredictor:
    """Of a model in memory; changes of its weights show. `options` are those of PixelPredictor."""

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
    def probabilities(images: Any) -> Any:
        return tf.nn.softmax(model(images, training=False))

    return PixelPredictor(lambda images: probabilities(images).numpy(), model.multiple, model.context, **options)


def load_model(run: Path | str, which: str = "best") -> tuple[UNet, TrainingSettings, str]:
    """The model of a run with the weights of a checkpoint (their averages, if the run kept them).

    Args:
      run: The folder of a run.
      which: `best`, `last`, or a checkpoint's prefix.

    Returns:
      The model, the run's settings, and the checkpoint's prefix.

    Raises CheckpointError where the folder is no run or the checkpoint is not there.
    """
    settings = read_settings(Path(run))
    prefix = find_run_checkpoint(Path(run), which)
    # In float32, whatever the run computed in: the same predictions on every machine.
    model = build_unet(settings.model)
    restore_model(model, prefix)
    if settings.ema:
        layout = model.checkpoint_layout().full
        optimizer = make_optimizer("sgd", lambda: 0.0, weight_decay=0.0, average_decay=settings.ema, model=layout)
        restore_averages(optimizer, layout, prefix)
        for variable in model.variables:
            variable.assign(optimizer.get_slot(variable, "average"))
    return model, settings, prefix


def load_predictor(
    run: str | None, which: str, saved_model_dir: str | None, **options: Any
) -> tuple[PixelPredictor, ClassTable]:
    """A predictor over a run's checkpoint or, where that is None, over an exported SavedModel; and its classes.

    `options` are those of PixelPredictor. Raises CheckpointError where the model is not there.
    """
    if run is not None:
        model, settings, _ = load_model(run, which)
        return predictor_of(model, **options), settings.classes
    assert saved_model_dir is not None
    path = find_saved_model(saved_model_dir)
    table, multiple, context = _about(path)
    loaded, signature = load_saved_model(path)
    if "images" not in signature.structured_input_signature[1] or "probabilities" not in signature.structured_outputs:
        raise CheckpointError("the exported model is no U-Net of this project", path, _EXPORT)

    def probabilities(images: NDArray[np.float32], owner: object = loaded) -> NDArray[np.float32]:
        """`owner` has the variables that the signature uses, and lives as long as this."""
        result = signature(images=tf.constant(np.rint(255.0 * images).astype(np.uint8)))["probabilities"]
        return np.asarray(result.numpy(), np.float32)

    return PixelPredictor(probabilities, multiple, context, **options), table


def _about(path: str) -> tuple[ClassTable, int, int]:
    """What the file beside the exported model in a folder says: its classes, `multiple` and `context`."""
    places = (os.path.join(folder, MODEL_FILE) for folder in (path, os.path.dirname(path.rstrip("/"))))
    about = next(filter(is_file, places), None)
    if about is None:
        raise CheckpointError(f"there is no {MODEL_FILE} beside the exported model", path, _EXPORT)
    try:
        content = json.loads(read_file(about))
        colours = tuple((int(red), int(green), int(blue)) for red, green, blue in content["class_colours"])
        table = ClassTable(tuple(map(str, content["class_names"])), colours)
        return table, int(content["multiple"]), int(content["context"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{MODEL_FILE} of the exported model is damaged", about, "export the model again"
        ) from error


def find_run_checkpoint(run: Path, which: str) -> str:
    """The prefix of the `best` or the `last` checkpoint of a run; anything else is taken for a prefix itself."""
    if which not in ("best", "last"):
        return which
    found = newest_checkpoint(run / "best" if which == "best" else run)
    if found is None and which == "best":
        found = newest_checkpoint(run)
    if found is None:
        raise CheckpointError("the run has no checkpoint yet", str(run), "train it: tools/train_unet.py")
    return found
