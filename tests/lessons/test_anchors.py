"""The anchors of a config on an image: the same, matched the same, as in training."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfod import names
from tfod.boxes.matching import BACKGROUND, IGNORED
from tfod.config.pipeline import PipelineConfig, read_pipeline_config
from tfod.errors import ConfigError
from tfod.lessons.anchor_images import draw_level
from tfod.lessons.anchors import matches_of_objects
from tfod.lessons.from_config import SeenByNetwork, see_as_network
from tfod.lessons.subject import Subject, draw_subject
from tfod.models.build import build_model

CONFIG = Path(__file__).resolve().parents[2] / "workspace" / "configs" / "demo.config"


@pytest.fixture(scope="module")
def subject() -> Subject:
    return draw_subject(0)


@pytest.fixture(scope="module")
def config() -> PipelineConfig:
    return read_pipeline_config(CONFIG)


@pytest.fixture(scope="module")
def seen(config: PipelineConfig, subject: Subject) -> SeenByNetwork:
    return see_as_network(config, "demo.config", subject.image, subject.boxes)


def test_anchors_and_matches_are_those_that_training_has(
    config: PipelineConfig, subject: Subject, seen: SeenByNetwork
) -> None:
    model = build_model(config.model)
    inputs, true_shapes = model.preprocess(tf.constant(subject.image[np.newaxis]))
    prediction = model.predict(inputs, true_shapes, training=False)
    height, width = inputs.shape[1:3]
    ours = np.concatenate([level.anchors for level in seen.levels]) / [height, width, height, width]
    np.testing.assert_allclose(ours, prediction[names.ANCHORS].numpy(), atol=1e-6)

    boxes = tf.constant(seen.boxes / [height, width, height, width], tf.float32)[tf.newaxis]
    classes = tf.one_hot(tf.zeros([1, len(seen.boxes)], tf.int32), model.num_classes)
    targets = model._loss.assign_targets(prediction[names.ANCHORS], boxes, classes, tf.ones(boxes.shape[:2]))
    matches = np.concatenate([level.matches for level in seen.levels])
    np.testing.assert_array_equal(matches, targets.matches[0].numpy())
    assert (matches >= 0).any() and (matches == BACKGROUND).any()


def test_objects_and_anchors_tell_of_the_same_matches(seen: SeenByNetwork) -> None:
    found = matches_of_objects(seen.levels)
    for number, level in enumerate(seen.levels):
        assert sum(one.of_levels[number] for one in found) == (level.matches >= 0).sum()
        assert len(level.anchors) == level.rows * level.columns * level.per_cell
    for row, one in enumerate(found):
        best = max(level.overlaps[row].max() for level in seen.levels)
        assert one.best_overlap == pytest.approx(best)


def test_an_image_without_objects_has_background_everywhere(config: PipelineConfig, subject: Subject) -> None:
    seen = see_as_network(config, "demo.config", subject.image, np.zeros((0, 4)))
    assert all((level.matches == BACKGROUND).all() for level in seen.levels)
    assert draw_level(seen, (), 0).shape[1] == 800


def test_every_level_is_drawn(seen: SeenByNetwork, subject: Subject) -> None:
    for number in range(len(seen.levels)):
        image = draw_level(seen, subject.classes, number)
        assert image.shape[1:] == (800, 3)


def test_between_the_thresholds_anchors_are_ignored(subject: Subject) -> None:
    matcher = "model.ssd.matcher.argmax_matcher"
    config = read_pipeline_config(CONFIG, [f"{matcher}.matched_threshold=0.7", f"{matcher}.unmatched_threshold=0.3"])
    seen = see_as_network(config, "demo.config", subject.image, subject.boxes)
    assert sum(level.count(IGNORED) for level in seen.levels) > 0


def test_a_model_without_such_anchors_is_refused(subject: Subject) -> None:
    with pytest.raises(ConfigError, match="no model"):
        see_as_network(PipelineConfig(), "empty.config", subject.image, subject.boxes)
