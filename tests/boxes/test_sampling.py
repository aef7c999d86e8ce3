"""Random minibatches: how many of each kind, none that may not be drawn, other ones every time."""

import numpy as np
import pytest
import tensorflow as tf

from tfod.boxes.sampling import BalancedSampler


def members(*rows: tuple[int, ...], size: int = 100) -> tf.Tensor:
    """Which of `size` anchors are named in each row, bool `[B, size]`."""
    return tf.constant([[number in row for number in range(size)] for row in rows])


def drawn(sampler: BalancedSampler, positive: tf.Tensor, eligible: tf.Tensor) -> np.ndarray:
    counts = sampler(positive, eligible).numpy()
    assert set(np.unique(counts)) <= {0.0, 1.0}
    assert not counts[~eligible.numpy()].any()
    return counts


def numbers(counts: np.ndarray, positive: tf.Tensor) -> list[tuple[int, int]]:
    """Positives and negatives drawn of each image."""
    return [
        (int(row[flags].sum()), int(row[~flags].sum())) for row, flags in zip(counts, positive.numpy(), strict=True)
    ]


@pytest.mark.parametrize(
    ("positives", "batch_size", "fraction", "expected"),
    [
        (40, 32, 0.5, (16, 16)),
        (40, 32, 0.25, (8, 24)),
        (5, 32, 0.5, (5, 27)),  # too few positives: negatives fill up
        (0, 32, 0.5, (0, 32)),
        (90, 32, 0.5, (16, 10)),  # too few negatives: nothing fills up
        (40, 7, 0.5, (3, 4)),  # half of 7, rounded down
        (40, 32, 1.0, (32, 0)),
        (10, 32, 1.0, (10, 22)),
        (40, 1000, 0.5, (40, 60)),
        (6, None, 0.25, (6, 18)),
        (7, None, 0.3, (7, 16)),  # 7 · 0.7 / 0.3 = 16.3
        (6, None, 1.0, (6, 0)),
        (60, None, 0.5, (60, 40)),
        (0, None, 0.5, (0, 0)),
    ],
)
def test_how_many_are_drawn(positives: int, batch_size: int | None, fraction: float, expected: tuple[int, int]) -> None:
    positive = members(tuple(range(positives)))
    counts = drawn(BalancedSampler(batch_size, fraction), positive, tf.ones_like(positive))
    assert numbers(counts, positive) == [expected]


def test_images_are_drawn_from_by_themselves_and_only_what_is_eligible() -> None:
    positive, eligible = members((0, 1, 2, 3, 4), (0, 1)), members(tuple(range(1, 50)), tuple(range(50)))
    counts = drawn(BalancedSampler(None, 0.25), positive, eligible)
    assert counts[0, :5].tolist() == [0, 1, 1, 1, 1]
    assert numbers(counts, positive) == [(4, 12), (2, 6)]
    counts = drawn(BalancedSampler(8, 0.25), positive, eligible)
    assert numbers(counts, positive) == [(2, 6), (2, 6)]


def test_every_anchor_is_drawn_as_often_as_the_others() -> None:
    rounds = 400
    positive = members(*[tuple(range(10))] * rounds, size=30)
    tf.random.set_seed(1)
    counts = drawn(BalancedSampler(8, 0.5), positive, tf.ones_like(positive)).mean(axis=0)
    # 4 of 10 and 4 of 20; four standard deviations of 400 draws are 0.1 and 0.08.
    np.testing.assert_allclose(counts[:10], 0.4, atol=0.1)
    np.testing.assert_allclose(counts[10:], 0.2, atol=0.08)


@pytest.mark.parametrize("sampler", [BalancedSampler(10, 0.1), BalancedSampler(None, 0.1)])
def test_other_samples_are_drawn_every_time_and_in_a_graph_too(sampler: BalancedSampler) -> None:
    positive, eligible = tf.one_hot([0], 1000) > 0, tf.ones([1, 1000]) > 0
    signature = [tf.TensorSpec([None, None], tf.bool)] * 2
    for draw in (sampler, tf.function(sampler.__call__, signature, autograph=False)):
        first, second = draw(positive, eligible).numpy(), draw(positive, eligible).numpy()
        assert first.sum() == second.sum() == 10
        assert (first != second).any()
