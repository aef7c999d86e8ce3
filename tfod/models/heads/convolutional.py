"""The predictor of SSD (https://arxiv.org/abs/1512.02325): each feature map has convolutions of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.errors import ConfigError
from tfod.models.heads.head import BOX_LAYERS, CLASS_LAYERS, Head, clip_from_config, clipper, dropout_layers
from tfod.models.hyperparameters import ConvHyperparameters
from tfod.models.layer_list import apply_layers
from tfod.names import BOX_ENCODINGS, CLASS_PREDICTIONS
from tfod.protos import box_predictor_pb2

__all__ = ["ConvolutionalPredictor", "ConvolutionalSettings"]

_WHERE = "model.ssd.box_predictor.convolutional_box_predictor"


@dataclass(frozen=True)
class ConvolutionalSettings:
    """What the message `convolutional_box_predictor` says besides its `conv_hyperparams`."""

    kernel_size: int = 1
    num_layers: int = 0
    min_depth: int = 0
    max_depth: int = 0
    class_bias: float = 0.0
    separable: bool = False
    dropout: float = 0.0
    clip_range: tuple[float, float] | None = None

    @classmethod
    def from_config(cls, config: box_predictor_pb2.ConvolutionalBoxPredictor) -> "ConvolutionalSettings":
        """From the message. Raises ConfigError for settings that contradict each other."""
        if config.min_depth > config.max_depth:
            what = f"min_depth {config.min_depth} is above max_depth {config.max_depth}"
            raise ConfigError(what, f"{_WHERE}.min_depth", "lower min_depth, or raise max_depth")
        if config.use_depthwise and config.kernel_size == 1:
            what = "a depthwise convolution of 1 x 1 does nothing"
            raise ConfigError(what, f"{_WHERE}.kernel_size", "set kernel_size: 3, or use_depthwise: false")
        return cls(
            kernel_size=config.kernel_size,
            num_layers=config.num_layers_before_predictor,
            min_depth=config.min_depth,
            max_depth=config.max_depth,
            class_bias=config.class_prediction_bias_init,
            separable=config.use_depthwise,
            dropout=1.0 - config.dropout_keep_probability if config.use_dropout else 0.0,
            clip_range=clip_from_config(config),
        )


class ConvolutionalPredictor(tf.Module):
    """For each feature map 1x1 convolutions, if any, then a head for box codes and one for classes.

    Attribute names and the shape of the lists are the original's, because checkpoints have them.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        settings: ConvolutionalSettings,
        *,
        anchors_per_cell: Sequence[int],
        code_size: int,
        class_slots: int,
    ) -> None:
        super().__init__(name="box_predictor")
        self._hyperparameters = hyperparameters
        self._settings = settings
        clip = clipper(settings.clip_range)
        self._prediction_heads = {
            BOX_ENCODINGS: [
                Head(BOX_LAYERS, self._head_layers(anchors * code_size), code_size, clip)
                for anchors in anchors_per_cell
            ],
            CLASS_PREDICTIONS: [
                Head(CLASS_LAYERS, self._class_layers(anchors * class_slots), class_slots)
                for anchors in anchors_per_cell
            ],
        }
        self._shared_nets: list[list[keras.layers.Layer]] = []

    def __call__(self, features: Sequence[tf.Tensor], *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """See BoxPredictor."""
        if not self._shared_nets:
            self._shared_nets = [self._shared_layers(level.shape[-1]) for level in features]
        codes, logits = [], []
        box_heads, class_heads = self._prediction_heads[BOX_ENCODINGS], self._prediction_heads[CLASS_PREDICTIONS]
        for level, layers, boxes, classes in zip(features, self._shared_nets, box_heads, class_heads, strict=True):
            shared = apply_layers(layers, level, training=training)
            codes.append(boxes(shared, training=training))
            logits.append(classes(shared, training=training))
        return tf.concat(codes, axis=1), tf.concat(logits, axis=1)

    def _shared_layers(self, channels: int) -> list[keras.layers.Layer]:
        hp, settings = self._hyperparameters, self._settings
        depth = max(min(channels, settings.max_depth), settings.min_depth)
        layers: list[keras.layers.Layer] = []
        for _ in range(settings.num_layers if depth > 0 else 0):
            layers += [hp.conv(depth, 1), *hp.normalization_and_activation()]
        return layers

    def _class_layers(self, filters: int) -> list[keras.layers.Layer]:
        layers = self._head_layers(filters)
        if not self._settings.separable:  # the original forgets the bias there
            layers[-1].bias_initializer = keras.initializers.Constant(self._settings.class_bias)
        return [*dropout_layers(self._settings.dropout), *layers]

    def _head_layers(self, filters: int) -> list[keras.layers.Layer]:
        hp, settings = self._hyperparameters, self._settings
        if not settings.separable:
            return [hp.conv(filters, settings.kernel_size, use_bias=True)]
        depthwise = hp.depthwise_conv(settings.kernel_size, plain_kernel=True)
        return [depthwise, *hp.normalization_and_activation(), hp.conv(filters, 1, use_bias=True)]
