"""Folding: a finished model's present weights, worked into fewer and cheaper operations for inference alone.

Normalisation with stored statistics is a multiplication and an addition for each channel. Both are worked into the
kernel and the bias of the convolution before it, so that its pass over the features is saved; and of constants,
unlike of variables, TensorFlow's CPU kernels keep a copy in the order that suits them.

Letters: `D` channels of a layer's outputs.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from tfod.models.layers.sequential import Step, plain_step, sequences_of
from tfod.models.layers.winograd import suits_winograd, winograd_conv

__all__ = ["folded"]

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)

Compute = Callable[[], tf.Tensor]


@contextmanager
def folded(
    model: tf.Module, *, constants: int | None = None, small: int = 200_000, winograd: bool = False
) -> Iterator[list[tf.Variable]]:
    """Within it the sequences of a model, float32, run folded; functions that are traced there stay so.

    Args:
      constants: How many numbers may be constants; what is beyond is kept in variables, but for small arrays.
        TensorFlow copies constants a dozen times while it optimises a graph, which for a ResNet takes gigabytes.
        None for no limit.
      small: Arrays of so many numbers are always constants, and copied for each normalisation that wants its own.
      winograd: Whether wide convolutions are computed as TensorFlow's CPU kernels do not: with fewer multiplications,
        see `tfod.models.layers.winograd`. Other runtimes know by themselves what suits them.

    Yields:
      The variables, float32, that functions traced within need; who keeps such a function keeps these.
    """
    folder = _Folder(constants, small, winograd=winograd)
    sequences = list(sequences_of(model))
    steps = [sequence.steps for sequence in sequences]
    for sequence in sequences:
        sequence.steps = tuple(folder.steps(sequence.layers))
    try:
        yield folder.variables
    finally:
        for sequence, before in zip(sequences, steps, strict=True):
            sequence.steps = before


class _Folder:
    """Makes folded steps, and keeps what kernels and biases have become, since sequences may share layers."""

    def __init__(self, constants: int | None, small: int, *, winograd: bool) -> None:
        self.variables: list[tf.Variable] = []
        self._left = constants
        self._small = small
        self._winograd = winograd
        self._kept: dict[tuple[int, ...], NDArray[np.float32] | tf.Variable] = {}
        self._norm_of: dict[int, keras.layers.BatchNormalization] = {}

    def steps(self, layers: Sequence[keras.layers.Layer]) -> Iterator[Step]:
        remaining = list(layers)
        while remaining:
            layer = remaining.pop(0)
            if isinstance(layer, _CONVOLUTIONS):
                follower = remaining[0] if remaining else None
                norm = remaining.pop(0) if isinstance(follower, keras.layers.BatchNormalization) else None
                yield self._convolution(layer, norm)
            elif isinstance(layer, keras.layers.BatchNormalization):
                yield self._affine(layer)
            elif not isinstance(layer, keras.layers.Dropout):
                yield plain_step(layer)

    def _keep(self, key: tuple[int, ...], compute: Compute) -> NDArray[np.float32] | tf.Variable:
        if key not in self._kept:
            value = compute().numpy()
            fits = self._left is None or value.size <= max(self._left, self._small)
            if fits and self._left is not None:
                self._left -= value.size
            if not fits:
                value = tf.Variable(value, trainable=False, name="folded")
                self.variables.append(value)
            self._kept[key] = value
        return self._kept[key]

    def _takes_scale(self, conv: keras.layers.Layer, norm: keras.layers.BatchNormalization) -> bool:
        """Whether the convolution's kernel is to be scaled for `norm`, the normalisation after it.

        Not if it is large and has been for another: a tower that all levels of a pyramid share would need a kernel
        for each, and the largest level, where scaling the features instead costs most, comes first.
        """
        first = self._norm_of.setdefault(id(conv), norm)
        return first is norm or conv.count_params() <= self._small

    def _affine(self, norm: keras.layers.BatchNormalization) -> Step:
        scale = self._keep((id(norm), 0), lambda: _affine(norm)[0])
        offset = self._keep((id(norm), 1), lambda: _affine(norm)[1])
        return lambda features, training: features * scale + offset

    def _convolution(self, layer: keras.layers.Layer, norm: keras.layers.BatchNormalization | None) -> Step:
        # Convolution is linear: norm(x * kernel + bias) = x * (kernel · scale) + (bias · scale + offset).
        scaling = norm if norm is not None and self._takes_scale(layer, norm) else None
        convolve = self._kernels(layer, scaling)
        scale = None if scaling is norm else self._keep((id(layer), id(norm), 3), lambda: _affine(norm)[0])
        offset = None
        if norm is not None or layer.bias is not None:
            offset = self._keep((id(layer), id(norm), 2), lambda: _offset(layer, norm))

        def step(features: tf.Tensor, training: bool) -> tf.Tensor:
            features = convolve(features)
            features = features if scale is None else features * scale
            return features if offset is None else tf.nn.bias_add(features, offset)

        return step

    def _kernels(
        self, layer: keras.layers.Layer, scaling: keras.layers.BatchNormalization | None
    ) -> Callable[[tf.Tensor], tf.Tensor]:
        """The convolution without its bias, its last kernel scaled for a normalisation."""
        padding, strides, dilations = layer.padding.upper(), layer.strides, layer.dilation_rate
        key = (id(layer), id(scaling))
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            kernel = self._keep((*key, 0), lambda: _scaled(layer.depthwise_kernel, scaling, (-1, 1)))
            return lambda features: tf.nn.depthwise_conv2d(
                features, kernel, [1, *strides, 1], padding, dilations=dilations
            )
        if isinstance(layer, keras.layers.SeparableConv2D):
            depthwise = self._keep((id(layer), 0), lambda: tf.identity(layer.depthwise_kernel))
            pointwise = self._keep((*key, 1), lambda: _scaled(layer.pointwise_kernel, scaling))
            return lambda features: tf.nn.conv2d(
                tf.nn.depthwise_conv2d(features, depthwise, [1, *strides, 1], padding, dilations=dilations),
                pointwise,
                1,
                "VALID",
            )
        kernel = self._keep((*key, 1), lambda: _scaled(layer.kernel, scaling))
        if self._winograd and suits_winograd(layer):
            return lambda features: winograd_conv(features, kernel)
        return lambda features: tf.nn.conv2d(features, kernel, strides, padding, dilations=dilations)


def _scaled(
    kernel: tf.Variable, norm: keras.layers.BatchNormalization | None, shape: Sequence[int] = (-1,)
) -> tf.Tensor:
    return tf.identity(kernel) if norm is None else kernel * tf.reshape(_affine(norm)[0], shape)


def _offset(layer: keras.layers.Layer, norm: keras.layers.BatchNormalization | None) -> tf.Tensor:
    if norm is None:
        return tf.identity(layer.bias)
    scale, offset = _affine(norm)
    return offset if layer.bias is None else layer.bias * scale + offset


def _affine(norm: keras.layers.BatchNormalization) -> tuple[tf.Tensor, tf.Tensor]:
    """Scale and offset, float32 `[D]`, that normalisation with its stored statistics amounts to."""
    scale = tf.math.rsqrt(norm.moving_variance + norm.epsilon)
    if norm.gamma is not None:
        scale *= norm.gamma
    offset = -norm.moving_mean * scale
    return scale, offset if norm.beta is None else offset + norm.beta
