"""The pyramid of EfficientDet, beside what its paper says of it."""

from collections.abc import Callable, Sequence
from typing import get_args

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tfod.config.faults.model import bidirectional_pyramid_faults
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.normalization import BatchNorm
from tfod.models.necks.bifpn import COMBINE_METHODS, BiFPN, BiFPNSettings, CombineMethod, WeightedSum

RNG = np.random.default_rng(0)
PLAIN = ConvHyperparameters(
    make_initializer=keras.initializers.GlorotUniform,
    batch_norm=BatchNorm(scale=True),
    activation=tf.nn.silu,
    force_use_bias=True,
)
MAPS = [RNG.normal(size=[1, 2, 3, 4]).astype(np.float32) for _ in range(3)]


def features(sides: Sequence[int]) -> dict[str, tf.Tensor]:
    return {f"c{side}": tf.constant(RNG.normal(size=[2, side, side, 6]), tf.float32) for side in sides}


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("fast_attention", lambda w: np.maximum(w, 0) / (np.maximum(w, 0).sum() + 1e-4)),
        ("attention", np.ones_like),
        ("weighted_sum", lambda w: w),
    ],
)
def test_maps_are_added_by_their_weights(method: CombineMethod, expected: Callable[[np.ndarray], np.ndarray]) -> None:
    weighting = COMBINE_METHODS[method]
    assert weighting is not None
    combine = WeightedSum(3, weighting)
    assert combine.weights.numpy().tolist() == [[1.0]] * 3
    weights = np.array([0.5, -0.25, 2.0], np.float32)
    combine.weights.assign(weights[:, np.newaxis])
    wanted = sum(factor * one for factor, one in zip(expected(weights), MAPS, strict=True))
    np.testing.assert_allclose(combine([tf.constant(one) for one in MAPS]), wanted, rtol=1e-5, atol=1e-5)


def test_the_check_knows_the_ways_to_add() -> None:
    assert set(get_args(CombineMethod)) == set(COMBINE_METHODS)
    for method in COMBINE_METHODS:
        assert not [*bidirectional_pyramid_faults(min_level=3, max_level=7, num_iterations=1, combine_method=method)]


@pytest.mark.parametrize("sides", [(16, 8, 4), (17, 9, 5)])
def test_levels_have_the_sides_of_the_backbones_and_halves_of_them(sides: tuple[int, ...]) -> None:
    neck = BiFPN(PLAIN, BiFPNSettings(depth=8, rounds=2), end_points=[f"c{side}" for side in sides], coarser=2)
    levels = neck(features(sides), training=False)
    third = -(-sides[2] // 2)
    assert [level.shape[1] for level in levels] == [*sides, third, -(-third // 2)]
    assert neck.depths == (8,) * 5


def test_every_level_is_told_of_every_other_in_one_round() -> None:
    """Down to the finest, then up: so that both the finest and the coarsest input are felt everywhere."""
    inputs = features((8, 4, 2))
    neck = BiFPN(PLAIN, BiFPNSettings(depth=4, rounds=1), end_points=list(inputs), coarser=1)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        totals = [tf.reduce_sum(level) for level in neck(inputs, training=False)]
    reached = [[bool(tf.reduce_any(tape.gradient(total, one) != 0)) for one in inputs.values()] for total in totals]
    assert reached == [[True] * 3] * 4


def test_how_many_nodes_and_weights_there_are() -> None:
    inputs = features((16, 8, 4))
    neck = BiFPN(PLAIN, BiFPNSettings(depth=8, rounds=3), end_points=list(inputs), coarser=2)
    neck(inputs, training=False)
    assert len(neck.nodes) == 2 + 3 * (4 + 4)
    counts = [node.combine.weights.shape[0] for node in neck.nodes if isinstance(node.combine, WeightedSum)]
    assert counts == 3 * [2, 2, 2, 2, 3, 3, 3, 2]
    # The backbone's levels are brought to the depth for each node that takes them.
    assert sum(bool(project.layers) for node in neck.nodes for project in node.projections) == 6


def test_a_plain_sum_has_no_weights() -> None:
    inputs = features((16, 8, 4))
    neck = BiFPN(PLAIN, BiFPNSettings(depth=8, rounds=1, combine="sum"), end_points=list(inputs), coarser=2)
    neck(inputs, training=False)
    assert not [node for node in neck.nodes if isinstance(node.combine, WeightedSum)]
