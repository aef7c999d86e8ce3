"""The predictor of RetinaNet (https://arxiv.org/abs/1708.02002): one small network looks at all feature levels."""

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.models.heads.box_predictor import clipper, dropout_layers, per_anchor
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.sequential import Sequential

__all__ = ["WeightSharedPredictor", "WeightSharedSettings"]


@dataclass(frozen=True)
class WeightSharedSettings:
    """What there is to choose.

    Attributes:
      depth: Channels of the towers.
      num_layers: Convolutions of a tower.
      kernel_size: Of the towers and heads.
      class_bias: The initial bias of the class head.
      share_tower: Whether both heads stand on one tower.
      separable: Whether convolutions are depthwise-separable.
      apply_to_heads: Whether the hyperparameters apply to separable heads.
      apply_pointwise: Whether they apply to the pointwise kernels of separable towers.
      sigmoid_scores: Whether scores, not logits, come out where nothing trains.
      clip_range: To what box codes are clipped; None for not at all.
      dropout: The share that is dropped before the class head, in [0, 1).
    """

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


class WeightSharedPredictor(tf.Module):
    """See BoxPredictor: towers of convolutions, then a head for boxes and one for classes.

    Convolutions are shared by the levels; batch normalisation is not, since the levels' statistics differ. Levels of
    different depths are first brought to the commonest one by 1x1 convolutions.

    Args:
      depths: Channels of each level.
      anchors_per_cell: Boxes at one cell, the same for all levels.
      code_size: Numbers that a box code has.
      class_slots: Class columns.

    Attributes:
      projections: For each level what brings it to the common depth.
      box_towers, class_towers: For each level the tower of a head; with one tower for both the same objects.
      box_head, class_head: The heads, shared by the levels.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        settings: WeightSharedSettings,
        *,
        depths: Sequence[int],
        anchors_per_cell: int,
        code_size: int,
        class_slots: int,
    ) -> None:
        super().__init__(name="box_predictor")
        self._hyperparameters = hyperparameters
        self._settings = settings
        self._slots = code_size, class_slots
        self._clip = clipper(settings.clip_range)
        self.projections = self._make_projections(depths)
        self.box_towers = self._make_towers(len(depths))
        self.class_towers = self.box_towers if settings.share_tower else self._make_towers(len(depths))
        self.box_head = Sequential([self._head_convolution(anchors_per_cell * code_size)])
        class_convolution = self._head_convolution(anchors_per_cell * class_slots, settings.class_bias)
        self.class_head = Sequential([*dropout_layers(settings.dropout), class_convolution])

    def __call__(self, features: Sequence[tf.Tensor], *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """See BoxPredictor."""
        code_size, class_slots = self._slots
        codes, logits = [], []
        for project, box_tower, class_tower, level in zip(
            self.projections, self.box_towers, self.class_towers, features, strict=True
        ):
            projected = project(level, training=training)
            box_features = class_features = box_tower(projected, training=training)
            if class_tower is not box_tower:
                class_features = class_tower(projected, training=training)
            codes.append(self._clip(per_anchor(self.box_head(box_features, training=training), code_size)))
            logits.append(per_anchor(self.class_head(class_features, training=training), class_slots))
        scores = tf.concat(logits, axis=1)
        if self._settings.sigmoid_scores and not training:
            scores = tf.sigmoid(scores)
        return tf.concat(codes, axis=1), scores

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
        return self._hyperparameters.normalization() if self._has_norm else []

    def _make_projections(self, depths: Sequence[int]) -> list[Sequential]:
        if len(set(depths)) == 1:
            return [Sequential([]) for _ in depths]
        commonest = max(set(depths), key=list(depths).count)
        conv = self._hyperparameters.conv
        return [Sequential([conv(commonest, 1, use_bias=self._use_bias), *self._norm()]) for _ in depths]

    def _make_towers(self, levels: int) -> list[Sequential]:
        """A tower a level; all have the same convolutions."""
        convolutions = [self._make_convolution() for _ in range(self._settings.num_layers)]

        def tower() -> list[keras.layers.Layer]:
            blocks = ([conv, *self._norm(), *self._hyperparameters.activation_layer()] for conv in convolutions)
            return [layer for block in blocks for layer in block]

        return [Sequential(tower()) for _ in range(levels)]

    def _make_convolution(self) -> keras.layers.Layer:
        hp, settings = self._hyperparameters, self._settings
        size = settings.depth, settings.kernel_size
        if settings.separable:
            return hp.separable_conv(*size, use_bias=self._use_bias, pointwise=settings.apply_pointwise)
        return hp.conv(*size, use_bias=self._use_bias)

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
