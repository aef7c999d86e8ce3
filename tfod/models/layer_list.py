"""Lists of layers: run plainly, run fast in training, run folded for exported models, named for checkpoints."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from tfod.models.training_kernels import (
    biased_conv,
    depthwise_conv,
    fusible_activation,
    normalized_pointwise,
    suits_biased_conv,
    suits_depthwise,
    suits_normalized_pointwise,
)

__all__ = ["FoldedWeights", "apply_layers", "folded_weights", "name_layers_with_weights"]

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)
_KNOWING_TRAINING = (keras.layers.BatchNormalization, keras.layers.Dropout)
_SMALL = 200_000  # numbers of an array whose copies do not matter
_WITH_WEIGHTS = (*_CONVOLUTIONS, keras.layers.BatchNormalization)


def apply_layers(layers: Sequence[keras.layers.Layer], features: tf.Tensor, *, training: bool) -> tf.Tensor:
    """Runs features through layers, one after the other; few of them have to know whether they train."""
    folded = _FOLDED.get()
    if folded is not None and not training:
        return _apply_folded(layers, features, folded)
    if training and not tf.config.list_logical_devices("GPU"):
        return _apply_fast(layers, features)
    for layer in layers:
        features = _apply(layer, features, training=training)
    return features


def _apply(layer: keras.layers.Layer, features: tf.Tensor, *, training: bool) -> tf.Tensor:
    return layer(features, training=training) if isinstance(layer, _KNOWING_TRAINING) else layer(features)


def _apply_fast(layers: Sequence[keras.layers.Layer], features: tf.Tensor) -> tf.Tensor:
    """Training on CPUs, by `training_kernels` where they suit."""
    remaining = list(layers)
    while remaining:
        layer, follower = remaining.pop(0), remaining[0] if remaining else None
        if suits_normalized_pointwise(layer, follower, features):
            norm = remaining.pop(0)
            activation = fusible_activation(remaining[0]) if remaining else None
            if activation:
                remaining.pop(0)
            features = normalized_pointwise(layer, norm, features, activation)
        elif suits_biased_conv(layer, features):
            features = biased_conv(layer, features)
        elif suits_depthwise(layer, features):
            features = depthwise_conv(features, layer.depthwise_kernel)
            if isinstance(layer, keras.layers.SeparableConv2D):
                features = tf.nn.conv2d(features, layer.pointwise_kernel, 1, "SAME")
            features = features if layer.bias is None else tf.nn.bias_add(features, layer.bias)
        else:
            features = _apply(layer, features, training=True)
    return features


def name_layers_with_weights(owner: tf.Module, layers: Sequence[keras.layers.Layer]) -> None:
    """Makes children of `owner`, named `layer_with_weights-0`, `-1`, ..., of those `layers` that have weights.

    Keras names the layers of a model so, and checkpoints of the model zoo have these names.
    """
    with_weights = (layer for layer in layers if isinstance(layer, _WITH_WEIGHTS))
    for number, layer in enumerate(with_weights):
        setattr(owner, f"layer_with_weights-{number}", layer)


class FoldedWeights:
    """What kernels and biases have become, by the layers that they came from.

    Args:
      constants: How many numbers may be constants; what is beyond is kept in variables, but for small arrays.
        TensorFlow copies constants a dozen times while it optimises a graph, which for a ResNet takes gigabytes.
        None for no limit.
    """

    def __init__(self, constants: int | None) -> None:
        self._left = constants
        self._known: dict[tuple[int, ...], NDArray[np.float32] | tf.Variable] = {}
        self._norm_of: dict[int, keras.layers.BatchNormalization] = {}

    def hold(self, key: tuple[int, ...], compute: Callable[[], tf.Tensor]) -> NDArray[np.float32] | tf.Variable:
        """The weights of this key, computed when they are first asked for: a function may be traced more than once."""
        if key not in self._known:
            with tf.init_scope():
                value = compute().numpy()
                fits = self._left is None or value.size <= max(self._left, _SMALL)
                if fits and self._left is not None:
                    self._left -= value.size
                self._known[key] = value if fits else tf.Variable(value, trainable=False, name="folded")
        return self._known[key]

    def takes_scale(self, conv: keras.layers.Layer, norm: keras.layers.BatchNormalization) -> bool:
        """Whether the convolution's kernel is to be scaled for `norm`, the normalisation after it.

        Not if it is large and has been for another: a tower that all levels of a pyramid share would need a kernel
        for each, and the largest level, where scaling the features instead costs most, comes first.
        """
        first = self._norm_of.setdefault(id(conv), norm)
        return first is norm or conv.count_params() <= _SMALL

    @property
    def variables(self) -> list[tf.Variable]:
        """Those that functions traced with them need; who keeps such a function keeps these."""
        return [value for value in self._known.values() if isinstance(value, tf.Variable)]


_FOLDED: ContextVar[FoldedWeights | None] = ContextVar("folded", default=None)


@contextmanager
def folded_weights(constants: int | None = None) -> Iterator[FoldedWeights]:
    """Functions that are traced inside hold the present weights, most of them as constants, for inference alone.

    Normalisation with stored statistics is a multiplication and an addition for each channel. Both are worked
    into the kernel and the bias of the convolution before it, so that its pass over the features is saved;
    and of constants, unlike of variables, TensorFlow's CPU kernels keep a copy in the order that suits them.
    `constants` as of `FoldedWeights`.
    """
    folded = FoldedWeights(constants)
    token = _FOLDED.set(folded)
    try:
        yield folded
    finally:
        _FOLDED.reset(token)


def _apply_folded(layers: Sequence[keras.layers.Layer], features: tf.Tensor, folded: FoldedWeights) -> tf.Tensor:
    followers = [*layers[1:], None][: len(layers)]
    for layer, follower in zip(layers, followers, strict=True):
        if isinstance(layer, _CONVOLUTIONS):
            norm = follower if isinstance(follower, keras.layers.BatchNormalization) else None
            features = _folded_convolution(layer, norm, features, folded)
        elif not isinstance(layer, keras.layers.BatchNormalization):
            features = layer(features)
    return features


def _folded_convolution(
    layer: keras.layers.Layer,
    norm: keras.layers.BatchNormalization | None,
    features: tf.Tensor,
    folded: FoldedWeights,
) -> tf.Tensor:
    # Convolution is linear: norm(x * kernel + bias) = x * (kernel · scale) + (bias · scale + offset).
    kernel_norm = norm if norm is not None and folded.takes_scale(layer, norm) else None

    def scaled(kernel: tf.Variable, shape: Sequence[int] = (-1,)) -> tf.Tensor:
        return tf.identity(kernel) if kernel_norm is None else kernel * tf.reshape(_affine(kernel_norm)[0], shape)

    def bias() -> tf.Tensor:
        scale, offset = _affine(norm) if norm is not None else (tf.constant(1.0), tf.constant(0.0))
        return offset if layer.bias is None else layer.bias * scale + offset

    padding, strides = layer.padding.upper(), layer.strides
    key, norm_key = (id(layer), id(kernel_norm)), (id(layer), id(norm))
    depthwise, kernel = getattr(layer, "depthwise_kernel", None), getattr(layer, "kernel", None)
    if isinstance(layer, keras.layers.SeparableConv2D):
        kernel, depthwise_kernel = layer.pointwise_kernel, folded.hold((*key, 0), lambda: tf.identity(depthwise))
    elif depthwise is not None:
        kernel, depthwise_kernel = None, folded.hold((*key, 0), lambda: scaled(depthwise, (-1, 1)))
    if depthwise is not None:
        features = tf.nn.depthwise_conv2d(features, depthwise_kernel, [1, *strides, 1], padding)
        strides = 1
    if kernel is not None:
        features = tf.nn.conv2d(features, folded.hold((*key, 1), lambda: scaled(kernel)), strides, padding)
    if kernel_norm is not norm:
        features *= folded.hold((*norm_key, 3), lambda: _affine(norm)[0])
    offset = folded.hold((*norm_key, 2), bias)
    return tf.nn.bias_add(features, offset) if offset.shape else features


def _affine(norm: keras.layers.BatchNormalization) -> tuple[tf.Tensor, tf.Tensor]:
    """Scale and offset `[D]` that normalisation with its stored statistics amounts to."""
    scale = tf.math.rsqrt(norm.moving_variance + norm.epsilon)
    if norm.gamma is not None:
        scale *= norm.gamma
    offset = -norm.moving_mean * scale
    return scale, offset if norm.beta is None else offset + norm.beta
