"""Images brought to a TFLite detector's input without TensorFlow, as its exporter wrote down in the file.

Letters: `H W` size before, `h w` size after.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError
from tfod.inference.sampling import mixed

__all__ = ["PREPARATION", "Preparation", "grey"]

PREPARATION = "preparation.json"
"""The file within a TFLite file that holds this."""

_GREY = np.array([0.2989, 0.5870, 0.1140], np.float32)


@dataclass(frozen=True)
class Preparation:
    """How images become a model's input.

    Attributes:
      means, deviations: Of each channel; (pixel - mean) / deviation is what the model takes, for pixels 0..255.
      padding: Of each channel, what is put at the bottom and on the right, as the model takes it.
      shorter_side: Pixels that it gets where proportions are kept, unless the longer side would not fit the input;
        None where images are stretched.
      method: `bilinear` or `nearest`, sampled as TensorFlow 1 did, see `tfod.augment.resize`.
      align_corners: Whether the corners of image and input are the same points.
    """

    means: tuple[float, ...] = (127.5,)
    deviations: tuple[float, ...] = (127.5,)
    padding: tuple[float, ...] = (0.0,)
    shorter_side: int | None = None
    method: str = "bilinear"
    align_corners: bool = False

    @classmethod
    def from_json(cls, text: str) -> "Preparation":
        """What `to_json` wrote; ValueError or TypeError where that is damaged."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """As text."""
        return json.dumps(asdict(self))

    def __call__(
        self, image: NDArray[np.uint8], height: int, width: int
    ) -> tuple[NDArray[np.float32], tuple[int, int]]:
        """The input, float32 `[h, w, 3]`, and its height and width without padding, of an image uint8 `[H, W, 3]`.

        Raises:
          DataError: The image is so narrow that nothing of it is left.
        """
        size = self._size(image.shape[0], image.shape[1], height, width)
        if 0 in size:
            given = f"an image of {image.shape[0]} x {image.shape[1]}"
            what = f"the model cannot compute with {given}: fitted into {height} x {width} pixels, none of it is left"
            raise DataError(what, "the images", "leave out images that are so narrow")
        prepared = self._resized(image, size)
        # One number for all channels is several times as fast as three.
        means, deviations = (
            np.array(values if len(set(values)) > 1 else values[0], np.float32)
            for values in (self.means, self.deviations)
        )
        if means.any():
            prepared -= means
        if (deviations != 1).any():
            prepared /= deviations
        if size == (height, width):
            return prepared, size
        padded = np.empty([height, width, 3], np.float32)
        padded[:] = np.array(self.padding, np.float32)
        padded[: size[0], : size[1]] = prepared
        return padded, size

    def _size(self, before_height: int, before_width: int, height: int, width: int) -> tuple[int, int]:
        if self.shorter_side is None:
            return height, width
        sides = np.array([before_height, before_width], np.float32)
        scale = min(np.float32(self.shorter_side) / sides.min(), np.float32(max(height, width)) / sides.max())
        fitted = np.rint(scale * sides).astype(int)
        return int(fitted[0]), int(fitted[1])

    def _resized(self, image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
        resized: NDArray[Any] = image
        # First the side of which less is kept: the other has fewer pixels then.
        for axis in sorted((0, 1), key=lambda axis: size[axis] / image.shape[axis]):
            resized = _sampled(resized, axis, size[axis], self.method, self.align_corners)
        return resized.astype(np.float32, copy=False)


def grey(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Brightness as the eye weighs colours (ITU-R 601): float32 `[h, w, 3]` to `[h, w, 1]`."""
    return (image * _GREY).sum(axis=-1, keepdims=True)


def _sampled(image: NDArray[Any], axis: int, after: int, method: str, align_corners: bool) -> NDArray[Any]:
    before = image.shape[axis]
    if align_corners and after > 1:
        places = np.arange(after, dtype=np.float32) * np.float32((before - 1) / (after - 1))
    else:
        places = np.arange(after, dtype=np.float32) * np.float32(before / after)
    if method == "nearest":
        rows = np.rint(places) if align_corners else np.floor(places)
        return np.take(image, np.minimum(rows.astype(int), before - 1), axis)
    return mixed(image, places, axis)
