"""A model of pixels on images of any size: whole or in tiles, with or without flips.

Letters: `B` images, `H W` pixels, `h w` those of a tile, `C` classes.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tfod.inference.tiles import Tile, blended, tiles_of

__all__ = ["FLIPS", "Flips", "PixelPredictor"]

Flips = Literal["none", "horizontal", "both"]
# Axes of `[B, H, W, C]` that are turned round, one image more for each.
FLIPS: dict[str, tuple[tuple[int, ...], ...]] = {
    "none": ((),),
    "horizontal": ((), (2,)),
    "both": ((), (2,), (1,), (1, 2)),
}
# An image of so many pixels needs about 2 GB at 16 base filters.
_MOST_PIXELS_WHOLE = 1 << 21
_TILE = 768
# Tiles are blended over so many pixels beside their cores.
_RAMP = 32


class PixelPredictor:
    """Gives each pixel's probabilities and class.

    Args:
      function: From float32 `[B, h, w, 3]` in [0, 1] to probabilities, float32 `[B, h, w, C]`.
      multiple: Of how many pixels the sides of tiles, and their places, are multiples: 2^levels of the network.
      context: How far around a pixel, in pixels, the network looks.
      tile_size: Images with a longer side go in tiles of this side; 0 for as large as memory is sure to allow.
      overlap: How many pixels around a tile the network sees with it; None for `context`, with which tiles give what
        the whole gives.
      flips: The mean over the image and its mirror images is taken.
    """

    def __init__(
        self,
        function: Callable[[NDArray[np.float32]], NDArray[np.float32]],
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

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities, float32 `[B, H, W, C]`, of images of one size, uint8 `[B, H, W, 3]`."""
        height, width = images.shape[1:3]
        if not self._goes_in_tiles(height, width):
            return self._flipped(images)
        return np.stack([self._tiled(image) for image in images])

    def classes(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The most probable class of each pixel, uint8 `[H, W]`, of one image, uint8 `[H, W, 3]`."""
        return np.argmax(self.probabilities(image[np.newaxis])[0], axis=-1).astype(np.uint8)

    def _goes_in_tiles(self, height: int, width: int) -> bool:
        if self._whole_up_to:
            return max(height, width) > self._whole_up_to
        return height * width > _MOST_PIXELS_WHOLE

    def _tiled(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = image.shape[:2]

        def predictions() -> Iterator[tuple[Tile, NDArray[np.float32]]]:
            for tile in tiles_of(height, width, self._side, self._overlap):
                part = image[slice(*tile.rows), slice(*tile.columns)]
                yield tile, self._flipped(part[np.newaxis])[0]

        return blended(predictions(), height, width, _RAMP)

    def _flipped(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        inputs = images.astype(np.float32) / 255.0
        ways = FLIPS[self._flips]
        total = sum(np.flip(self._function(np.flip(inputs, axes)), axes) for axes in ways)
        return np.asarray(total / len(ways), np.float32)


def _rounded(pixels: int, multiple: int) -> int:
    return -(-pixels // multiple) * multiple
