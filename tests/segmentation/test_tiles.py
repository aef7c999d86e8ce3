"""Tiles: they cover every pixel, begin where the network halves, and blend to what the whole gives."""

import numpy as np
import pytest

from tfod.errors import ConfigError
from tfod.segmentation.predictor import Predictor
from tfod.segmentation.tiles import blended, tiles_of


@pytest.mark.parametrize("size", [(64, 64), (65, 200), (500, 130)])
def test_tiles_cover_the_picture_and_begin_at_multiples(size: tuple[int, int]) -> None:
    covered = np.zeros(size, int)
    for tile in tiles_of(*size, side=64, overlap=16, multiple=16):
        assert tile.top % 16 == tile.left % 16 == 0
        covered[tile.top : tile.top + 64, tile.left : tile.left + 64] += 1
    assert covered.min() >= 1


def test_blending_tiles_of_a_picture_gives_the_picture() -> None:
    picture = np.random.default_rng(0).random((150, 90, 2)).astype(np.float32)
    padded = np.pad(picture, [(0, 64), (0, 64), (0, 0)])
    tiles = tiles_of(150, 90, side=64, overlap=32, multiple=16)
    parts = ((t, padded[t.top : t.top + t.side, t.left : t.left + t.side]) for t in tiles)
    np.testing.assert_allclose(blended(parts, 150, 90, overlap=32), picture, atol=1e-6)


def _predictor(**options: object) -> Predictor:
    def by_pixel(pictures: np.ndarray) -> object:
        class _Tensor:
            def numpy(self) -> np.ndarray:
                return np.stack([pictures[..., 0], 1 - pictures[..., 0]], axis=-1)

        return _Tensor()

    return Predictor(by_pixel, 16, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"tile_size": 64}, {"flips": "horizontal"}, {"flips": "both", "tile_size": 48}])
def test_tiles_and_flips_of_a_function_of_pixels_change_nothing(options: dict[str, object]) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (1, 100, 150, 3), np.uint8)
    expected = _predictor().probabilities(pictures)
    np.testing.assert_allclose(_predictor(**options).probabilities(pictures), expected, atol=1e-6)


def test_tiles_that_overlap_too_far_are_refused() -> None:
    with pytest.raises(ConfigError, match="cannot overlap"):
        _predictor(tile_size=64, overlap=64)
