"""Convolutions, normalisation and activations as a `conv_hyperparams` message describes them."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.errors import ConfigError
from tfod.protos import hyperparams_pb2

__all__ = ["BatchNorm", "ConvHyperparameters", "FreezableBatchNormalization", "L2Regularizer"]

Activation = Callable[[tf.Tensor], tf.Tensor]

_ACTIVATIONS: dict[int, Activation | None] = {
    hyperparams_pb2.Hyperparams.NONE: None,
    hyperparams_pb2.Hyperparams.RELU: tf.nn.relu,
    hyperparams_pb2.Hyperparams.RELU_6: tf.nn.relu6,
    hyperparams_pb2.Hyperparams.SWISH: tf.nn.swish,
}
_MODES = {
    hyperparams_pb2.VarianceScalingInitializer.FAN_IN: "fan_in",
    hyperparams_pb2.VarianceScalingInitializer.FAN_OUT: "fan_out",
    hyperparams_pb2.VarianceScalingInitializer.FAN_AVG: "fan_avg",
}


class FreezableBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation that, when frozen, uses its stored statistics even while the model trains.

    Gamma and beta are trained all the same, as in the original.
    """

    def __init__(self, *, frozen: bool, **settings: object) -> None:
        super().__init__(**settings)
        self._frozen = frozen

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Normalises `[B, H, W, D]`."""
        return super().call(inputs, training=training and not self._frozen)


@dataclass(frozen=True)
class BatchNorm:
    """Settings of batch normalisation; `decay` is the share of the old moving average that a step keeps."""

    decay: float = 0.999
    epsilon: float = 0.001
    center: bool = True
    scale: bool = False
    frozen: bool = False

    def layer(self) -> FreezableBatchNormalization:
        """A new layer."""
        return FreezableBatchNormalization(
            frozen=self.frozen,
            momentum=self.decay,
            epsilon=self.epsilon,
            center=self.center,
            scale=self.scale,
        )


class L2Regularizer:
    """`weight` · ½ Σ w²: what the original's `l2_regularizer` adds to the loss for one kernel."""

    def __init__(self, weight: float) -> None:
        self._weight = weight

    def __call__(self, kernel: tf.Tensor) -> tf.Tensor:
        """The scalar that a kernel adds."""
        return self._weight * tf.nn.l2_loss(kernel)


Regularizer = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class ConvHyperparameters:
    """How the convolutions of one part of a network are initialised, regularised, normalised and activated."""

    make_initializer: Callable[[], keras.initializers.Initializer]
    regularizer: Regularizer | None = None
    batch_norm: BatchNorm | None = None
    activation: Activation | None = tf.nn.relu
    force_use_bias: bool = False

    @classmethod
    def from_config(
        cls, config: hyperparams_pb2.Hyperparams, *, freeze_batch_norm: bool = False
    ) -> "ConvHyperparameters":
        """From a `conv_hyperparams` message. Raises ConfigError for normalisers that do not exist here yet."""
        normalizer = config.WhichOneof("normalizer_oneof")
        if normalizer not in (None, "batch_norm"):
            raise ConfigError(f"the normaliser {normalizer} is not available", "conv_hyperparams", "use batch_norm")
        return cls(
            make_initializer=_initializer_maker(config.initializer),
            regularizer=_regularizer(config.regularizer),
            batch_norm=_batch_norm(config.batch_norm, freeze_batch_norm) if normalizer else None,
            activation=_ACTIVATIONS[config.activation],
            force_use_bias=config.force_use_bias,
        )

    @property
    def use_bias(self) -> bool:
        """Whether a convolution that normalisation follows has a bias of its own."""
        return self.force_use_bias or self.batch_norm is None or not self.batch_norm.center

    def conv(
        self, filters: int, kernel_size: int, *, strides: int = 1, use_bias: bool | None = None
    ) -> keras.layers.Conv2D:
        """A new convolution with 'same' padding."""
        return keras.layers.Conv2D(
            filters,
            kernel_size,
            strides=strides,
            padding="same",
            use_bias=self.use_bias if use_bias is None else use_bias,
            kernel_initializer=self.make_initializer(),
            kernel_regularizer=self.regularizer,
        )

    def depthwise_conv(self, kernel_size: int, *, strides: int = 1) -> keras.layers.DepthwiseConv2D:
        """A new depthwise convolution with 'same' padding."""
        return keras.layers.DepthwiseConv2D(
            kernel_size,
            strides=strides,
            padding="same",
            use_bias=self.use_bias,
            depthwise_initializer=self.make_initializer(),
            depthwise_regularizer=self.regularizer,
        )

    def separable_conv(
        self,
        filters: int,
        kernel_size: int,
        *,
        strides: int = 1,
        use_bias: bool | None = None,
        depthwise: bool = True,
        pointwise: bool = False,
    ) -> keras.layers.SeparableConv2D:
        """A new depthwise-separable convolution with 'same' padding.

        `depthwise` and `pointwise` say which of its two kernels these hyperparameters apply to; the other is
        initialised by Glorot's rule and not regularised.
        """
        settings: dict[str, object] = {}
        for part, applies in (("depthwise", depthwise), ("pointwise", pointwise)):
            if applies:
                settings[f"{part}_initializer"] = self.make_initializer()
                settings[f"{part}_regularizer"] = self.regularizer
        return keras.layers.SeparableConv2D(
            filters,
            kernel_size,
            strides=strides,
            padding="same",
            use_bias=self.use_bias if use_bias is None else use_bias,
            **settings,
        )

    def normalization_and_activation(self) -> list[keras.layers.Layer]:
        """What follows a convolution: batch normalisation, if any, and the activation."""
        layers: list[keras.layers.Layer] = [self.batch_norm.layer()] if self.batch_norm else []
        return [*layers, keras.layers.Activation(self.activation or "linear")]


def _batch_norm(config: hyperparams_pb2.BatchNorm, freeze: bool) -> BatchNorm:
    return BatchNorm(
        decay=config.decay,
        epsilon=config.epsilon,
        center=config.center,
        scale=config.scale,
        frozen=freeze or not config.train,
    )


def _regularizer(config: hyperparams_pb2.Regularizer) -> Regularizer | None:
    kind = config.WhichOneof("regularizer_oneof")
    if kind == "l2_regularizer":
        return L2Regularizer(config.l2_regularizer.weight) if config.l2_regularizer.weight else None
    if kind == "l1_regularizer":
        return keras.regularizers.L1(config.l1_regularizer.weight)
    return None


def _initializer_maker(config: hyperparams_pb2.Initializer) -> Callable[[], keras.initializers.Initializer]:
    # A maker, not an initializer: Keras warns of one unseeded object that initialises several kernels, because
    # it could give all of them the same values.
    kind = config.WhichOneof("initializer_oneof")
    if kind == "truncated_normal_initializer":
        normal = config.truncated_normal_initializer
        return lambda: keras.initializers.TruncatedNormal(normal.mean, normal.stddev)
    if kind == "random_normal_initializer":
        random_normal = config.random_normal_initializer
        return lambda: keras.initializers.RandomNormal(random_normal.mean, random_normal.stddev)
    if kind == "variance_scaling_initializer":
        scaling = config.variance_scaling_initializer
        distribution = "uniform" if scaling.uniform else "truncated_normal"
        return lambda: keras.initializers.VarianceScaling(scaling.factor, _MODES[scaling.mode], distribution)
    if kind == "keras_initializer_by_name":
        return lambda: keras.initializers.get(config.keras_initializer_by_name)
    return keras.initializers.GlorotUniform
