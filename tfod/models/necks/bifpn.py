"""A pyramid of features that go down and up again, several times (BiFPN, https://arxiv.org/abs/1911.09070)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from tfod.models.layers.block import Block
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.sequential import Sequential
from tfod.models.necks.doubling import doubled_to

__all__ = ["COMBINE_METHODS", "BiFPN", "BiFPNSettings", "Node", "NodeInput", "WeightedSum"]

Weighting = Callable[[tf.Tensor], tf.Tensor]
"""From learnt weights, float32 `[N, 1]`, to what N maps of features are multiplied by, of the same shape."""


def _shares(weights: tf.Tensor) -> tf.Tensor:
    positive = tf.nn.relu(weights)
    return positive / (tf.reduce_sum(positive) + 1e-4)


# The original takes the softmax of each weight by itself, which is 1, and so does this.
COMBINE_METHODS: dict[str, Weighting | None] = {
    "fast_attention": _shares,
    "attention": tf.nn.softmax,
    "weighted_sum": tf.identity,
    "sum": None,
}
"""How maps are added, by the names that configs have; None for a plain sum."""


@dataclass(frozen=True)
class BiFPNSettings:
    """What there is to choose.

    Attributes:
      depth: Channels of all levels.
      rounds: How often features go down and up again, once or more.
      combine: How features that meet are added: a key of COMBINE_METHODS.
    """

    depth: int
    rounds: int
    combine: str = "fast_attention"


class WeightedSum(tf.Module):
    """The sum of some maps of features, each multiplied by what `weighting` makes of a weight that is learnt.

    Attributes:
      weights: A variable, float32 `[N, 1]`.
    """

    def __init__(self, count: int, weighting: Weighting) -> None:
        super().__init__(name="weighted_sum")
        self.weights = tf.Variable(tf.ones([count, 1]), name="bifpn_combine_weights")
        self._weighting = weighting

    def __call__(self, maps: Sequence[tf.Tensor]) -> tf.Tensor:
        """Features `[B, H, W, D]` of N such, float32 or bfloat16."""
        factors = tf.unstack(tf.cast(self._weighting(self.weights), maps[0].dtype)[:, 0])
        return tf.add_n([one * factor for one, factor in zip(maps, factors, strict=True)])


class NodeInput(NamedTuple):
    """What a node takes: a map by its number, how many levels coarser it is, and whether it is the backbone's."""

    number: int
    coarser: int
    of_backbone: bool


class Node(Block):
    """One map of features: of its inputs, brought to its depth and size, the sum, which is activated and convolved.

    Args:
      inputs: Of several, the first has the node's size. A single one is only brought to depth and size.

    Attributes:
      inputs: Which maps it is to be called with.
      projections: For each input a 1x1 convolution, or nothing where the depth is right.
      combine: Adds the inputs.
      smooth: What follows the sum.
    """

    def __init__(self, hp: ConvHyperparameters, settings: BiFPNSettings, inputs: Sequence[NodeInput]) -> None:
        super().__init__(name="node")
        self.inputs = tuple(inputs)
        # The original projects what is the backbone's even to the depth that it has.
        projection = [[hp.conv(settings.depth, 1), *hp.normalization()] if one.of_backbone else [] for one in inputs]
        self.projections = [Sequential(layers) for layers in projection]
        weighting = COMBINE_METHODS[settings.combine]
        self.combine = tf.add_n if weighting is None or len(inputs) == 1 else WeightedSum(len(inputs), weighting)
        convolution = hp.separable_conv(settings.depth, 3, pointwise=True)
        smooth = [*hp.activation_layer(), convolution, *hp.normalization()]
        self.smooth = Sequential(smooth if len(inputs) > 1 else [])

    def compute(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """See Block. The maps are those of `inputs`."""
        features: list[tf.Tensor] = []
        for one, own, project in zip(self.inputs, inputs, self.projections, strict=True):
            projected = project(own, training=training)
            if one.coarser > 0:
                projected = doubled_to(features[0], projected)
            elif one.coarser < 0:
                projected = tf.nn.max_pool2d(projected, 3, 2, "SAME")
            features.append(projected)
        return self.smooth(self.combine(features), training=training)


class BiFPN(tf.Module):
    """See Neck. Each round adds coarse levels to finer ones, down to the finest, then fine ones to coarser ones.

    Where a side is odd its half is rounded up, and doubling that again gives a row or column too many, which is cut
    off.

    Args:
      end_points: Names of the backbone's that it takes, fine to coarse; each halves the one before.
      coarser: How many levels it adds beyond the coarsest, at least one.

    Attributes:
      nodes: In the order in which they are computed; the first ones continue the backbone's levels.
      depths: Channels of each level.
    """

    def __init__(
        self, hyperparameters: ConvHyperparameters, settings: BiFPNSettings, *, end_points: Sequence[str], coarser: int
    ) -> None:
        super().__init__(name="bifpn")
        self._end_points = tuple(end_points)
        inputs, self._outputs = _plan(len(end_points), len(end_points) + coarser, settings.rounds)
        self.nodes = [Node(hyperparameters, settings, of_one) for of_one in inputs]
        self.depths = (settings.depth,) * len(self._outputs)

    def __call__(self, end_points: Mapping[str, tf.Tensor], *, training: bool) -> list[tf.Tensor]:
        """See Neck."""
        maps = [end_points[name] for name in self._end_points]
        for node in self.nodes:
            maps.append(node(*(maps[one.number] for one in node.inputs), training=training))
        return [maps[number] for number in self._outputs]


def _plan(given: int, levels: int, rounds: int) -> tuple[list[list[NodeInput]], list[int]]:
    """The inputs of each node, and the numbers of the maps that come out, fine to coarse.

    Args:
      given: How many maps the backbone gives, one a level.
      levels: How many levels there are.
    """
    level_of = list(range(given))  # of each map, by its number
    newest = list(range(given))  # of each level, the number of its newest map
    nodes: list[list[NodeInput]] = []

    def add(level: int, *numbers: int) -> int:
        nodes.append([NodeInput(number, level_of[number] - level, number < given) for number in numbers])
        level_of.append(level)
        return len(level_of) - 1

    for level in range(given, levels):
        newest.append(add(level, newest[level - 1]))
    for _ in range(rounds):
        before = list(newest)
        for level in reversed(range(levels - 1)):
            newest[level] = add(level, before[level], newest[level + 1])
        down = list(newest)
        for level in range(1, levels):
            own = [down[level]] if level < levels - 1 else []
            newest[level] = add(level, before[level], *own, newest[level - 1])
    return nodes, newest
