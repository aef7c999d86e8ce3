from itertools import product

import numpy as np
import pytest
import tensorflow as tf

from tfod.boxes import nms as nms_module
from tfod.boxes.nms import MulticlassNMS, Selection, nms_from_config
from tfod.errors import ConfigError
from tfod.protos import post_processing_pb2

WINDOW = tf.constant([0.0, 0.0, 1.0, 1.0])


def reference(boxes: np.ndarray, scores: np.ndarray, settings: MulticlassNMS) -> list[tuple[int, int]]:
    """Greedy suppression written out: (class, row) of what is kept in the unit window, best first."""
    kept: list[tuple[float, int, int]] = []
    for label in range(scores.shape[1]):
        chosen: list[int] = []
        for row in np.argsort(-scores[:, label], kind="stable"):
            if scores[row, label] <= settings.score_threshold or len(chosen) == settings.max_per_class:
                break
            if all(_iou(boxes[row], boxes[other]) <= settings.iou_threshold for other in chosen):
                chosen.append(int(row))
        kept += [(-scores[row, label], label, row) for row in chosen]
    kept.sort(key=lambda item: item[:2])
    clipped = np.clip(boxes, 0, 1)
    inside = (clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1])
    return [(label, row) for _, label, row in kept if inside[row]][: settings.max_total]


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
    ("anchors", "classes", "prefixes"), list(product([1, 60, 900], [1, 5], [(8,), (8, 40), (400, 1200), ()]))
)
def test_every_way_gives_what_suppression_written_out_gives(
    anchors: int, classes: int, prefixes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nms_module, "_PREFIXES", prefixes)
    settings = MulticlassNMS(score_threshold=0.01, iou_threshold=0.4, max_per_class=7, max_total=20)
    boxes, scores = random_scene(anchors, classes, seed=anchors)
    selection = settings(tf.constant(boxes), tf.constant(scores), WINDOW)
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


def test_impossible_settings_are_errors() -> None:
    config = post_processing_pb2.BatchNonMaxSuppression(max_detections_per_class=50, max_total_detections=20)
    with pytest.raises(ConfigError, match="50 is above max_total_detections 20"):
        nms_from_config(config)
