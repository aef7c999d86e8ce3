"""What the Inception networks have in common: a chain of parts, most of them branches side by side."""

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import tensorflow as tf
import tf_keras as keras

from tfod.models.layers.block import Block
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.normalization import BatchNorm
from tfod.models.layers.sequential import Sequential

__all__ = [
    "Branch",
    "BranchPlan",
    "Conv",
    "Inception",
    "InceptionModule",
    "InceptionResidual",
    "Plan",
    "Pool",
    "Residual",
    "Step",
    "Width",
    "inception_defaults",
]

Width = Callable[[int], int]
"""From the paper's number of channels to that of this network."""


class Step(Protocol):
    """A layer as the plan of a network has it."""

    @property
    def stride(self) -> int:
        """How many times coarser features are after it."""

    def channels_after(self, channels: int, width: Width) -> int:
        """Channels after the step, of features that have `channels` before it."""

    def layers(self, hyperparameters: ConvHyperparameters, width: Width) -> list[keras.layers.Layer]:
        """New layers."""


@dataclass(frozen=True)
class Conv:
    """A convolution with normalisation and activation.

    Attributes:
      kernel: Its height and width.
      stddev: Of the truncated normal distribution from which its kernel is drawn; None for the hyperparameters' own.
    """

    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: Literal["same", "valid"] = "same"
    dilation: int = 1
    stddev: float | None = None

    def channels_after(self, channels: int, width: Width) -> int:
        """See Step."""
        return width(self.channels)

    def layers(self, hyperparameters: ConvHyperparameters, width: Width) -> list[keras.layers.Layer]:
        """See Step."""
        hp = hyperparameters
        if self.stddev is not None:
            hp = dataclasses.replace(hp, make_initializer=lambda: keras.initializers.TruncatedNormal(0.0, self.stddev))
        convolution = hp.conv(
            width(self.channels), self.kernel, strides=self.stride, padding=self.padding, dilation=self.dilation
        )
        return [convolution, *hp.normalization_and_activation()]


@dataclass(frozen=True)
class Pool:
    """Pooling of 3x3 pixels."""

    kind: Literal["average", "maximum"]
    stride: int = 1
    padding: Literal["same", "valid"] = "same"

    def channels_after(self, channels: int, width: Width) -> int:
        """See Step."""
        return channels

    def layers(self, hyperparameters: ConvHyperparameters, width: Width) -> list[keras.layers.Layer]:
        """See Step."""
        layer = keras.layers.AveragePooling2D if self.kind == "average" else keras.layers.MaxPooling2D
        return [layer(3, strides=self.stride, padding=self.padding)]


Fork = tuple[Step, ...]
"""Steps that take the same features; what they give is concatenated."""

BranchPlan = tuple[Step | Fork, ...]
"""Steps one after the other; a fork can only be the last."""


@dataclass(frozen=True)
class Residual:
    """Branches of which a part is added to what they take.

    Attributes:
      scale: How large a part.
      activated: Whether the sum is.
    """

    branches: tuple[BranchPlan, ...]
    scale: float
    activated: bool = True


Plan = Mapping[str, Step | tuple[BranchPlan, ...] | Residual]
"""The parts of a network by their names, in their order: single steps, modules of branches, and residual ones."""


class Branch(tf.Module):
    """Layers one after the other and, where it forks, further ones side by side.

    Attributes:
      trunk: The layers before the fork.
      ends: Those of each arm of the fork; none where there is no fork.
    """

    def __init__(self, plan: BranchPlan, hyperparameters: ConvHyperparameters, width: Width) -> None:
        super().__init__(name="branch")
        steps = [step for step in plan if not isinstance(step, tuple)]
        fork = [arm for step in plan if isinstance(step, tuple) for arm in step]
        self.trunk = Sequential([layer for step in steps for layer in step.layers(hyperparameters, width)])
        self.ends = [Sequential(step.layers(hyperparameters, width)) for step in fork]

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """All of them, arm by arm."""
        return [layer for sequence in (self.trunk, *self.ends) for layer in sequence.layers]

    def __call__(self, features: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Features `[B, H', W', D]` of `[B, H, W, C]`, float32 or bfloat16."""
        features = self.trunk(features, training=training)
        if not self.ends:
            return features
        return tf.concat([end(features, training=training) for end in self.ends], axis=-1)


class InceptionModule(tf.Module):
    """Branches that take the same features; what they give is concatenated."""

    def __init__(self, plans: Sequence[BranchPlan], hyperparameters: ConvHyperparameters, width: Width) -> None:
        super().__init__(name="inception_module")
        self.branches = [Branch(plan, hyperparameters, width) for plan in plans]

    def __call__(self, features: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Features `[B, H', W', D]` of `[B, H, W, C]`, float32 or bfloat16."""
        return tf.concat([branch(features, training=training) for branch in self.branches], axis=-1)


class InceptionResidual(Block):
    """Branches, and a 1x1 convolution that brings what they give to the channels of what they take.

    Args:
      channels: Of features, before and after.
    """

    def __init__(self, plan: Residual, hyperparameters: ConvHyperparameters, width: Width, channels: int) -> None:
        super().__init__(name="inception_residual")
        self.branches = [Branch(branch, hyperparameters, width) for branch in plan.branches]
        self.widen = Sequential([hyperparameters.conv(channels, 1, use_bias=True)])
        self.activation = Sequential(hyperparameters.activation_layer() if plan.activated else [])
        self._scale = plan.scale

    def compute(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """See Block."""
        (features,) = inputs
        mixed = tf.concat([branch(features, training=training) for branch in self.branches], axis=-1)
        added = features + self._scale * self.widen(mixed, training=training)
        return self.activation(added, training=training)


class Inception(tf.Module):
    """See Backbone. Every part of the network is an end point.

    Args:
      plan: The whole network.
      parts: Which of its parts there are, one after the other: without the last ones the network is cut, without the
        first ones it takes the features that they would give.

    Attributes:
      parts: By their names.
    """

    def __init__(
        self,
        name: str,
        plan: Plan,
        hyperparameters: ConvHyperparameters,
        *,
        depth_multiplier: float,
        min_depth: int,
        parts: Collection[str],
    ) -> None:
        super().__init__(name=name)

        def width(channels: int) -> int:
            return max(int(channels * depth_multiplier), min_depth)

        self.parts: dict[str, Sequential | InceptionModule | InceptionResidual] = {}
        self.strides: dict[str, int] = {}
        self.channels: dict[str, int] = {}
        channels, stride = 0, 1
        for part, planned in plan.items():
            if not isinstance(planned, Residual):
                branches = planned if isinstance(planned, tuple) else ((planned,),)
                channels = sum(_channels_after(branch, channels, width) for branch in branches)
                stride *= math.prod(step.stride for step in branches[0] if not isinstance(step, tuple))
            if part not in parts:
                continue
            self.channels[part], self.strides[part] = channels, stride
            if isinstance(planned, Residual):
                self.parts[part] = InceptionResidual(planned, hyperparameters, width, channels)
            elif isinstance(planned, tuple):
                self.parts[part] = InceptionModule(planned, hyperparameters, width)
            else:
                self.parts[part] = Sequential(planned.layers(hyperparameters, width))
        self.levels = {stride.bit_length() - 1: part for part, stride in self.strides.items()}

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[str, tf.Tensor]:
        """See Backbone. Without the first parts `images` are the features that these would give."""
        features, end_points = images, {}
        for name, part in self.parts.items():
            features = end_points[name] = part(features, training=training)
        return end_points


def _channels_after(branch: BranchPlan, channels: int, width: Width) -> int:
    for step in branch:
        arms = step if isinstance(step, tuple) else (step,)
        channels = sum(arm.channels_after(channels, width) for arm in arms)
    return channels


def inception_defaults(*, freeze_batch_norm: bool, scale: bool = False, slim: bool = False) -> ConvHyperparameters:
    """The networks' own hyperparameters in detectors of two stages, which regularise nothing of them.

    Args:
      scale: Whether batch norm multiplies too: that of version 2 does, that of Inception ResNet does not.
    """
    return ConvHyperparameters(
        make_initializer=keras.initializers.GlorotUniform,
        batch_norm=BatchNorm(decay=0.9997, epsilon=0.001, scale=scale, frozen=freeze_batch_norm),
        activation=tf.nn.relu,
        slim=slim,
    )
