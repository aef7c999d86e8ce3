"""Convolutions, normalisation and activations as a `conv_hyperparams` message describes them."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.protos import hyperparams_pb2

__all__ = ["Activation", "BatchNorm", "ConvHyperparameters", "FreezableBatchNormalization", "L2Regularizer"]

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
        self.frozen = frozen

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Normalises `[B, H, W, D]`."""
        return super().call(inputs, training=training and not self.frozen)


@dataclass(frozen=True)
class BatchNorm:
    """Settings of batch normalisation; `decay` is the share of the old moving average that a step keeps.

    `synchronized` takes the statistics of the whole batch where it is divided among several devices.
    """

    decay: float = 0.999
    epsilon: float = 0.001
    center: bool = True
    scale: bool = False
    frozen: bool = False
    synchronized: bool = False

    def layer(self) -> FreezableBatchNormalization:
        """A new layer."""
        return FreezableBatchNormalization(
            frozen=self.frozen,
            momentum=self.decay,
            epsilon=self.epsilon,
            center=self.center,
            scale=self.scale,
            synchronized=self.synchronized,
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
        """From a `conv_hyperparams` message. `group_norm` gives no normalisation at all, as in the original."""
        normalizer = config.WhichOneof("normalizer_oneof")
        batch_norm = None
        if normalizer in ("batch_norm", "sync_batch_norm"):
            batch_norm = _batch_norm(
                getattr(config, normalizer), freeze_batch_norm, synchronized=normalizer == "sync_batch_norm"
            )
        return cls(
            make_initializer=_initializer_maker(config.initializer),
            regularizer=_regularizer(config.regularizer),
            batch_norm=batch_norm,
            activation=_ACTIVATIONS[config.activation],
            force_use_bias=config.force_use_bias,
        )

    @property
    def use_bias(self) -> bool:
        """Whether a convolution that normalisation follows has a bias of its own."""
        return self.force_use_bias or self.batch_norm is None or not self.batch_norm.center

    def conv(
        self, filters: int, kernel_size: int, *, strides: int = 1, padding: str = "same", use_bias: bool | None = None
    ) -> keras.layers.Conv2D:
        """A new convolution."""
        return keras.layers.Conv2D(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            use_bias=self.use_bias if use_bias is None else use_bias,
            kernel_initializer=self.make_initializer(),
            kernel_regularizer=self.regularizer,
        )

    def depthwise_conv(
        self,
        kernel_size: int,
        *,
        strides: int = 1,
        padding: str = "same",
        use_bias: bool | None = None,
        plain_kernel: bool = False,
    ) -> keras.layers.DepthwiseConv2D:
        """A new depthwise convolution. A `plain_kernel` is initialised by Glorot's rule and not regularised."""
        kernel = {} if plain_kernel else {
            "depthwise_initializer": self.make_initializer(),
            "depthwise_regularizer": self.regularizer,
        }  # fmt: skip
        return keras.layers.DepthwiseConv2D(
            kernel_size,
            strides=strides,
            padding=padding,
            use_bias=self.use_bias if use_bias is None else use_bias,
            **kernel,
        )

    def separable_conv(
        self,
        filters: int,
        kernel_size: int,
        *,
        strides: int = 1,
        padding: str = "same",
        use_bias: bool | None = None,
        depthwise: bool = True,
        pointwise: bool = False,
    ) -> keras.layers.SeparableConv2D:
        """A new depthwise-separable convolution.

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
            padding=padding,
            use_bias=self.use_bias if use_bias is None else use_bias,
            **settings,
        )

    def normalization_and_activation(self) -> list[keras.layers.Layer]:
        """The two layers that follow a convolution; one without a normaliser, or an activation, changes nothing.

        Two in any case: checkpoints count the layers of a list.
        """
        identity = "linear"
        normalization = self.batch_norm.layer() if self.batch_norm else keras.layers.Activation(identity)
        return [normalization, keras.layers.Activation(self.activation or identity)]


def _batch_norm(config: hyperparams_pb2.BatchNorm, freeze: bool, *, synchronized: bool) -> BatchNorm:
    return BatchNorm(
        decay=config.decay,
        epsilon=config.epsilon,
        center=config.center,
        scale=config.scale,
        frozen=freeze,  # `train` has no effect, as in the original: freeze_batchnorm of the model freezes
        synchronized=synchronized,
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
