"""A feature pyramid (https://arxiv.org/abs/1612.03144): coarse features, which know what, meet fine ones, which
know where."""

from collections.abc import Mapping, Sequence

import tensorflow as tf
import tf_keras as keras

from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.padding import Padding, padded
from tfod.models.layers.sequential import Sequential
from tfod.models.necks.doubling import doubled_to

__all__ = ["FeaturePyramid"]


class FeaturePyramid(tf.Module):
    """From the coarsest end point down: double, add the projected finer level, smooth; and coarser levels above.

    The coarsest end point is only projected, not smoothed.

    Args:
      end_points: Names of the backbone's that it takes, fine to coarse; each halves the one before.
      depth: Channels of all levels.
      coarser: How many levels strided convolutions add beyond the coarsest.
      separable: Whether the 3x3 convolutions are depthwise-separable.
      doubles_smoothed: Whether what is doubled is the smoothed level, as in the original with Keras, or, as with
        TF-Slim, the sum before it.

    Attributes:
      project: For each end point a 1x1 convolution.
      smooth: For each end point but the coarsest a 3x3 convolution.
      downsample: For each level beyond them a 3x3 convolution of stride 2.
      depths: Channels of each level.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        end_points: Sequence[str],
        depth: int,
        coarser: int,
        separable: bool = False,
        padding: Padding = "same",
        doubles_smoothed: bool = True,
    ) -> None:
        super().__init__(name="feature_pyramid")
        self.doubles_smoothed = doubles_smoothed
        self._end_points = tuple(end_points)
        count = len(end_points)
        make = hyperparameters.separable_conv if separable else hyperparameters.conv

        def block(strides: int) -> Sequential:
            convolution = padded(padding, 3, lambda pad: make(depth, 3, strides=strides, padding=pad))
            layers: list[keras.layers.Layer] = [*convolution, *hyperparameters.normalization_and_activation()]
            return Sequential(layers)

        self.project = [Sequential([hyperparameters.conv(depth, 1, use_bias=True)]) for _ in range(count)]
        self.smooth = [block(strides=1) for _ in range(count - 1)]
        self.downsample = [block(strides=2) for _ in range(coarser)]
        self.depths = (depth,) * (count + coarser)

    def __call__(self, end_points: Mapping[str, tf.Tensor], *, training: bool) -> list[tf.Tensor]:
        """Levels `[B, H_l, W_l, depth]`, fine to coarse, of end points `[B, H_l, W_l, D_l]`; float32 or bfloat16.

        Where a side is odd its half is rounded up, and doubling that again gives a row or column too many, which is
        cut off.
        """
        *finer, coarsest = (
            project(end_points[name], training=training)
            for project, name in zip(self.project, self._end_points, strict=True)
        )
        levels, coarser = [coarsest], coarsest
        for smooth, residual in zip(reversed(self.smooth), reversed(finer), strict=True):
            coarser = doubled_to(residual, coarser) + residual
            levels.insert(0, smooth(coarser, training=training))
            if self.doubles_smoothed:
                coarser = levels[0]
        for downsample in self.downsample:
            levels.append(downsample(levels[-1], training=training))
        return levels
