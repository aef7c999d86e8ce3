"""Tiles: they cover every pixel, begin where the network halves, and blend to what the whole gives."""

import numpy as np
import pytest

from tfod.inference.pixel_predictor import PixelPredictor
from tfod.inference.tiles import blended, tiles_of
from tfod.segmentation.predictor import predictor_of
from tfod.segmentation.unet import ModelSettings, build_unet


@pytest.mark.parametrize("size", [(64, 64), (65, 200), (500, 130)])
def test_cores_divide_the_picture_and_tiles_begin_at_multiples(size: tuple[int, int]) -> None:
    covered = np.zeros(size, int)
    for tile in tiles_of(*size, side=64, context=16):
        assert tile.rows[0] % 16 == tile.columns[0] % 16 == 0
        assert tile.rows[0] == max(tile.core_rows[0] - 16, 0) and tile.rows[1] == min(tile.core_rows[1] + 16, size[0])
        covered[slice(*tile.core_rows), slice(*tile.core_columns)] += 1
    assert (covered == 1).all()


def test_blending_tiles_of_a_picture_gives_the_picture() -> None:
    picture = np.random.default_rng(0).random((150, 90, 2)).astype(np.float32)
    parts = ((t, picture[slice(*t.rows), slice(*t.columns)]) for t in tiles_of(150, 90, side=64, context=32))
    np.testing.assert_allclose(blended(parts, 150, 90, ramp=24), picture, atol=1e-6)


def test_a_network_looks_no_further_than_it_says_so_that_tiles_give_what_the_whole_gives() -> None:
    model = build_unet(ModelSettings(3, base_filters=4, depth=2, up="resize"))
    picture = np.random.default_rng(2).integers(0, 256, (1, 141, 150, 3), np.uint8)
    whole = predictor_of(model).probabilities(picture)
    np.testing.assert_allclose(predictor_of(model, tile_size=40).probabilities(picture), whole, atol=1e-5)
    near = predictor_of(model, tile_size=40, overlap=0).probabilities(picture)
    assert np.abs(near - whole).max() > 1e-4, "or the test says nothing"


def _predictor(**options: object) -> PixelPredictor:
    def by_pixel(images: np.ndarray) -> np.ndarray:
        return np.stack([images[..., 0], 1 - images[..., 0]], axis=-1)

    return PixelPredictor(by_pixel, 16, 0, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"tile_size": 64}, {"flips": "horizontal"}, {"flips": "both", "tile_size": 48}])
def test_tiles_and_flips_of_a_function_of_pixels_change_nothing(options: dict[str, object]) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (1, 100, 150, 3), np.uint8)
    expected = _predictor().probabilities(pictures)
    np.testing.assert_allclose(_predictor(**options).probabilities(pictures), expected, atol=1e-6)
