"""Layers written for the speed of a training step on CPUs, and the pass that puts them into a finished model.

They compute what Keras' layers compute, to the rounding of float32, with the same variables. Letters: `B` images,
`H W` pixels, `N` = B · H · W, `C` and `D` channels of inputs and outputs.
"""

from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf
import tf_keras as keras

from tfod.losses.compiler import wake_compiler
from tfod.models.layers.conv import Activation
from tfod.models.layers.sequential import Step, plain_step, sequences_of

__all__ = [
    "biased_conv",
    "depthwise_conv",
    "fusible_activation",
    "normalized_pointwise",
    "suits_biased_conv",
    "suits_depthwise",
    "suits_normalized_pointwise",
    "suits_swish",
    "swish",
    "use_cpu_kernels",
]

# An input channel costs two multiplications with each other one, an output channel eight passes over memory less. On
# the CPUs measured both cost the same where C² = 45 · D.
_CHANNELS_SQUARED_TO_OUTPUTS = 45

# Activations that TensorFlow works into the convolution before them, with their gradients as functions of the output.
_ACTIVATION_GRADIENTS = {tf.nn.relu: tf.raw_ops.ReluGrad, tf.nn.relu6: tf.raw_ops.Relu6Grad}


def use_cpu_kernels(model: tf.Module, *, same_statistics: bool = False) -> None:
    """Lets the sequences of a finished model train with the kernels below, wherever these suit.

    Detection, where nothing trains, goes on as the layers themselves compute it.

    Args:
      same_statistics: Whether the statistics of a batch must be TensorFlow's to the last digit, so that they are
        measured by its own kernel: a tenth of a step of MobileNetV2. Where an image has flat areas, that digit can move
        gradients by percents.
    """
    for sequence in sequences_of(model):
        sequence.steps = tuple(_fast_steps(sequence.layers, same_statistics))


def _fast_steps(layers: Sequence[keras.layers.Layer], same_statistics: bool) -> Iterator[Step]:
    remaining = list(layers)
    while remaining:
        layer, follower = remaining.pop(0), remaining[0] if remaining else None
        if not same_statistics and suits_normalized_pointwise(layer, follower):
            norm = remaining.pop(0)
            activation = remaining.pop(0) if remaining and fusible_activation(remaining[0]) else None
            yield _normalized_pointwise_step(layer, norm, activation)
        elif suits_biased_conv(layer):
            yield _training_step(layer, biased_conv)
        elif suits_depthwise(layer):
            yield _training_step(layer, _depthwise_layer)
        elif suits_swish(layer):
            yield _training_step(layer, lambda _, features: swish(features))
        else:
            yield plain_step(layer)


def _training_step(layer: keras.layers.Layer, fast: Callable[[keras.layers.Layer, tf.Tensor], tf.Tensor]) -> Step:
    return lambda features, training: fast(layer, features) if training else layer(features)


def _normalized_pointwise_step(
    conv: keras.layers.Layer, norm: keras.layers.Layer, activation: keras.layers.Layer | None
) -> Step:
    activate = fusible_activation(activation) if activation is not None else None

    def step(features: tf.Tensor, training: bool) -> tf.Tensor:
        if training:
            return normalized_pointwise(conv, norm, features, activate)
        normalized = norm(conv(features), training=False)
        return normalized if activation is None else activation(normalized)

    return step


def _depthwise_layer(layer: keras.layers.Layer, features: tf.Tensor) -> tf.Tensor:
    features = depthwise_conv(features, layer.depthwise_kernel)
    if isinstance(layer, keras.layers.SeparableConv2D):
        features = tf.nn.conv2d(features, layer.pointwise_kernel, 1, "SAME")
    return features if layer.bias is None else _add_bias(features, tf.identity(layer.bias))


def suits_normalized_pointwise(conv: keras.layers.Layer, norm: keras.layers.Layer | None) -> bool:
    """Whether `normalized_pointwise` can stand for two layers, whose variables exist, and is worth it."""
    return (
        type(conv) is keras.layers.Conv2D
        and isinstance(norm, keras.layers.BatchNormalization)
        and conv.kernel_size == conv.strides == (1, 1)
        and conv.bias is None
        and norm.gamma is not None
        and norm.beta is not None
        and not norm.synchronized
        and not getattr(norm, "frozen", False)
        and conv.compute_dtype == tf.float32
        and conv.kernel.shape[2] ** 2 <= _CHANNELS_SQUARED_TO_OUTPUTS * conv.kernel.shape[3]
    )


def fusible_activation(layer: keras.layers.Layer) -> Activation | None:
    """What the layer computes, if it is an activation that `normalized_pointwise` can take in; else None."""
    fits = type(layer) is keras.layers.Activation and layer.activation in _ACTIVATION_GRADIENTS
    return layer.activation if fits else None


def normalized_pointwise(
    conv: keras.layers.Conv2D,
    norm: keras.layers.BatchNormalization,
    features: tf.Tensor,
    activation: Activation | None = None,
) -> tf.Tensor:
    """A 1x1 convolution and batch normalisation with the statistics of the batch, which updates its averages.

    The convolution is linear, so its statistics follow from those of its input: for a kernel W, the input's mean μ
    and its covariance Σ the output has the mean Wᵀμ and the variance diag(Wᵀ Σ W). Where the output is much wider
    than the input (six times, in MobileNetV2) that is far less work than to measure the output, and with them known
    the normalisation can be worked into kernel and bias. What was eight passes over the wide output, forward and
    backward, is none; and an activation here, not after, costs no pass of its own.

    Args:
      features: float32 `[B, H, W, C]`.
      activation: What `fusible_activation` gave of the layer that follows.

    Returns:
      float32 `[B, H, W, D]`, normalised and activated.
    """
    channels = conv.kernel.shape[2:]
    compute = tf.custom_gradient(lambda *tensors: _normalized_pointwise(norm.epsilon, activation, *tensors))
    normalized, mean, variance = compute(
        features, tf.reshape(conv.kernel, channels), tf.identity(norm.gamma), tf.identity(norm.beta)
    )
    count = tf.cast(tf.size(features) // channels[0], tf.float32)
    # As TensorFlow's fused kernel: the batch is normalised by its variance, the average gets the unbiased estimate.
    for average, value in ((norm.moving_mean, mean), (norm.moving_variance, variance * count / (count - 1.0))):
        average.assign_sub((average - value) * (1.0 - norm.momentum))
    return normalized


def _normalized_pointwise(
    epsilon: float,
    activation: Activation | None,
    features: tf.Tensor,
    kernel: tf.Tensor,
    gamma: tf.Tensor,
    beta: tf.Tensor,
) -> tuple[tuple[tf.Tensor, tf.Tensor, tf.Tensor], object]:
    rows = tf.reshape(features, [-1, kernel.shape[0]])  # [N, C]
    count = tf.cast(tf.shape(rows)[0], tf.float32)
    mean = _column_sums(rows) / count  # [1, C]
    centered = rows - mean
    covariance_kernel = tf.matmul(tf.matmul(centered, centered, transpose_a=True) / count, kernel)  # Σ W
    variance = tf.reduce_sum(kernel * covariance_kernel, axis=0)  # [D]
    inverse = tf.math.rsqrt(variance + epsilon)
    scaled = kernel * (gamma * inverse)
    filters, pixels = scaled[tf.newaxis, tf.newaxis], tf.reshape(centered, tf.shape(features))
    output = tf.nn.bias_add(tf.nn.conv2d(tf.ensure_shape(pixels, features.shape), filters, 1, "SAME"), beta)
    output = activation(output) if activation else output

    def gradient(upstream: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, ...]:
        if activation:
            upstream = _ACTIVATION_GRADIENTS[activation](gradients=upstream, features=output)
        # With s = γ / √(variance + ε) the output is centered · (W s) + β. Its gradient reaches W, γ and the input
        # directly and, through the variance, once more; μ is subtracted from the input, and so from its gradient.
        back = tf.reshape(upstream, [-1, kernel.shape[1]])  # [N, D]
        scaled_gradient = tf.matmul(centered, back, transpose_a=True)
        beta_gradient = _column_sums(back)
        factor_gradient = tf.reduce_sum(kernel * scaled_gradient, axis=0)
        variance_gradient = -0.5 * factor_gradient * gamma * inverse**3
        kernel_gradient = scaled_gradient * (gamma * inverse) + 2.0 * covariance_kernel * variance_gradient
        through_variance = 2.0 / count * tf.matmul(kernel * variance_gradient, kernel, transpose_b=True)  # [C, C]
        through_mean = -tf.matmul(beta_gradient, scaled, transpose_b=True) / count  # [1, C]
        direct = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(features), filter=filters, out_backprop=upstream, strides=[1] * 4, padding="SAME"
        )
        indirect = tf.nn.bias_add(tf.matmul(centered, through_variance), through_mean[0])
        features_gradient = direct + tf.reshape(indirect, tf.shape(features))
        return features_gradient, kernel_gradient, factor_gradient * inverse, beta_gradient[0]

    return (output, tf.reshape(tf.matmul(mean, kernel), [-1]), variance), gradient


def _column_sums(rows: tf.Tensor) -> tf.Tensor:
    """The sums `[1, D]` of `[N, D]`; a multiplication of matrices takes half the time of a reduction here."""
    return tf.matmul(tf.ones([1, tf.shape(rows)[0]]), rows)


def suits_biased_conv(conv: keras.layers.Layer) -> bool:
    """Whether `biased_conv` can stand for a layer."""
    return (
        type(conv) is keras.layers.Conv2D
        and conv.bias is not None
        and conv.dilation_rate == (1, 1)
        and conv.compute_dtype == tf.float32
    )


def biased_conv(conv: keras.layers.Conv2D, features: tf.Tensor) -> tf.Tensor:
    """A convolution with a bias, of features float32 `[B, H, W, C]`, to float32 `[B, H', W', D]`.

    TensorFlow would compute the gradients of kernel and bias in one operation, which takes longer than the two.
    """
    output = tf.nn.conv2d(features, conv.kernel, conv.strides, conv.padding.upper())
    return _add_bias(output, tf.identity(conv.bias))


@tf.custom_gradient
def _add_bias(features: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, object]:
    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return upstream, _column_sums(tf.reshape(upstream, [-1, bias.shape[0]]))[0]

    return tf.nn.bias_add(features, bias), gradient


def suits_depthwise(conv: keras.layers.Layer) -> bool:
    """Whether `depthwise_conv` can stand for the depthwise part of a layer."""
    return (
        isinstance(conv, keras.layers.DepthwiseConv2D | keras.layers.SeparableConv2D)
        and conv.compute_dtype == tf.float32
        and conv.strides == conv.dilation_rate == (1, 1)
        and conv.padding == "same"
        and all(side % 2 for side in conv.kernel_size)
    )


@tf.custom_gradient
def depthwise_conv(features: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, object]:
    """A depthwise convolution of stride 1 with 'same' padding, and a kernel float32 `[K, K, C, 1]` of odd sides.

    Features are float32 `[B, H, W, C]` before and after.

    The gradient of its input is the same convolution with the kernel turned by half a circle, and TensorFlow's
    convolution takes half the time of TensorFlow's gradient.
    """

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        kernel_gradient = (
            _gradient_of_5x5(features, upstream)
            if kernel.shape[:2] == (5, 5)
            else _kernel_gradient(features, upstream, kernel.shape[0], "SAME")
        )
        return tf.nn.depthwise_conv2d(upstream, tf.reverse(kernel, [0, 1]), _ONES, "SAME"), kernel_gradient

    return tf.nn.depthwise_conv2d(features, kernel, _ONES, "SAME"), gradient


_ONES = [1, 1, 1, 1]


def _kernel_gradient(features: tf.Tensor, upstream: tf.Tensor, side: int, padding: str) -> tf.Tensor:
    sizes = [side, side, features.shape[3], 1]
    return tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
        input=features, filter_sizes=sizes, out_backprop=upstream, strides=_ONES, padding=padding
    )


def _gradient_of_5x5(features: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
    """That of a kernel `[5, 5, C, 1]`, put together from those of four kernels of 3x3, which take a quarter of its
    time: those in its corners, of which neighbours share a row or a column."""
    height, width = tf.unstack(tf.shape(features)[1:3])
    surrounded = tf.pad(features, [[0, 0], [2, 2], [2, 2], [0, 0]])

    def corner(row: int, column: int) -> tf.Tensor:
        seen = surrounded[:, row : row + height + 2, column : column + width + 2]
        return _kernel_gradient(seen, upstream, 3, "VALID")

    rows = [tf.concat([corner(row, 0), corner(row, 2)[:, 1:]], axis=1) for row in (0, 2)]
    return tf.concat([rows[0], rows[1][1:]], axis=0)


def suits_swish(layer: keras.layers.Layer) -> bool:
    """Whether `swish` can stand for a layer."""
    return (
        type(layer) is keras.layers.Activation and layer.activation is tf.nn.silu and layer.compute_dtype == tf.float32
    )


@tf.custom_gradient
def swish(features: tf.Tensor) -> tuple[tf.Tensor, object]:
    """x σ(x) of features, float32 `[B, H, W, C]`; only these are kept for its gradient."""

    def derivative(features: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        sigmoid = tf.sigmoid(features)
        return upstream * sigmoid * (1.0 + features * (1.0 - sigmoid))

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        # One pass over memory instead of six. Each shape is compiled, so they must not vary, and be worth it.
        fuse = features.shape.is_fully_defined() and features.shape.num_elements() >= _WORTH_COMPILING
        if fuse:
            wake_compiler()
        with tf.control_dependencies([upstream]):  # not before it is needed, since it takes memory
            return tf.function(derivative, autograph=False, jit_compile=fuse)(features, upstream)

    return features * tf.sigmoid(features), gradient


_WORTH_COMPILING = 100_000  # numbers
