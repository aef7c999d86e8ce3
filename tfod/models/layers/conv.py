"""Convolutions, with the normalisation and activation that follow them."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.models.layers.normalization import BatchNorm

__all__ = ["Activation", "ConvHyperparameters", "L2Regularizer", "Regularizer"]

Activation = Callable[[tf.Tensor], tf.Tensor]


class L2Regularizer:
    """`weight` · ½ Σ w²: what the original's `l2_regularizer` adds to the loss for one kernel."""

    def __init__(self, weight: float) -> None:
        self._weight = weight

    def __call__(self, kernel: tf.Tensor) -> tf.Tensor:
        """The scalar, float32, that a kernel float32 of any shape adds."""
        return self._weight * tf.nn.l2_loss(kernel)


Regularizer = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class ConvHyperparameters:
    """How the convolutions of one part of a network are initialised, regularised, normalised and activated.

    Attributes:
      force_use_bias: Whether convolutions have a bias even where normalisation follows.
      regularize_depthwise: Whether the kernels of depthwise convolutions are regularised.
      slim: Whether they apply as TF-Slim applied them: to every kernel of a depthwise or separable convolution, and
        normalisation takes the place of the bias even if it has no offset itself.
    """

    make_initializer: Callable[[], keras.initializers.Initializer]
    regularizer: Regularizer | None = None
    batch_norm: BatchNorm | None = None
    activation: Activation | None = tf.nn.relu
    force_use_bias: bool = False
    regularize_depthwise: bool = True
    slim: bool = False

    @property
    def use_bias(self) -> bool:
        """Whether a convolution that normalisation follows has a bias of its own."""
        has_offset = self.batch_norm is not None and (self.batch_norm.center or self.slim)
        return self.force_use_bias or not has_offset

    def conv(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        *,
        strides: int = 1,
        padding: str = "same",
        dilation: int = 1,
        use_bias: bool | None = None,
    ) -> keras.layers.Conv2D:
        """A new convolution."""
        return keras.layers.Conv2D(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            dilation_rate=dilation,
            use_bias=self.use_bias if use_bias is None else use_bias,
            kernel_initializer=self.make_initializer(),
            kernel_regularizer=self.regularizer,
        )

    def dense(self, units: int) -> keras.layers.Dense:
        """A new dense layer, without activation."""
        return keras.layers.Dense(
            units,
            use_bias=self.use_bias,
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
        kernel = {} if plain_kernel and not self.slim else {
            "depthwise_initializer": self.make_initializer(),
            "depthwise_regularizer": self.regularizer if self.regularize_depthwise else None,
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
            if applies or self.slim:
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

    def normalization(self) -> list[keras.layers.Layer]:
        """The normalisation after a convolution, in a list that is empty without one."""
        return [self.batch_norm.layer()] if self.batch_norm else []

    def activation_layer(self) -> list[keras.layers.Layer]:
        """The activation after a convolution, in a list that is empty without one."""
        return [keras.layers.Activation(self.activation)] if self.activation else []

    def normalization_and_activation(self) -> list[keras.layers.Layer]:
        """What follows a convolution, as far as there is any."""
        return [*self.normalization(), *self.activation_layer()]
