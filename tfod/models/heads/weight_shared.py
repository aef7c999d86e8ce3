"""The predictor of RetinaNet (https://arxiv.org/abs/1708.02002): one small network looks at all feature levels."""

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

__all__ = ["WeightSharedPredictor", "WeightSharedSettings"]

_WHERE = "model.ssd.box_predictor.weight_shared_convolutional_box_predictor"


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
        """From the message. Raises ConfigError for settings that contradict each other."""
        if config.use_depthwise and config.kernel_size == 1:
            what = "a depthwise convolution of 1 x 1 does nothing"
            raise ConfigError(what, f"{_WHERE}.kernel_size", "set kernel_size: 3, or use_depthwise: false")
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
            clip_range=clip_from_config(config),
            dropout=1.0 - config.dropout_keep_probability if config.use_dropout else 0.0,
        )


class WeightSharedPredictor(tf.Module):
    """Towers of convolutions, then a head for box codes and one for classes.

    Convolutions are shared by the levels; batch normalisation is not, since the levels' statistics differ. Levels of
    different depths are first brought to the commonest one by 1x1 convolutions.
    Attribute names and the shape of the lists are the original's, because checkpoints have them.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        settings: WeightSharedSettings,
        *,
        anchors_per_cell: Sequence[int],
        code_size: int,
        class_slots: int,
    ) -> None:
        super().__init__(name="box_predictor")
        if len(set(anchors_per_cell)) > 1:
            what = f"one predictor for all feature maps cannot give them {list(anchors_per_cell)} anchors a cell"
            raise ConfigError(what, "model.ssd.anchor_generator", "set reduce_boxes_in_lowest_layer: false")
        self._hyperparameters = hyperparameters
        self._settings = settings
        towers = ["PredictionTower"] if settings.share_tower else ["BoxPredictionTower", "ClassPredictionTower"]
        self._head_scope_conv_layers = {tower: self._make_convolutions() for tower in towers}
        self._base_tower_layers_for_heads = {
            head: [self._make_tower(self._head_scope_conv_layers[tower]) for _ in anchors_per_cell]
            for head, tower in zip((BOX_ENCODINGS, CLASS_PREDICTIONS), towers, strict=False)
        }
        box_filters, class_filters = anchors_per_cell[0] * code_size, anchors_per_cell[0] * class_slots
        self._box_prediction_head = Head(
            BOX_LAYERS, [self._head_convolution(box_filters)], code_size, clipper(settings.clip_range)
        )
        class_layers = [*dropout_layers(settings.dropout), self._head_convolution(class_filters, settings.class_bias)]
        self._prediction_heads = {CLASS_PREDICTIONS: Head(CLASS_LAYERS, class_layers, class_slots)}
        self._additional_projection_layers: list[list[keras.layers.Layer]] = []

    def __call__(self, features: Sequence[tf.Tensor], *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """See BoxPredictor."""
        if not self._additional_projection_layers:
            self._additional_projection_layers = self._make_projections([level.shape[-1] for level in features])
        codes, logits = [], []
        for number, level in enumerate(features):
            projected = apply_layers(self._additional_projection_layers[number], level, training=training)
            box_features = class_features = self._tower(BOX_ENCODINGS, number, projected, training)
            if not self._settings.share_tower:
                class_features = self._tower(CLASS_PREDICTIONS, number, projected, training)
            codes.append(self._box_prediction_head(box_features, training=training))
            logits.append(self._prediction_heads[CLASS_PREDICTIONS](class_features, training=training))
        scores = tf.concat(logits, axis=1)
        if self._settings.sigmoid_scores and not training:
            scores = tf.sigmoid(scores)
        return tf.concat(codes, axis=1), scores

    def _tower(self, head: str, level: int, features: tf.Tensor, training: bool) -> tf.Tensor:
        return apply_layers(self._base_tower_layers_for_heads[head][level], features, training=training)

    @property
    def _has_norm(self) -> bool:
        # Synchronised normalisation is left out here, and a convolution drops its bias for normalisation's sake even
        # if that has no offset: as in the original.
        norm = self._hyperparameters.batch_norm
        return norm is not None and not norm.synchronized

    @property
    def _use_bias(self) -> bool:
        return self._hyperparameters.force_use_bias or not self._has_norm

    def _norm(self) -> list[keras.layers.Layer]:
        return self._hyperparameters.normalization_and_activation()[:1] if self._has_norm else []

    def _make_projections(self, depths: Sequence[int]) -> list[list[keras.layers.Layer]]:
        if len(set(depths)) == 1:
            return [[] for _ in depths]
        commonest = max(set(depths), key=list(depths).count)
        return [[self._hyperparameters.conv(commonest, 1, use_bias=self._use_bias), *self._norm()] for _ in depths]

    def _make_convolutions(self) -> list[keras.layers.Layer]:
        hp, settings = self._hyperparameters, self._settings
        size = settings.depth, settings.kernel_size
        if settings.separable:
            return [
                hp.separable_conv(*size, use_bias=self._use_bias, pointwise=settings.apply_pointwise)
                for _ in range(settings.num_layers)
            ]
        return [hp.conv(*size, use_bias=self._use_bias) for _ in range(settings.num_layers)]

    def _make_tower(self, convolutions: Sequence[keras.layers.Layer]) -> list[keras.layers.Layer]:
        tower: list[keras.layers.Layer] = []
        for convolution in convolutions:
            tower += [convolution, *self._norm(), self._hyperparameters.normalization_and_activation()[1]]
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
