"""What an SSD minimises. Letters: `B` images, `A` anchors, `P` positive anchors of the batch, `K` class columns."""

from collections.abc import Mapping
from dataclasses import dataclass

import tensorflow as tf

from tfod import names
from tfod.boxes.sampling import BalancedSampler
from tfod.boxes.targets import TargetAssigner, Targets
from tfod.losses.classification import ClassificationLoss
from tfod.losses.focal import SigmoidFocalLoss
from tfod.losses.localization import LocalizationLoss
from tfod.losses.mining import HardExampleMiner
from tfod.models.ground_truth import without_common_padding

__all__ = ["SSDLoss"]

Tensors = Mapping[str, tf.Tensor]


@dataclass(frozen=True)
class SSDLoss:
    """Localization and classification losses over all anchors of a batch.

    Attributes:
      implicit_weight: While training, the weight of classes that ground truth says nothing of at an anchor, where
        targets are confidences (`use_confidences_as_targets`); None where they are classes.
    """

    assign_targets: TargetAssigner
    classification: ClassificationLoss
    localization: LocalizationLoss
    classification_weight: float = 1.0
    localization_weight: float = 1.0
    normalize_by_matches: bool = True
    normalize_by_code_size: bool = False
    miner: HardExampleMiner | None = None
    sampler: BalancedSampler | None = None
    implicit_weight: float | None = None

    def __call__(self, prediction: Tensors, labels: Tensors, *, training: bool) -> dict[str, tf.Tensor]:
        """The two losses, float32 scalars, of a prediction of `SSD.predict` and of labels as `SSD.loss` takes them."""
        targets = self.assign_targets(prediction[names.ANCHORS], *without_common_padding(labels))
        targets = type(targets)(*map(tf.stop_gradient, targets))
        classes, class_weights = None, targets.class_weights
        if self.implicit_weight is not None and training:
            classes, class_weights = self._confidences(targets, self.implicit_weight)
            targets = targets._replace(positive_weights=tf.ones_like(targets.positive_weights))
        if self.sampler is not None:
            targets, class_weights = self._sampled(self.sampler, targets, class_weights)

        code_size = self.assign_targets.box_coder.code_size
        codes = tf.gather(tf.reshape(prediction[names.BOX_ENCODINGS], [-1, code_size]), targets.positives)
        localization = self.localization(codes, targets.positive_boxes, targets.positive_weights)  # [P]
        logits = prediction[names.CLASS_PREDICTIONS]
        if classes is None and isinstance(self.classification, SigmoidFocalLoss) and self._background_is_zeros:
            classification = self.classification.sparse(
                logits, targets.positives, targets.positive_classes, class_weights
            )
        else:
            classes = targets.classes() if classes is None else classes
            classification = self.classification(logits, classes, class_weights)
        if self.miner is not None:
            localization = targets.spread(localization)  # [B, A]
            boxes = self.assign_targets.box_coder.decode(prediction[names.BOX_ENCODINGS], prediction[names.ANCHORS])
            counts = self.miner(classification, localization, boxes, targets.matches)
            localization, classification = localization * counts, classification * counts
        return self._normalized(tf.reduce_sum(localization), tf.reduce_sum(classification), targets, code_size)

    @property
    def _background_is_zeros(self) -> bool:
        return self.assign_targets.background_as_zeros

    def _normalized(
        self, localization: tf.Tensor, classification: tf.Tensor, targets: Targets, code_size: int
    ) -> dict[str, tf.Tensor]:
        matches = tf.constant(1.0)
        if self.normalize_by_matches:
            matches = tf.maximum(tf.reduce_sum(targets.positive_weights), 1.0)
        divisor = matches * code_size if self.normalize_by_code_size else matches
        return {
            names.LOCALIZATION_LOSS: self.localization_weight / divisor * localization,
            names.CLASSIFICATION_LOSS: self.classification_weight / matches * classification,
        }

    def _confidences(self, targets: Targets, implicit_weight: float) -> tuple[tf.Tensor, tf.Tensor]:
        """Class targets and weights, both `[B, A, K]`: what is positive counts fully, the rest implicitly."""
        positive = targets.spread(tf.ones_like(targets.positive_weights))[..., tf.newaxis]
        confidences = targets.classes()
        if self.assign_targets.background_column:
            confidences = tf.concat([1.0 - positive, confidences[..., 1:]], axis=-1)
            explicit = tf.concat([positive, tf.cast(confidences[..., 1:] != 0, tf.float32)], axis=-1)
        else:
            explicit = tf.cast(confidences != 0, tf.float32)
        return confidences, (1.0 - implicit_weight) * explicit + implicit_weight

    def _sampled(
        self, sampler: BalancedSampler, targets: Targets, class_weights: tf.Tensor
    ) -> tuple[Targets, tf.Tensor]:
        eligible = class_weights > 0
        if class_weights.shape.rank == 3:
            eligible = tf.reduce_any(eligible, axis=-1)
        counts = sampler(targets.matches >= 0, eligible)
        kept = tf.gather(tf.reshape(counts, [-1]), targets.positives)
        targets = targets._replace(positive_weights=targets.positive_weights * kept)
        return targets, class_weights * (counts if class_weights.shape.rank == 2 else counts[..., tf.newaxis])
