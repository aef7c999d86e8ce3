"""The predictor of RetinaNet (https://arxiv.org/abs/1708.02002): one small network looks at all feature levels."""

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.models.hyperparameters import ConvHyperparameters
from tfod.models.layer_list import apply_layers
from tfod.names import BOX_ENCODINGS, CLASS_PREDICTIONS
from tfod.protos import box_predictor_pb2

__all__ = ["WeightSharedPredictor", "WeightSharedSettings"]

_CODE_SIZE = 4


@dataclass(frozen=True)
class WeightSharedSettings:
    """What the message `weight_shared_convolutional_box_predictor` says besides its `conv_hyperparams`."""

    depth: int
    num_layers: int
    kernel_size: int = 3
    class_bias: float = 0.0
    share_tower: bool = False
    separable: bool = False
    apply_to_heads: bool = False
    apply_pointwise: bool = False
    sigmoid_scores: bool = False
    clip_range: tuple[float, float] | None = None
    dropout: float = 0.0

    @classmethod
    def from_config(cls, config: box_predictor_pb2.WeightSharedConvolutionalBoxPredictor) -> "WeightSharedSettings":
        """From the message."""
        clip = config.box_encodings_clip_range
        return cls(
            depth=config.depth,
            num_layers=config.num_layers_before_predictor,
            kernel_size=config.kernel_size,
            class_bias=config.class_prediction_bias_init,
            share_tower=config.share_prediction_tower,
            separable=config.use_depthwise,
            apply_to_heads=config.apply_conv_hyperparams_to_heads,
            apply_pointwise=config.apply_conv_hyperparams_pointwise,
            sigmoid_scores=config.score_converter == config.SIGMOID,
            clip_range=(clip.min, clip.max) if config.HasField("box_encodings_clip_range") else None,
            dropout=1.0 - config.dropout_keep_probability if config.use_dropout else 0.0,
        )


class WeightSharedPredictor(tf.Module):
    """Towers of convolutions, then a head for box codes and one for classes.

    Convolutions are shared by the levels; batch normalisation is not, since the levels' statistics differ.
    Attribute names and the shape of the lists are the original's, because checkpoints have them.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        settings: WeightSharedSettings,
        *,
        num_levels: int,
        anchors_per_cell: int,
        class_slots: int,
    ) -> None:
        super().__init__(name="box_predictor")
        self._hyperparameters = hyperparameters
        self._settings = settings
        self._class_slots = class_slots
        towers = ["PredictionTower"] if settings.share_tower else ["BoxPredictionTower", "ClassPredictionTower"]
        self._head_scope_conv_layers = {tower: self._make_convolutions() for tower in towers}
        self._base_tower_layers_for_heads = {
            head: [self._make_tower(self._head_scope_conv_layers[tower]) for _ in range(num_levels)]
            for head, tower in zip((BOX_ENCODINGS, CLASS_PREDICTIONS), towers, strict=False)
        }
        self._box_prediction_head = _Head("_box_encoder_layers", self._head_convolution(anchors_per_cell * _CODE_SIZE))
        self._prediction_heads = {
            CLASS_PREDICTIONS: _Head(
                "_class_predictor_layers",
                self._head_convolution(anchors_per_cell * class_slots, bias=settings.class_bias),
            )
        }
        self._dropout = keras.layers.Dropout(settings.dropout) if settings.dropout else None

    def __call__(self, features: Sequence[tf.Tensor], *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Box codes `[B, A, 4]` and class logits `[B, A, class_slots]` from features `[B, H_l, W_l, D]`."""
        codes, logits = [], []
        for number, level in enumerate(features):
            box_features = self._tower(BOX_ENCODINGS, number, level, training)
            class_features = (
                box_features if self._settings.share_tower else self._tower(CLASS_PREDICTIONS, number, level, training)
            )
            if self._dropout is not None:
                class_features = self._dropout(class_features, training=training)
            codes.append(_flatten(self._box_prediction_head(box_features, training=training), _CODE_SIZE))
            class_head = self._prediction_heads[CLASS_PREDICTIONS]
            logits.append(_flatten(class_head(class_features, training=training), self._class_slots))
        return self._clip(tf.concat(codes, axis=1)), self._convert(tf.concat(logits, axis=1), training)

    def _clip(self, codes: tf.Tensor) -> tf.Tensor:
        clip_range = self._settings.clip_range
        return codes if clip_range is None else tf.clip_by_value(codes, *clip_range)

    def _convert(self, logits: tf.Tensor, training: bool) -> tf.Tensor:
        return tf.sigmoid(logits) if self._settings.sigmoid_scores and not training else logits

    def _tower(self, head: str, level: int, features: tf.Tensor, training: bool) -> tf.Tensor:
        return apply_layers(self._base_tower_layers_for_heads[head][level], features, training=training)

    def _make_convolutions(self) -> list[keras.layers.Layer]:
        hp, settings = self._hyperparameters, self._settings
        # A convolution here drops its bias for normalisation's sake even if that has no offset (as the original).
        bias = hp.force_use_bias or hp.batch_norm is None
        if settings.separable:
            return [
                hp.separable_conv(
                    settings.depth, settings.kernel_size, use_bias=bias, pointwise=settings.apply_pointwise
                )
                for _ in range(settings.num_layers)
            ]
        return [hp.conv(settings.depth, settings.kernel_size, use_bias=bias) for _ in range(settings.num_layers)]

    def _make_tower(self, convolutions: Sequence[keras.layers.Layer]) -> list[keras.layers.Layer]:
        tower: list[keras.layers.Layer] = []
        for convolution in convolutions:
            tower += [convolution, *self._hyperparameters.normalization_and_activation()]
        return tower

    def _head_convolution(self, filters: int, bias: float = 0.0) -> keras.layers.Layer:
        hp, settings = self._hyperparameters, self._settings
        if settings.separable:
            applies = settings.apply_to_heads
            layer = hp.separable_conv(
                filters, settings.kernel_size, use_bias=True, depthwise=applies, pointwise=applies
            )
        else:
            layer = hp.conv(filters, settings.kernel_size, use_bias=True)
        layer.bias_initializer = keras.initializers.Constant(bias)
        return layer


class _Head(tf.Module):
    """A convolution under the name that checkpoints give to the list it stands in."""

    def __init__(self, name: str, convolution: keras.layers.Layer) -> None:
        super().__init__(name=name.strip("_"))
        setattr(self, name, [convolution])
        self._convolution_list = name

    def __call__(self, features: tf.Tensor, *, training: bool) -> tf.Tensor:
        return apply_layers(getattr(self, self._convolution_list), features, training=training)


def _flatten(features: tf.Tensor, slots: int) -> tf.Tensor:
    """`[B, H, W, anchors · slots]` as `[B, H · W · anchors, slots]`."""
    return tf.reshape(features, [tf.shape(features)[0], -1, slots])
