"""Lists of layers: run plainly, run fast in training, run folded for exported models, named for checkpoints."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import tensorflow as tf
import tf_keras as keras

from tfod.models.training_kernels import (
    biased_conv,
    depthwise_conv,
    normalized_pointwise,
    suits_biased_conv,
    suits_depthwise,
    suits_normalized_pointwise,
)

__all__ = ["apply_layers", "folded_weights", "name_layers_with_weights"]

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)
_KNOWING_TRAINING = (keras.layers.BatchNormalization, keras.layers.Dropout)
_WITH_WEIGHTS = (*_CONVOLUTIONS, keras.layers.BatchNormalization)

_FOLDED: ContextVar[bool] = ContextVar("folded", default=False)


def apply_layers(layers: Sequence[keras.layers.Layer], features: tf.Tensor, *, training: bool) -> tf.Tensor:
    """Runs features through layers, one after the other; few of them have to know whether they train."""
    if _FOLDED.get() and not training:
        return _apply_folded(layers, features)
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
            features = normalized_pointwise(layer, remaining.pop(0), features)
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


@contextmanager
def folded_weights() -> Iterator[None]:
    """Functions that are traced inside hold the present weights as constants, for inference alone.

    Normalisation with stored statistics is a multiplication and an addition for each channel. Both are worked
    into the kernel and the bias of the convolution before it, so that its pass over the features is saved;
    and of constants, unlike of variables, TensorFlow's CPU kernels keep a copy in the order that suits them.
    """
    token = _FOLDED.set(True)
    try:
        yield
    finally:
        _FOLDED.reset(token)


def _apply_folded(layers: Sequence[keras.layers.Layer], features: tf.Tensor) -> tf.Tensor:
    followers = [*layers[1:], None][: len(layers)]
    for layer, follower in zip(layers, followers, strict=True):
        if isinstance(layer, _CONVOLUTIONS):
            norm = follower if isinstance(follower, keras.layers.BatchNormalization) else None
            features = _folded_convolution(layer, norm, features)
        elif not isinstance(layer, keras.layers.BatchNormalization):
            features = layer(features)
    return features


def _folded_convolution(
    layer: keras.layers.Layer, norm: keras.layers.BatchNormalization | None, features: tf.Tensor
) -> tf.Tensor:
    # Convolution is linear: norm(x * kernel + bias) = x * (kernel · scale) + (bias · scale + offset).
    with tf.init_scope():
        scale, offset = _affine(norm) if norm is not None else (tf.constant(1.0), tf.constant(0.0))
        bias = offset if layer.bias is None else layer.bias * scale + offset
        depthwise = getattr(layer, "depthwise_kernel", None)
        if depthwise is None:
            kernel = (layer.kernel * scale).numpy()
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            kernel, depthwise = None, (depthwise * tf.reshape(scale, [-1, 1])).numpy()
        else:
            kernel, depthwise = (layer.pointwise_kernel * scale).numpy(), depthwise.numpy()
        bias = bias.numpy()
    padding, strides = layer.padding.upper(), layer.strides
    if depthwise is not None:
        features = tf.nn.depthwise_conv2d(features, depthwise, [1, *strides, 1], padding)
        strides = 1
    if kernel is not None:
        features = tf.nn.conv2d(features, kernel, strides, padding)
    return tf.nn.bias_add(features, bias) if bias.ndim else features


def _affine(norm: keras.layers.BatchNormalization) -> tuple[tf.Tensor, tf.Tensor]:
    """Scale and offset `[D]` that normalisation with its stored statistics amounts to."""
    scale = tf.math.rsqrt(norm.moving_variance + norm.epsilon)
    if norm.gamma is not None:
        scale *= norm.gamma
    offset = -norm.moving_mean * scale
    return scale, offset if norm.beta is None else offset + norm.beta
