"""A trained U-Net on pictures of any size: whole or in tiles, with or without flips."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod.checkpoints.restore import restore_model
from tfod.checkpoints.state import newest_checkpoint
from tfod.errors import CheckpointError
from tfod.inference.backends.tensorflow import load_saved_model
from tfod.inference.recognition import find_saved_model
from tfod.segmentation.classes import ClassTable
from tfod.segmentation.export import MODEL_FILE
from tfod.segmentation.optimizers import make_optimizer
from tfod.segmentation.settings import TrainingSettings, read_settings
from tfod.segmentation.tiles import Tile, blended, tiles_of
from tfod.segmentation.unet import UNet, build_unet
from tfod.stores import is_file, read_file
from tfod.training.averages import restore_averages

__all__ = ["FLIPS", "Flips", "Predictor", "find_run_checkpoint", "load_model", "load_predictor"]

Flips = Literal["none", "horizontal", "both"]
# Axes of `[B, H, W, C]` that are turned round, one picture more for each.
FLIPS: dict[str, tuple[tuple[int, ...], ...]] = {
    "none": ((),),
    "horizontal": ((), (2,)),
    "both": ((), (2,), (1,), (1, 2)),
}
# A picture of so many pixels needs about 2 GB at 16 base filters.
_MOST_PIXELS_WHOLE = 1 << 21
_TILE = 768
# Tiles are blended over so many pixels beside their cores.
_RAMP = 32
_EXPORT = "name the folder that export_unet.py wrote"


class Predictor:
    """Gives each pixel's probabilities and class.

    Args:
      function: From float32 `[B, h, w, 3]` in [0, 1] to probabilities, float32 `[B, h, w, C]`.
      multiple: Of how many pixels the sides of tiles, and their places, are multiples: 2^levels of the network.
      context: How far around a pixel, in pixels, the network looks.
      tile_size: Pictures with a longer side go in tiles of this side; 0 for as large as memory is sure to allow.
      overlap: How many pixels around a tile the network sees with it; None for `context`, with which tiles give what
        the whole gives.
      flips: The mean over the picture and its mirror images is taken.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        multiple: int,
        context: int,
        *,
        tile_size: int = 0,
        overlap: int | None = None,
        flips: Flips = "none",
    ) -> None:
        self._function = function
        self._whole_up_to = tile_size
        self._side = _rounded(tile_size or _TILE, multiple)
        self._overlap = _rounded((context if overlap is None else overlap) + _RAMP, multiple)
        self._flips = flips
        self.owner: object = None

    @classmethod
    def of_model(cls, model: UNet, **options: Any) -> "Predictor":
        """Of a model in memory; changes of its weights show."""

        @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
        def probabilities(pictures: Any) -> Any:
            return tf.nn.softmax(model(pictures, training=False))

        return cls(probabilities, model.multiple, model.context, **options)

    def probabilities(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities, float32 `[B, H, W, C]`, of pictures of one size, uint8 `[B, H, W, 3]`."""
        height, width = pictures.shape[1:3]
        if not self._goes_in_tiles(height, width):
            return self._flipped(pictures)
        return np.stack([self._tiled(picture) for picture in pictures])

    def classes(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The most probable class of each pixel, uint8 `[H, W]`, of one picture, uint8 `[H, W, 3]`."""
        return np.argmax(self.probabilities(picture[np.newaxis])[0], axis=-1).astype(np.uint8)

    def _goes_in_tiles(self, height: int, width: int) -> bool:
        if self._whole_up_to:
            return max(height, width) > self._whole_up_to
        return height * width > _MOST_PIXELS_WHOLE

    def _tiled(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = picture.shape[:2]

        def predictions() -> Iterator[tuple[Tile, NDArray[np.float32]]]:
            for tile in tiles_of(height, width, self._side, self._overlap):
                part = picture[slice(*tile.rows), slice(*tile.columns)]
                yield tile, self._flipped(part[np.newaxis])[0]

        return blended(predictions(), height, width, _RAMP)

    def _flipped(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        inputs = pictures.astype(np.float32) / 255.0
        ways = FLIPS[self._flips]
        total = sum(np.flip(self._function(np.flip(inputs, axes)).numpy(), axes) for axes in ways)
        return np.asarray(total / len(ways), np.float32)


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
) -> tuple[Predictor, ClassTable]:
    """A predictor over a run's checkpoint or, where that is None, over an exported SavedModel; and its classes.

    `options` are those of Predictor. Raises CheckpointError where the model is not there.
    """
    if run is not None:
        model, settings, _ = load_model(run, which)
        return Predictor.of_model(model, **options), settings.classes
    assert saved_model_dir is not None
    path = find_saved_model(saved_model_dir)
    table, multiple, context = _about(path)
    loaded, signature = load_saved_model(path)
    if "images" not in signature.structured_input_signature[1] or "probabilities" not in signature.structured_outputs:
        raise CheckpointError("the exported model is no U-Net of this project", path, _EXPORT)

    def probabilities(pictures: NDArray[np.float32]) -> Any:
        result: Any = signature(images=tf.constant(np.rint(255.0 * pictures).astype(np.uint8)))["probabilities"]
        return result

    predictor = Predictor(probabilities, multiple, context, **options)
    predictor.owner = loaded  # of the variables that the signature uses
    return predictor, table


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


def _rounded(pixels: int, multiple: int) -> int:
    return -(-pixels // multiple) * multiple
