"""What the two stages minimise.

Letters: `B` images, `A` anchors or proposals of each, `R` = B · P regions, `P` proposals of an image, `O` those of the
batch that have an object, `C` classes without background, `Q` boxes of a region (C, or 1 for all classes), `h w` the
size of a mask.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import tensorflow as tf

from tfod import names
from tfod.boxes.sampling import Sampler
from tfod.boxes.targets import TargetAssigner, Targets
from tfod.losses.classification import ClassificationLoss, SoftmaxLoss
from tfod.losses.localization import SmoothL1Loss
from tfod.losses.mining import HardExampleMiner
from tfod.models.faster_rcnn.ground_truth import GroundTruth, sides
from tfod.models.faster_rcnn.masks import crop_masks, masks_of_classes, of_classes

__all__ = ["BoxClassifierLoss", "MaskLoss", "ProposalLoss"]

Tensors = Mapping[str, tf.Tensor]


@dataclass(frozen=True)
class ProposalLoss:
    """Of a sample of an image's anchors: where the object is, and whether there is one; the mean over images.

    Attributes:
      assign_targets: Which anchors have an object. Classes are those of the objectness.
      sampler: Draws the anchors that count.
    """

    assign_targets: TargetAssigner
    sampler: Sampler
    localization_weight: float = 1.0
    objectness_weight: float = 1.0
    localization: SmoothL1Loss = field(default_factory=SmoothL1Loss)
    objectness: SoftmaxLoss = field(default_factory=SoftmaxLoss)

    def __call__(self, prediction: Tensors, truth: GroundTruth) -> dict[str, tf.Tensor]:
        """The two losses, float32 scalars, of a prediction of `FasterRCNN.predict`."""
        something = tf.ones_like(truth.weights)[..., tf.newaxis]
        targets = _constant(self.assign_targets(prediction[names.ANCHORS], truth.boxes, something, truth.weights))
        drawn = self.sampler(targets.matches >= 0, targets.class_weights > 0)  # [B, A]
        counts = tf.maximum(tf.reduce_sum(drawn, axis=1), 1.0)
        codes = _of_positives(prediction[names.RPN_BOX_ENCODINGS], targets)
        box_losses = self.localization(codes, targets.positive_boxes, targets.positive_weights)  # [O]
        box_losses = tf.reduce_sum(targets.spread(box_losses) * drawn, axis=1)
        objectness = self.objectness(prediction[names.RPN_OBJECTNESS], targets.classes(), drawn)
        return {
            names.RPN_LOCALIZATION_LOSS: self.localization_weight * tf.reduce_mean(box_losses / counts),
            names.RPN_OBJECTNESS_LOSS: self.objectness_weight
            * tf.reduce_mean(tf.reduce_sum(objectness, axis=1) / counts),
        }


@dataclass(frozen=True)
class BoxClassifierLoss:
    """Of all proposals: what is in them, and where; the mean over the proposals of each image, then over images.

    Attributes:
      assign_targets: Which proposals have an object.
      miner: Selects the proposals that count; then, as in the original, only those of the first image do.
    """

    assign_targets: TargetAssigner
    classification: ClassificationLoss
    localization_weight: float = 1.0
    classification_weight: float = 1.0
    miner: HardExampleMiner | None = None
    localization: SmoothL1Loss = field(default_factory=SmoothL1Loss)

    def __call__(self, prediction: Tensors, truth: GroundTruth) -> dict[str, tf.Tensor]:
        """The two losses, float32 scalars, of a prediction of `FasterRCNN.predict`."""
        boxes, counts = prediction[names.PROPOSAL_BOXES], prediction[names.NUM_PROPOSALS]
        targets = _constant(self.assign_targets(boxes, truth.boxes, truth.classes, truth.weights))
        batch, proposals = tf.unstack(tf.shape(targets.matches))
        of_class = _boxes_of_classes(
            tf.gather(prediction[names.REFINED_BOX_ENCODINGS], targets.positives), _classes_of(targets)
        )
        box_losses = targets.spread(self.localization(of_class, targets.positive_boxes, targets.positive_weights))
        logits = tf.reshape(prediction[names.CLASS_PREDICTIONS], [batch, proposals, targets.background.shape[0]])
        class_losses = self.classification(logits, targets.classes(), targets.class_weights)  # [B, A]
        share = 1.0 / tf.cast(tf.maximum(counts, 1) * batch, tf.float32)[:, tf.newaxis]
        share *= tf.sequence_mask(counts, proposals, tf.float32)
        box_losses, class_losses = box_losses * share, class_losses * share
        if self.miner is not None:
            kept = self._mined(self.miner, class_losses, box_losses, prediction)
            box_losses, class_losses = box_losses[:1] * kept, class_losses[:1] * kept
        return {
            names.BOX_LOCALIZATION_LOSS: self.localization_weight * tf.reduce_sum(box_losses),
            names.BOX_CLASSIFICATION_LOSS: self.classification_weight * tf.reduce_sum(class_losses),
        }

    def _mined(
        self, miner: HardExampleMiner, class_losses: tf.Tensor, box_losses: tf.Tensor, prediction: Tensors
    ) -> tf.Tensor:
        """Which proposals of the first image count, float32 `[1, A]`."""
        first = slice(0, 1), slice(0, prediction[names.NUM_PROPOSALS][0])
        no_matches = tf.zeros_like(class_losses[first], tf.int32)
        kept = miner(class_losses[first], box_losses[first], prediction[names.PROPOSAL_BOXES][first], no_matches)
        return tf.pad(kept, [[0, 0], [0, tf.shape(class_losses)[1] - tf.shape(kept)[1]]])


@dataclass(frozen=True)
class MaskLoss:
    """Of the regions that have an object: which of their pixels are the object; the mean over pixels.

    While nothing trains the regions are the detections, for which alone masks are predicted then.

    Attributes:
      assign_targets: Which regions have an object.
      fades: How masks end at the border of the image, see `crop_regions`.
    """

    assign_targets: TargetAssigner
    weight: float = 1.0
    fades: bool = False

    def __call__(self, prediction: Tensors, truth: GroundTruth) -> dict[str, tf.Tensor]:
        """The loss, a float32 scalar, of a prediction of `FasterRCNN.predict` that has masks."""
        assert truth.masks is not None
        scale = sides(prediction[names.IMAGE_SHAPE])
        if names.DETECTION_BOXES in prediction:
            boxes = prediction[names.DETECTION_BOXES] * scale
            counts = tf.cast(prediction[names.NUM_DETECTIONS], tf.int32)
        else:
            boxes, counts = prediction[names.PROPOSAL_BOXES], prediction[names.NUM_PROPOSALS]
        targets = _constant(self.assign_targets(boxes, truth.boxes, truth.classes, truth.weights))
        image, region = tf.unstack(tf.cast(tf.stack(_split(targets), axis=0), tf.int32))
        is_region = tf.cast(region < tf.gather(counts, image), tf.float32)
        logits = masks_of_classes(
            tf.gather(prediction[names.MASK_PREDICTIONS], targets.positives),
            tf.maximum(_classes_of(targets) - 1, 0),
        )  # [O, h, w]
        height, width = logits.shape[1:]
        shown = crop_masks(
            tf.reshape(truth.masks, tf.concat([[-1], tf.shape(truth.masks)[2:]], axis=0)),
            image * tf.shape(truth.boxes)[1] + tf.gather_nd(targets.matches, tf.stack([image, region], axis=1)),
            tf.gather(tf.reshape(boxes / scale, [-1, 4]), targets.positives),
            (height, width),
            fades=self.fades,
        )
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=shown, logits=logits)
        weights = targets.positive_weights * is_region
        pixels = tf.maximum(tf.reduce_sum(weights) * (height * width), 1.0)
        loss = tf.reduce_sum(tf.reduce_sum(entropy, axis=[1, 2]) * weights) / pixels
        return {names.MASK_LOSS: self.weight * loss}


def _constant(targets: Targets) -> Targets:
    return Targets(*map(tf.stop_gradient, targets))


def _split(targets: Targets) -> tuple[tf.Tensor, tf.Tensor]:
    """Image and row of each positive, int64 `[O]`."""
    rows = tf.shape(targets.matches, tf.int64)[1]
    return targets.positives // rows, targets.positives % rows


def _of_positives(values: tf.Tensor, targets: Targets) -> tf.Tensor:
    """The codes `[O, 4]` of the positives, of all codes `[B, A, 4]`."""
    return tf.gather(tf.reshape(values, [-1, values.shape[-1]]), targets.positives)


def _classes_of(targets: Targets) -> tf.Tensor:
    """The column of each positive's class, int32 `[O]`: from 1, and 0 where its object has none."""
    return tf.argmax(targets.positive_classes, axis=1, output_type=tf.int32)


def _boxes_of_classes(codes: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    """Of each region's codes, float32 `[O, Q, 4]`, those of its class, int32 `[O]` from 1: `[O, 4]`."""
    if codes.shape[1] == 1:
        return codes[:, 0]
    return of_classes(tf.pad(codes, [[0, 0], [1, 0], [0, 0]]), classes)
