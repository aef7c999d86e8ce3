"""Summaries: when they are due, and pictures as people see them."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.training import reading, tiny
from tfod import names
from tfod.errors import OutputError
from tfod.training.summaries import TrainingSummaries, draw_batch
from tfod.training.watch import Batch
from tfod.visualize.colours import class_colour


def test_due_at_every_nth_step_and_the_last(tmp_path: Path) -> None:
    step = tf.Variable(0, dtype=tf.int64)
    summaries = TrainingSummaries(tmp_path, step, every_n=4, last_step=9, batch_size=8, images=None)
    assert list(tmp_path.iterdir()) == []
    for _ in range(9):
        step.assign_add(1)
        summaries.write_summaries({"Loss/total_loss": 0.5, "steps_per_second": 2.0})
    summaries.flush()
    found = reading.scalars(tmp_path)
    assert found["Loss/total_loss"] == [(4, 0.5), (8, 0.5), (9, 0.5)]
    assert found["steps_per_sec"] == [(4, 2.0), (8, 2.0), (9, 2.0)]
    assert found["images_per_sec"] == [(4, 16.0), (8, 16.0), (9, 16.0)]


def test_a_file_in_the_place_of_the_summaries_is_told(tmp_path: Path) -> None:
    for place in ("train", "eval"):
        (tmp_path / place).write_text("mine")
    step = tf.Variable(1, dtype=tf.int64)
    summaries = TrainingSummaries(tmp_path / "train", step, every_n=1, last_step=9, batch_size=8, images=None)
    for use in (
        summaries.summary_writer,
        lambda: summaries.write_summaries({"steps_per_second": 2.0}),
        lambda: tiny.evaluation(tiny.config(1, tmp_path), tmp_path, [0.5]).run(1),
    ):
        with pytest.raises(OutputError, match="cannot write the output"):
            use()


def test_pictures_are_un_normalised_and_have_their_boxes() -> None:
    model = tiny.TinyModel()
    original = np.full((1, 40, 40, 3), (10, 200, 255), np.float32)
    features = {names.IMAGE: model.preprocess.pixels.normalize(tf.constant(original))}
    labels = {
        names.GROUNDTRUTH_BOXES: tf.constant([[[0.25, 0.25, 0.75, 0.75], [0.0, 0.0, 1.0, 1.0]]]),
        names.GROUNDTRUTH_CLASSES: tf.constant([[[0.0, 1.0], [1.0, 0.0]]]),
        names.NUM_GROUNDTRUTH_BOXES: tf.constant([1]),
    }
    (drawn,) = draw_batch(Batch(features, labels), model.preprocess.denormalize, {})
    assert drawn.shape == (40, 40, 3) and drawn.dtype == np.uint8
    changed = np.abs(drawn.astype(int) - original[0]).max(axis=-1) > 1
    # The box is drawn, what lies outside it is not: the second row is padding.
    assert changed[28:32, 11:29].any(axis=0).all()
    assert not changed[34:].any() and not changed[:, 34:].any()


def test_keypoints_have_their_lines() -> None:
    model = tiny.TinyModel()
    features = {names.IMAGE: model.preprocess.pixels.normalize(tf.zeros([1, 40, 40, 3]))}
    points = [[0.5, 0.125], [0.5, 0.875], [np.nan, np.nan]]
    labels = {
        names.GROUNDTRUTH_BOXES: tf.constant([[[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]]]),
        names.GROUNDTRUTH_CLASSES: tf.constant([[[0.0, 1.0], [1.0, 0.0]]]),
        names.NUM_GROUNDTRUTH_BOXES: tf.constant([1]),
        names.GROUNDTRUTH_KEYPOINTS: tf.constant([[points, points]]),
        names.GROUNDTRUTH_KEYPOINT_VISIBILITIES: tf.constant([[[True, True, False]] * 2]),
    }
    edges = [(0, 1), (1, 2)]
    (drawn,) = draw_batch(Batch(features, labels), model.preprocess.denormalize, {2: ""}, edges)
    assert (drawn[20, 8:33] == class_colour(2)).all()
    assert not (drawn == class_colour(3)).all(axis=-1).any() and not drawn[24:39, 1:39].any()
