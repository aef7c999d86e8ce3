from itertools import product

import numpy as np
import pytest
import tensorflow as tf

from tfod.boxes.nms import MulticlassNMS, Selection

WINDOW = tf.constant([0.0, 0.0, 1.0, 1.0])


def reference(boxes: np.ndarray, scores: np.ndarray, settings: MulticlassNMS) -> list[tuple[int, int]]:
    """Greedy suppression written out: (class, row) of what is kept in the unit window, best first.

    Boxes `[A, 4]`, or `[A, C, 4]` with one for each class.
    """
    kept: list[tuple[float, int, int]] = []
    per_class = boxes if boxes.ndim == 3 else np.repeat(boxes[:, np.newaxis], scores.shape[1], axis=1)
    for label in range(scores.shape[1]):
        boxes = per_class[:, label]
        chosen: list[int] = []
        for row in np.argsort(-scores[:, label], kind="stable"):
            if scores[row, label] <= settings.score_threshold or len(chosen) == settings.max_per_class:
                break
            if all(_iou(boxes[row], boxes[other]) <= settings.iou_threshold for other in chosen):
                chosen.append(int(row))
        kept += [(-scores[row, label], label, row) for row in chosen]
    kept.sort(key=lambda item: item[:2])
    clipped = np.clip(per_class, 0, 1)
    inside = (clipped[..., 2] > clipped[..., 0]) & (clipped[..., 3] > clipped[..., 1])
    return [(label, row) for _, label, row in kept if inside[row, label]][: settings.max_total]


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    height, width = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    common = max(height, 0) * max(width, 0)
    area = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common
    return common / area if area > 0 else 0.0


def random_scene(anchors: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(-0.3, 1.0, (anchors, 2)), rng.uniform(0.02, 0.5, (anchors, 2))
    # Rounded scores tie now and then.
    scores = np.round(rng.uniform(size=(anchors, classes)) ** 4, 3)
    return np.concatenate([corner, corner + size], axis=1).astype(np.float32), scores.astype(np.float32)


def pairs(selection: Selection) -> list[tuple[int, int]]:
    count = int(selection.count)
    return list(zip(selection.classes[:count].numpy(), selection.indices[:count].numpy(), strict=True))


@pytest.mark.parametrize(
    ("anchors", "classes", "candidates"), list(product([1, 60, 900], [1, 5], [(8,), (8, 40), (400, 1200), ()]))
)
def test_every_way_gives_what_suppression_written_out_gives(
    anchors: int, classes: int, candidates: tuple[int, ...]
) -> None:
    settings = MulticlassNMS(0.01, 0.4, max_per_class=7, max_total=20, candidates=candidates)
    boxes, scores = random_scene(anchors, classes, seed=anchors)
    selection = settings(tf.constant(boxes), tf.constant(scores), WINDOW)
    assert pairs(selection) == reference(boxes, scores, settings)


def random_boxes_of_classes(anchors: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes `[A, C, 4]`, those of a row near each other, and scores `[A, C]`."""
    boxes, scores = random_scene(anchors, classes, seed)
    shift = np.random.default_rng(seed + 1).uniform(-0.1, 0.1, (anchors, classes, 1)).astype(np.float32)
    return boxes[:, np.newaxis] + shift, scores


@pytest.mark.parametrize(
    ("anchors", "classes", "candidates"), list(product([1, 60, 900], [1, 5], [(8, 40), (400, 1200), ()]))
)
def test_every_way_with_a_box_for_each_class(anchors: int, classes: int, candidates: tuple[int, ...]) -> None:
    settings = MulticlassNMS(
        0.01, 0.4, max_per_class=7, max_total=20, change_coordinate_frame=False, candidates=candidates
    )
    boxes, scores = random_boxes_of_classes(anchors, classes, seed=anchors)
    selection = settings(tf.constant(boxes), tf.constant(scores), WINDOW)
    expected = reference(boxes, scores, settings)
    assert pairs(selection) == expected
    for number, (label, row) in enumerate(expected):
        np.testing.assert_array_equal(selection.boxes[number], np.clip(boxes[row, label], 0, 1))
        assert selection.scores[number] == scores[row, label]


@pytest.mark.parametrize("candidates", [(400, 1200), ()])
def test_the_same_box_for_each_class_is_one_for_all(candidates: tuple[int, ...]) -> None:
    boxes, scores = random_scene(500, 4, seed=3)
    window = tf.constant([0.1, 0.0, 0.8, 0.9])
    for agnostic in (False, True):
        settings = MulticlassNMS(0.01, 0.5, class_agnostic=agnostic, candidates=candidates)
        shared = settings(tf.constant(boxes), tf.constant(scores), window)
        each = settings(tf.repeat(tf.constant(boxes)[:, tf.newaxis], 4, axis=1), tf.constant(scores), window)
        for one, other in zip(shared, each, strict=True):
            np.testing.assert_array_equal(one, other)


def test_boxes_of_classes_by_hand() -> None:
    # Both rows have one place for class 0, and places apart for class 1.
    here, there = [0.0, 0.0, 0.4, 0.4], [0.6, 0.6, 1.0, 1.0]
    boxes = tf.constant([[here, here], [here, there]])
    scores = tf.constant([[0.9, 0.5], [0.8, 0.7]])
    selection = MulticlassNMS(iou_threshold=0.5)(boxes, scores, WINDOW)
    assert pairs(selection) == [(0, 0), (1, 1), (1, 0)]
    assert selection.boxes[1].numpy().tolist() == pytest.approx(there)
    # One box a row, that of its best class: row 1 counts for class 0, whose box is that of row 0.
    agnostic = MulticlassNMS(iou_threshold=0.5, class_agnostic=True)
    assert pairs(agnostic(boxes, scores, WINDOW)) == [(0, 0)]
    swapped = agnostic(boxes, tf.constant([[0.9, 0.5], [0.7, 0.8]]), WINDOW)
    assert pairs(swapped) == [(0, 0), (1, 1)]
    assert swapped.boxes[1].numpy().tolist() == pytest.approx(there)


def test_soft_suppression_of_boxes_of_classes() -> None:
    whole, half = [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.5, 1.0]
    settings = MulticlassNMS(iou_threshold=1.0, soft_nms_sigma=0.5)
    selection = settings(tf.constant([[whole, whole], [half, whole]]), tf.constant([[0.9, 0.0], [0.8, 0.3]]), WINDOW)
    assert pairs(selection) == [(0, 0), (0, 1), (1, 1)]
    assert selection.scores[:3].numpy() == pytest.approx([0.9, 0.8 * np.exp(-0.25), 0.3], rel=1e-3)


def test_boxes_of_other_classes_than_the_scores_are_an_error() -> None:
    with pytest.raises(ValueError, match="boxes of 2 classes, but scores of 3"):
        MulticlassNMS()(tf.zeros([4, 2, 4]), tf.zeros([4, 3]), WINDOW)


def test_boxes_of_classes_in_a_graph_that_knows_no_number_of_rows() -> None:
    boxes, scores = random_boxes_of_classes(50, 3, seed=7)
    settings = MulticlassNMS(0.01, 0.4, max_per_class=7, max_total=20)
    signature = [tf.TensorSpec([None, 3, 4]), tf.TensorSpec([None, 3])]
    selection = tf.function(lambda *given: settings(*given, WINDOW), signature, autograph=False)(boxes, scores)
    assert pairs(selection) == reference(boxes, scores, settings)


def test_padding_is_zero_and_shapes_are_fixed() -> None:
    settings = MulticlassNMS(max_per_class=5, max_total=5)
    selection = settings(tf.constant([[0.0, 0.0, 0.5, 0.5]]), tf.constant([[0.9, 0.2]]), WINDOW)
    assert int(selection.count) == 2
    assert selection.scores.numpy() == pytest.approx([0.9, 0.2, 0, 0, 0])
    assert selection.boxes.shape == (5, 4)
    assert not selection.boxes[2:].numpy().any()


def test_boxes_are_relative_to_the_window_and_vanish_outside() -> None:
    boxes = tf.constant([[0.0, 0.0, 0.25, 0.25], [0.6, 0.6, 0.9, 0.9]])
    selection = MulticlassNMS(max_total=3, max_per_class=3)(
        boxes, tf.constant([[0.5], [0.9]]), tf.constant([0.0, 0.0, 0.5, 0.5])
    )
    assert int(selection.count) == 1
    assert selection.boxes[0].numpy().tolist() == [0, 0, 0.5, 0.5]


def test_suppression_looks_at_boxes_before_they_are_clipped() -> None:
    # Clipped, both are the same box; unclipped, their IoU is 1/3.
    boxes = tf.constant([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 3.0, 1.0]])
    selection = MulticlassNMS(iou_threshold=0.5)(boxes, tf.constant([[0.9], [0.8]]), WINDOW)
    assert int(selection.count) == 2


def test_class_agnostic_keeps_one_box_for_its_best_class() -> None:
    boxes = tf.constant([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.9, 1.0]])
    scores = tf.constant([[0.2, 0.6], [0.5, 0.1]])
    selection = MulticlassNMS(class_agnostic=True, iou_threshold=0.5)(boxes, scores, WINDOW)
    assert pairs(selection) == [(1, 0)]


def test_soft_suppression_lowers_scores_instead() -> None:
    boxes = tf.constant([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.5, 1.0]])
    settings = MulticlassNMS(iou_threshold=1.0, soft_nms_sigma=0.5)
    selection = settings(boxes, tf.constant([[0.9], [0.8]]), WINDOW)
    # The overlap of one half: 0.8 · exp(−0.5² / 2 / 0.5) by TensorFlow's kernel, which halves sigma's share.
    assert selection.scores[:2].numpy() == pytest.approx([0.9, 0.8 * np.exp(-0.25)], rel=1e-3)
