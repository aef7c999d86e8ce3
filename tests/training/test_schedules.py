"""Learning rates: by hand, as the original computes them, and its errors."""

import pytest
import tensorflow as tf
from google.protobuf import text_format

from tfod.errors import ConfigError
from tfod.protos.optimizer_pb2 import LearningRate
from tfod.training import schedules
from tfod.training.optimizer_from_config import schedule_from_config


def _rates(text: str, steps: list[int]) -> list[float]:
    schedule = schedule_from_config(text_format.Parse(text, LearningRate()), "optimizer")
    return [float(schedule(tf.constant(step, tf.int64))) for step in steps]


def test_constant() -> None:
    assert _rates("constant_learning_rate { learning_rate: 0.25 }", [0, 7, 1000]) == [0.25, 0.25, 0.25]


def test_exponential_decay_by_hand() -> None:
    rate = schedules.exponential_decay(1.0, decay_steps=10, decay_factor=0.25)
    assert [float(rate(step)) for step in (0, 9, 10, 19, 20)] == [1.0, 1.0, 0.25, 0.25, 0.0625]
    smooth = schedules.exponential_decay(1.0, decay_steps=10, decay_factor=0.25, staircase=False, minimum=0.3)
    assert [float(smooth(step)) for step in (0, 5, 10)] == pytest.approx([1.0, 0.5, 0.3])


def test_burn_in_then_decay_counted_from_its_end() -> None:
    rate = schedules.exponential_decay(0.8, decay_steps=2, decay_factor=0.5, burnin_rate=0.1, burnin_steps=3)
    assert [float(rate(step)) for step in (0, 2, 3, 5, 7)] == pytest.approx([0.1, 0.1, 0.8, 0.4, 0.2])


def test_manual_steps_by_hand() -> None:
    rate = schedules.manual_steps([5, 10], [0.1, 0.01, 0.001])
    assert [float(rate(step)) for step in (0, 4, 5, 9, 10, 99)] == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_cosine_by_hand() -> None:
    rate = schedules.cosine_decay(0.2, total_steps=40, warmup_rate=0.1, warmup_steps=10, hold_steps=10)
    expected = {0: 0.1, 5: 0.15, 10: 0.2, 20: 0.2, 30: 0.1, 40: 0.0, 41: 0.0}
    assert [float(rate(step)) for step in expected] == pytest.approx(list(expected.values()), abs=1e-8)


def test_cosine_without_a_step_for_the_cosine_is_finite() -> None:
    rate = schedules.cosine_decay(0.2, total_steps=10, warmup_rate=0.1, warmup_steps=10)
    assert [float(rate(step)) for step in (5, 10, 11)] == pytest.approx([0.15, 0.2, 0.0])


# What the original gives, to the last bit.
_STEPS = [0, 5, 9, 18, 25, 30, 49, 51]
_ORIGINAL = {
    "exponential_decay_learning_rate { initial_learning_rate: 0.1 decay_steps: 5 decay_factor: 0.5 "
    "burnin_learning_rate: 0.03 burnin_steps: 8 min_learning_rate: 0.02 staircase: false }": [
        0.0299999993,
        0.0299999993,
        0.0870550573,
        0.0250000004,
        0.0199999996,
        0.0199999996,
        0.0199999996,
        0.0199999996,
    ],
    "manual_step_learning_rate { initial_learning_rate: 0.0133 schedule { step: 9 learning_rate: 0.17 } "
    "schedule { step: 20 learning_rate: 0.003 } warmup: true }": [
        0.0132999998,
        0.100355558,
        0.170000002,
        0.170000002,
        0.00300000003,
        0.00300000003,
        0.00300000003,
        0.00300000003,
    ],
    "cosine_decay_learning_rate { learning_rate_base: 0.08 total_steps: 50 warmup_learning_rate: 0.026666 "
    "warmup_steps: 10 }": [
        0.0266660005,
        0.0533329993,
        0.0746666044,
        0.0723606795,
        0.0553073362,
        0.0399999954,
        0.000123305319,
        0,
    ],
    "cosine_decay_learning_rate { learning_rate_base: 0.04 total_steps: 50 warmup_learning_rate: 0.013333 "
    "warmup_steps: 10 hold_base_rate_steps: 7 }": [
        0.0133330002,
        0.0266664997,
        0.0373333022,
        0.0399094373,
        0.0344746783,
        0.0265413597,
        9.05609122e-05,
        0,
    ],
}


@pytest.mark.parametrize("text", _ORIGINAL, ids=lambda text: text.split("_learning_rate")[0])
def test_equals_the_original(text: str) -> None:
    expected = [float(tf.constant(value, tf.float32)) for value in _ORIGINAL[text]]
    assert _rates(text, _STEPS) == expected


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no learning rate is chosen"),
        ("cosine_decay_learning_rate { total_steps: 9 warmup_steps: 10 }", "total_steps 9 is less"),
        (
            "cosine_decay_learning_rate { learning_rate_base: 0.1 warmup_learning_rate: 0.2 }",
            "learning_rate_base 0.1 is less than warmup_learning_rate 0.2",
        ),
        ("manual_step_learning_rate { }", "the schedule is empty"),
        ("manual_step_learning_rate { schedule { step: 0 } }", "the first step of the schedule is 0"),
        ("manual_step_learning_rate { schedule { step: 9 } schedule { step: 9 } }", r"\[9, 9\] do not increase"),
        ("exponential_decay_learning_rate { decay_steps: 0 }", "decay_steps is 0"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused(text: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        _rates(text, [])


def test_rates_and_steps_must_fit() -> None:
    with pytest.raises(ConfigError, match="2 rates for 2 steps"):
        schedules.manual_steps([5, 10], [0.1, 0.01])
