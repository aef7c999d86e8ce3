"""Batches of crops: what they show, in which order, and that picture and mask move alike."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.segmentation.array_pairs import ArrayPairs, coordinate_pair, plain_pairs
from tests.segmentation.drawn_masks import photo, road, save
from tfod.augment.batch_draws import Draw, random_numbers
from tfod.augment.batch_warp import Pixels
from tfod.errors import ConfigError
from tfod.segmentation.augment import PRESETS, Augmentation, augment_batch, read_augmentation
from tfod.segmentation.classes import VOID
from tfod.segmentation.dataset import training_dataset
from tfod.segmentation.pairs import Pair
from tfod.segmentation.sources import FilePairs
from tfod.segmentation.survey import survey_masks

OFF = PRESETS["off"]


def _batches(source: ArrayPairs, count: int, **given: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    options = {"crop_size": (8, 8), "batch_size": 2, "augmentation": OFF, "seed": 3, "deterministic": True, **given}
    return list(training_dataset(source, **options).take(count).as_numpy_iterator())


def test_every_pair_comes_once_an_epoch_in_a_new_order() -> None:
    shown = np.concatenate([masks[:, 0, 0] for _, masks in _batches(plain_pairs(5), 10)])
    epochs = shown.reshape(4, 5)
    assert (np.sort(epochs) == np.arange(5)).all()
    assert len({tuple(epoch) for epoch in epochs.tolist()}) > 1


def test_pictures_are_shares_of_the_range_and_masks_are_ids() -> None:
    pictures, masks = _batches(plain_pairs(1), 1)[0]
    assert (pictures.dtype, pictures.shape, masks.dtype, masks.shape) == (np.float32, (2, 8, 8, 3), np.int32, (2, 8, 8))
    np.testing.assert_allclose(pictures, 1 / 255)


def test_a_batch_depends_on_seed_and_number_alone() -> None:
    source = ArrayPairs([coordinate_pair()] * 3)
    given = {"crop_size": (32, 48), "augmentation": PRESETS["strong"]}
    all_of_them = _batches(source, 4, **given)
    for later, again in zip(all_of_them[2:], _batches(source, 2, first_batch=2, **given), strict=True):
        for one, other in zip(later, again, strict=True):
            np.testing.assert_array_equal(one, other)
    assert not np.array_equal(all_of_them[0][0], _batches(source, 1, **{**given, "seed": 4})[0][0])


def test_pairs_are_decoded_once_if_they_fit_into_memory() -> None:
    source = plain_pairs(3)
    _batches(source, 6)
    assert set(source.reads.values()) == {1}


def test_pairs_that_do_not_fit_into_memory_give_the_same_batches(tmp_path: Path) -> None:
    masks = [save(road(seed=number), tmp_path / "m" / f"{number}.png") for number in range(3)]
    pictures = [save(photo(48, 64, seed=number), tmp_path / f"{number}.{suffix}") for number, suffix in enumerate(
        ("jpg", "png", "tif"))]  # fmt: skip
    pairs = [Pair(str(picture), str(mask), mask.stem) for picture, mask in zip(pictures, masks, strict=True)]
    encoding = survey_masks([pair.mask for pair in pairs]).encoding
    source = FilePairs(pairs, encoding, [(48, 64)] * 3)
    given = {"crop_size": (40, 32), "augmentation": PRESETS["strong"], "balance": 0.5}
    for kept, read in zip(
        _batches(source, 5, **given),
        _batches(source, 5, memory_limit=0, **given),
        strict=True,  # type: ignore[arg-type]
    ):
        for one, other in zip(kept, read, strict=True):
            np.testing.assert_array_equal(one, other)


def test_compiled_crops_are_those_that_are_not_compiled() -> None:
    source = ArrayPairs([coordinate_pair(120, 100)] * 4)
    given = {"crop_size": (128, 160), "batch_size": 4, "augmentation": PRESETS["strong"], "balance": 0.5}
    ((pictures, masks),) = _batches(source, 1, **given)
    ((others, other_masks),) = _batches(source, 1, memory_limit=0, **given)
    np.testing.assert_allclose(pictures, others, atol=1e-3)
    assert (masks == other_masks).mean() > 0.999


def test_crops_lie_inside_of_large_pictures_and_in_the_middle_of_small_ones() -> None:
    picture, mask = coordinate_pair()
    pictures, masks = _batches(ArrayPairs([(picture, mask)]), 20, crop_size=(32, 32))[0]
    for crop, ids in zip(pictures, masks, strict=True):
        top, left = np.rint(crop[0, 0, :2] * 255).astype(int)
        np.testing.assert_array_equal(ids, mask[top : top + 32, left : left + 32])

    pictures, masks = _batches(ArrayPairs([(picture[:4, :6], mask[:4, :6])]), 1, crop_size=(8, 8))[0]
    np.testing.assert_array_equal(masks[0], np.pad(mask[:4, :6], ((2, 2), (1, 1)), constant_values=VOID))
    rows = np.rint(pictures[0, :, 3, 0] * 255).tolist()
    assert rows == [2, 1, 0, 1, 2, 3, 2, 1]  # mirrored at the edges


GEOMETRIC = [
    Augmentation(rotate=30),
    Augmentation(scale=0.5, stretch=0.3, shift=0.2),
    Augmentation(elastic=0.03),
    Augmentation(flip_horizontal=True, flip_vertical=True),
    Augmentation(flip_horizontal=True, flip_vertical=True, rotate=180, geometric=1.0, scale=0.3),
]


@pytest.mark.parametrize("augmentation", GEOMETRIC)
def test_picture_and_mask_move_alike(augmentation: Augmentation) -> None:
    source = ArrayPairs([coordinate_pair()])
    given = {"crop_size": (48, 64), "batch_size": 16, "augmentation": augmentation}
    pictures, masks = _batches(source, 1, **given)[0]
    places = pictures[..., :2] * 255
    expected = places[..., 0] // 24 * 4 + places[..., 1] // 24
    # Between two blocks the interpolated place may be on the other side of the edge.
    clear = (np.abs((places + 12) % 24 - 12) > 1).all(axis=-1) & (masks != VOID)
    assert clear.mean() > 0.4
    assert (masks == expected)[clear].all()
    corners = {tuple(np.rint(picture[0, 0, :2] * 255)) for picture in pictures}
    assert len(corners) > 3


def test_what_leaves_the_picture_is_void() -> None:
    _, masks = _batches(
        ArrayPairs([coordinate_pair()]), 1, crop_size=(96, 96), batch_size=8,
        augmentation=Augmentation(rotate=45, geometric=1.0),
    )[0]  # fmt: skip
    turned = (masks == VOID).mean(axis=(1, 2))
    assert turned.max() > 0.08  # a square turned by 45 degrees covers 2 * (sqrt(2) - 1) = 83 % of itself
    assert turned.max() < 0.18


def test_what_is_not_warped_keeps_its_pixels() -> None:
    picture, mask = coordinate_pair()
    given = replace(PRESETS["strong"], geometric=1e-9, flip_horizontal=False, brightness=0, contrast=0, saturation=0)
    pictures, masks = _batches(
        ArrayPairs([(picture, mask)]), 1, crop_size=(96, 96), augmentation=replace(given, hue=0)
    )[0]
    np.testing.assert_array_equal(masks[0], mask)
    np.testing.assert_allclose(pictures[0] * 255, picture, atol=1e-4)


def _coloured(pictures: np.ndarray, **settings: float) -> np.ndarray:
    """uint8 `[B, 4, 4, 3]` with their colours changed."""
    masks = np.full((*pictures.shape[:3], 1), 9, np.uint8)
    values = np.concatenate([pictures, masks], axis=-1).view(np.int32).ravel()
    count = len(pictures)
    sizes = tf.constant([[4, 4]] * count)
    pixels = Pixels(tf.constant(values), tf.range(count, dtype=tf.int64) * 16, sizes)
    draw = Draw(random_numbers(tf.constant([1, 2], tf.int64), count))
    changed, ids = augment_batch(pixels, 0 * sizes, replace(OFF, **settings), (4, 4), draw)
    assert (ids.numpy() == 9).all()
    return changed.numpy()


def test_colours_change_within_their_ranges_and_grey_stays_grey() -> None:
    grey = np.full((64, 4, 4, 3), 100, np.uint8)
    values = _coloured(grey, brightness=0.1, contrast=0.5, saturation=0.5, hue=0.2)
    np.testing.assert_allclose(values, values[..., :1].repeat(3, axis=-1), atol=1e-5)
    assert np.abs(values - 100 / 255).max() == pytest.approx(0.1, abs=0.02)

    grey[:, :2] = 160
    spread = np.ptp(_coloured(grey, contrast=0.5), axis=(1, 2))
    assert spread.min() >= 60 / 255 / 1.5 - 1e-5 and spread.max() <= 60 / 255 * 1.5 + 1e-5
    assert np.ptp(spread) > 0.1


def test_balanced_crops_show_rare_classes_often() -> None:
    picture, mask = coordinate_pair()
    mask = np.where((mask == 5) & (np.indices(mask.shape).sum(axis=0) % 16 == 0), 1, 0).astype(np.uint8)
    shares = []
    for balance in (0.0, 1.0):
        batches = _batches(ArrayPairs([(picture, mask)]), 20, crop_size=(16, 16), batch_size=4, balance=balance)
        shares.append(np.mean([(masks == 1).any(axis=(1, 2)).mean() for _, masks in batches]))
    # A crop of 16 meets the block of 24 in 40 of 81 places a side: every fourth; half are laid about it if balanced.
    assert shares[0] < 0.4 and shares[1] > 0.5

    void = np.full_like(mask, VOID)
    assert _batches(ArrayPairs([(picture, void)]), 1, crop_size=(16, 16), balance=1.0)[0][1].min() == VOID


def test_settings_as_text() -> None:
    assert read_augmentation("strong") == PRESETS["strong"]
    assert read_augmentation("light, flip_vertical=true, hue=0").flip_vertical
    for text, what in (
        ("weak", "no augmentation 'weak'"), ("off,turn=3", "no setting 'turn'"), ("rotate=-1", "rotate is '-1'"),
        ("flip_vertical=2", "flip_vertical is '2'"), ("scale=nan", "scale is 'nan'"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=what):
            read_augmentation(text)
