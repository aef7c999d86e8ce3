"""Lists of layers: run for training and evaluation, run folded for exported models, named for checkpoints."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import tensorflow as tf
import tf_keras as keras

__all__ = ["apply_layers", "folded_weights", "name_layers_with_weights"]

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)

_FOLDED: ContextVar[bool] = ContextVar("folded", default=False)


def apply_layers(layers: Sequence[keras.layers.Layer], features: tf.Tensor, *, training: bool) -> tf.Tensor:
    """Runs features through layers, one after the other; only normalisation has to know whether they train."""
    if _FOLDED.get() and not training:
        return _apply_folded(layers, features)
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            features = layer(features, training=training)
        else:
            features = layer(features)
    return features


def name_layers_with_weights(owner: tf.Module, layers: Sequence[keras.layers.Layer]) -> None:
    """Makes `layers` children of `owner` named `layer_with_weights-0`, `-1`, ..., as Keras names those of a model.

    Checkpoints of the model zoo have these names.
    """
    for number, layer in enumerate(layers):
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
    followers = [*layers[1:], None]
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
