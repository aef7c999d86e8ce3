"""What the Python side does at every step."""

import os
import signal
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfod import names
from tfod.errors import TrainingError
from tfod.training.watch import StepWatch, Stopped

TAGS = (names.TOTAL_LOSS, names.LEARNING_RATE)


def _watch(overlap: bool = False) -> StepWatch:
    watch = StepWatch(start=10)
    watch.tags = TAGS
    watch._overlap = overlap
    return watch


def _step(watch: StepWatch, loss: float, *source_ids: str) -> None:
    watch.step_done(tf.constant([loss, 0.1]), {names.SOURCE_ID: tf.constant(source_ids or ["a.jpg"])}, {})


def test_values_are_those_of_the_last_step_and_read_back_as_float32() -> None:
    watch = _watch()
    _step(watch, 0.3)
    _step(watch, 0.7)
    assert watch.step == 12
    assert watch.finish() == {names.TOTAL_LOSS: 0.7, names.LEARNING_RATE: 0.1}


def test_on_a_gpu_a_step_is_judged_while_the_next_one_runs() -> None:
    watch = _watch(overlap=True)
    _step(watch, 0.3)
    assert watch.step == 10
    _step(watch, np.nan, "b.jpg", "c.jpg")
    assert watch.step == 11
    with pytest.raises(TrainingError, match="at step 12") as caught:
        watch.finish()
    assert caught.value.where == "the batch of the images b.jpg, c.jpg"


@pytest.mark.parametrize("loss", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_stops(loss: float) -> None:
    with pytest.raises(TrainingError, match="not finite at step 11"):
        _step(_watch(), loss)


def test_pictures_without_a_source_id_are_told_so() -> None:
    with pytest.raises(TrainingError, match="without a source id"):
        _step(_watch(), np.nan, "")


@pytest.mark.parametrize("overlap", [False, True])
def test_a_signal_waits_for_the_step_and_a_second_one_does_not(overlap: bool) -> None:
    watch = _watch(overlap)
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        with watch.catching_signals():
            os.kill(os.getpid(), signal.SIGTERM)
            assert received == []
            os.kill(os.getpid(), signal.SIGTERM)
            assert received == [signal.SIGTERM]
            with pytest.raises(Stopped, match="SIGTERM") as caught:
                _step(watch, 0.5)
        assert caught.value.signal_number == signal.SIGTERM
        assert watch.step == 11
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_step_that_is_not_finite_is_not_saved_because_a_signal_came() -> None:
    watch = _watch(overlap=True)
    watch._signal = signal.SIGTERM
    with pytest.raises(TrainingError):
        _step(watch, np.nan)


def test_progress_shows_loss_and_rate() -> None:
    class _Progress:
        notes: list[str] = []  # noqa: RUF012

        def advance(self, note: str) -> None:
            self.notes.append(note)

    watch = _watch()
    progress: Any = _Progress()
    watch.progress = progress
    _step(watch, 0.25)
    assert progress.notes == ["loss 0.2500  learning rate 0.1"]
