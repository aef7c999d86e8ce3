"""The predictor of SSD (https://arxiv.org/abs/1512.02325): each feature map has convolutions of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.models.heads.box_predictor import clipper, dropout_layers, per_anchor
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.sequential import Sequential

__all__ = ["ConvolutionalPredictor", "ConvolutionalSettings"]


@dataclass(frozen=True)
class ConvolutionalSettings:
    """What there is to choose.

    Attributes:
      kernel_size: Of the heads.
      num_layers: 1x1 convolutions before the heads.
      min_depth: The least channels of these, and `max_depth` the most; between them they have the feature map's.
      class_bias: The initial bias of the class head.
      separable: Whether the heads are depthwise-separable.
      dropout: The share that is dropped before the class head, in [0, 1).
      clip_range: To what box codes are clipped; None for not at all.
    """

    kernel_size: int = 1
    num_layers: int = 0
    min_depth: int = 0
    max_depth: int = 0
    class_bias: float = 0.0
    separable: bool = False
    dropout: float = 0.0
    clip_range: tuple[float, float] | None = None


class ConvolutionalPredictor(tf.Module):
    """See BoxPredictor: for each feature map 1x1 convolutions, if any, then a head for boxes and one for classes.

    Args:
      depths: Channels of each feature map.
      anchors_per_cell: Boxes at one cell, for each feature map.
      code_size: Numbers that a box code has.
      class_slots: Class columns.

    Attributes:
      shared: For each feature map the convolutions before both heads.
      box_heads, class_heads: For each feature map the head.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        settings: ConvolutionalSettings,
        *,
        depths: Sequence[int],
        anchors_per_cell: Sequence[int],
        code_size: int,
        class_slots: int,
    ) -> None:
        super().__init__(name="box_predictor")
        self._hyperparameters = hyperparameters
        self._settings = settings
        self._slots = code_size, class_slots
        self._clip = clipper(settings.clip_range)
        self.shared = [Sequential(self._shared_layers(depth)) for depth in depths]
        self.box_heads = [Sequential(self._head_layers(anchors * code_size)) for anchors in anchors_per_cell]
        self.class_heads = [Sequential(self._class_layers(anchors * class_slots)) for anchors in anchors_per_cell]

    def __call__(self, features: Sequence[tf.Tensor], *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """See BoxPredictor."""
        code_size, class_slots = self._slots
        codes, logits = [], []
        for level, layers, boxes, classes in zip(features, self.shared, self.box_heads, self.class_heads, strict=True):
            shared = layers(level, training=training)
            codes.append(self._clip(per_anchor(boxes(shared, training=training), code_size)))
            logits.append(per_anchor(classes(shared, training=training), class_slots))
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
