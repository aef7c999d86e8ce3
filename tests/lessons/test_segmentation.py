"""Kinds of segmentation, IoU and Dice in pixels, and what a U-Net sees."""

import numpy as np
import pytest
import tensorflow as tf

from tfod.lessons.segmentation import dice, instance, mask_iou, panoptic, semantic, unet_levels
from tfod.lessons.segmentation_images import draw_kinds, draw_mask_overlap, draw_unet, guess_mask
from tfod.lessons.subject import draw_subject
from tfod.segmentation.metrics import confusion_matrix, scores_of
from tfod.segmentation.unet import ModelSettings, build_unet


def masks() -> np.ndarray:
    result = np.zeros((3, 6, 8), bool)
    result[0, 1:4, 1:4] = result[1, 2:5, 3:6] = result[2, 0:2, 6:8] = True
    return result


def test_semantic_does_not_count_instance_does_not_name_panoptic_does_both() -> None:
    classes = [2, 2, 7]
    assert np.unique(semantic(masks(), classes)).tolist() == [0, 2, 7]
    assert np.unique(instance(masks())).tolist() == [0, 1, 2, 3]
    answer = panoptic(masks(), classes)
    assert {tuple(one) for one in answer.reshape(-1, 2).tolist()} == {(0, 0), (2, 1), (2, 2), (7, 3)}
    assert answer[2, 3].tolist() == [2, 2], "the later object lies in front"


def test_iou_and_dice_are_those_of_the_unets_evaluation() -> None:
    rng = np.random.default_rng(0)
    truth, prediction = rng.random((2, 30, 40)) < 0.4
    scores = scores_of(confusion_matrix(truth.astype(int), prediction.astype(int), 2))
    assert mask_iou(truth, prediction) == pytest.approx(scores.iou[1])
    assert dice(truth, prediction) == pytest.approx(scores.dice[1])
    assert dice(truth, prediction) == pytest.approx(2 * scores.iou[1] / (1 + scores.iou[1]))
    empty = np.zeros((3, 3), bool)
    assert mask_iou(empty, empty) == dice(empty, empty) == 1


@pytest.mark.parametrize("levels", [2, 3])
def test_what_a_level_sees_is_what_moves_the_output_of_the_unet(levels: int) -> None:
    """A pixel of the output depends on those pixels of the input of which its gradient is not zero."""
    side, middle = 64, 32
    seen = []
    # What pooling passes on depends on the image, and where cells lie on the pixel.
    for seed in range(6):
        tf.random.set_seed(seed)
        model = build_unet(ModelSettings(2, base_filters=8, depth=levels - 1, norm="none"))
        image = tf.random.uniform([1, side, side, 3])
        with tf.GradientTape() as tape:
            tape.watch(image)
            value = model(image, training=False)[0, middle + seed, middle + seed, 0]
        moved = np.flatnonzero(np.abs(tape.gradient(value, image).numpy()).sum(axis=(0, 1, 3)))
        seen.append(np.ptp(moved) + 1 if len(moved) else 0)
    expected = unet_levels(levels, side)[0].seen_up
    assert expected - 2**levels <= max(seen) <= expected


def test_features_halve_and_what_is_seen_more_than_doubles() -> None:
    facts = unet_levels(5, 256)
    assert [level.side for level in facts] == [256, 128, 64, 32, 16]
    assert [level.seen_down for level in facts] == [5, 14, 32, 68, 140]
    assert facts[-1].seen_up == facts[-1].seen_down and facts[0].seen_up == 200


def test_the_drawings_are_as_wide_as_every_image_of_the_lessons() -> None:
    subject = draw_subject(0)
    truth = max(subject.masks, key=np.count_nonzero)
    assert 0.4 < mask_iou(truth, guess_mask(truth)) < 0.95
    for image in (draw_kinds(subject), draw_mask_overlap(truth, guess_mask(truth)), draw_unet(subject, 5, 256)):
        assert image.shape[1:] == (800, 3) and image.dtype == np.uint8


def test_a_mask_of_a_pixel_can_be_drawn() -> None:
    truth = np.zeros((50, 50), bool)
    truth[20, 20] = True
    assert draw_mask_overlap(truth, guess_mask(truth)).shape[1] == 800
