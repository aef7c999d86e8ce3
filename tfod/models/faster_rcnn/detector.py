"""Faster R-CNN (https://arxiv.org/abs/1506.01497) and Mask R-CNN (https://arxiv.org/abs/1703.06870).

The first stage proposes regions that may have an object. The second looks at each of them by itself: what is it, and
where exactly? A third one draws masks: of the regions while it trains, else of the detections alone.

Letters: `B` images, `h w` pixels of the network's input, `A` anchors, `P` proposals of an image, `R` = B · P regions,
`C` classes without background, `Q` boxes of a region (C, or 1 for all classes), `N` detections of an image.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace

import tensorflow as tf

from tfod import names
from tfod.boxes.anchors import Anchors
from tfod.boxes.geometry import clip_to_window
from tfod.boxes.nms import MulticlassNMS
from tfod.checkpoints.layout import CheckpointLayout
from tfod.models.detection_model import DetectionModel, Tensors
from tfod.models.faster_rcnn.checkpoint_layout import faster_rcnn_layout
from tfod.models.faster_rcnn.features import ImageFeatures
from tfod.models.faster_rcnn.ground_truth import ground_truth_in_pixels, sides
from tfod.models.faster_rcnn.loss import BoxClassifierLoss, MaskLoss, ProposalLoss
from tfod.models.faster_rcnn.masks import MaskHead, masks_of_classes
from tfod.models.faster_rcnn.postprocess import RegionPostprocessor
from tfod.models.faster_rcnn.proposals import ProposalNetwork, Proposals, ProposalSampler, Proposer, inside
from tfod.models.faster_rcnn.second_stage import BoxHeads, Crop, RegionFeatures, RegionPooling
from tfod.models.preprocess import Preprocess
from tfod.models.suppression import Suppress

__all__ = ["FasterRCNN", "FirstStage", "SecondStage"]

_SIDE_TO_BUILD_WITH = 256  # pixels: every network makes its variables there
_DETECTION_FEATURES, _CROPPED_FEATURES = "detection_features", "cropped_rpn_box_features"


@dataclass(frozen=True)
class FirstStage:
    """What proposes regions.

    Attributes:
      clips_anchors: Whether anchors that cross the border of the input are clipped to it while training; else they
        are left out. (While nothing trains all are clipped.)
    """

    features: ImageFeatures
    anchors: Anchors
    network: ProposalNetwork
    proposer: Proposer
    loss: ProposalLoss
    clips_anchors: bool = False


@dataclass(frozen=True)
class SecondStage:
    """What looks at regions.

    Attributes:
      sampler: Which proposals it learns from; None for all.
      masks: The head of the third stage, and its loss; None where there are no masks.
      outputs: Further outputs beside the detections, of `output_final_box_features` and its like.
      raw_boxes: Whether predictions also have all boxes before suppression.
    """

    pooling: RegionPooling
    features: RegionFeatures
    heads: BoxHeads
    postprocessor: RegionPostprocessor
    loss: BoxClassifierLoss
    sampler: ProposalSampler | None = None
    masks: tuple[MaskHead, MaskLoss] | None = None
    outputs: frozenset[str] = frozenset()
    raw_boxes: bool = False


class FasterRCNN(DetectionModel):
    """One, two or three stages. Without the second, detections are proposals, all of one class."""

    def __init__(
        self, *, num_classes: int, preprocess: Preprocess, first: FirstStage, second: SecondStage | None
    ) -> None:
        super().__init__("faster_rcnn", num_classes=num_classes, preprocess=preprocess)
        self.image_features, self.proposal_network = first.features, first.network
        self.region_features = second.features if second else None
        self.box_heads = second.heads if second else None
        self.mask_head = second.masks[0] if second and second.masks else None
        self._first, self._second = first, second
        self._create_variables()

    def predict(
        self,
        inputs: tf.Tensor,
        true_shapes: tf.Tensor,
        *,
        labels: Mapping[str, tf.Tensor] | None = None,
        training: bool,
    ) -> Tensors:
        """See DetectionModel.

        Of the first stage box codes `[B, A, 4]`, logits `[B, A, 2]` and anchors `[A, 4]` in pixels; of the second
        proposals `[B, P, 4]` in pixels and relative to the input, their numbers int32 `[B]`, box codes `[R, Q, 4]`
        and logits `[R, C + 1]`; of the third masks' logits `[R, C, mask height, mask width]`. All else is float32.
        """
        prediction = self._propose(inputs, training=training)
        second = self._second
        if second is None:
            return prediction
        proposals = self._proposals(prediction, true_shapes, labels if training else None)
        # Times the reciprocal, and back, as the original: on a last digit depends whether a crop ends in the image.
        scale = sides(prediction[names.IMAGE_SHAPE])
        relative = proposals.boxes * (1.0 / scale)
        regions = self._features_of(second, prediction, relative, training=training)
        codes, logits = second.heads(regions, training=training)
        prediction |= {
            names.REFINED_BOX_ENCODINGS: codes,
            names.CLASS_PREDICTIONS: logits,
            names.PROPOSAL_BOXES: relative * scale,
            names.PROPOSAL_BOXES_NORMALIZED: relative,
            names.FINAL_ANCHORS: relative,
            names.BOX_CLASSIFIER_FEATURES: regions,
            names.NUM_PROPOSALS: proposals.counts,
        }
        if second.raw_boxes:
            prediction |= second.postprocessor.raw_boxes(prediction, true_shapes)
        if self.mask_head is None:
            return prediction
        if training:
            return prediction | {names.MASK_PREDICTIONS: self.mask_head(regions, training=True)}
        return prediction | self._detections_with_masks(second, self.mask_head, prediction, true_shapes)

    def loss(self, prediction: Tensors, labels: Mapping[str, tf.Tensor], *, training: bool) -> Tensors:
        """See DetectionModel. Each stage has losses of its own."""
        truth = ground_truth_in_pixels(labels, prediction[names.IMAGE_SHAPE])
        losses = self._first.loss(prediction, truth)
        if self._second is not None:
            losses |= self._second.loss(prediction, truth)
            if self._second.masks is not None:
                losses |= self._second.masks[1](prediction, truth)
        return losses

    def postprocess(self, prediction: Tensors, true_shapes: tf.Tensor) -> Tensors:
        """See DetectionModel.

        Also all boxes before suppression, and their scores. With masks, `[B, N, mask height, mask width]` in [0, 1]
        over the box of each detection, also what was predicted, as the original's exported models have it.
        """
        second = self._second
        if second is None:
            return self._proposals_as_detections(prediction, true_shapes)
        if names.DETECTION_MASKS in prediction:
            return {name: value for name, value in prediction.items() if tf.is_tensor(value)}
        detections = second.postprocessor(prediction, true_shapes)
        boxes = detections[names.DETECTION_BOXES]
        if _DETECTION_FEATURES in second.outputs:
            regions = self._features_of(second, prediction, boxes, training=False)
            detections[_DETECTION_FEATURES] = _by_image(regions, boxes)
        if _CROPPED_FEATURES in second.outputs:
            detections[_CROPPED_FEATURES] = _by_image(self._pooled(second, prediction, boxes), boxes)
        return detections

    def checkpoint_layout(self) -> CheckpointLayout:
        """See DetectionModel."""
        return faster_rcnn_layout(self)

    def computed_by(self, suppress: Suppress, crop: Crop | None = None) -> "FasterRCNN":
        """The same model, of the same layers, that suppresses, and with `crop` crops, by another function."""
        twin = copy.copy(self)
        twin._first = replace(self._first, proposer=replace(self._first.proposer, suppress=suppress))
        if self._second is not None:
            twin._second = replace(
                self._second,
                pooling=replace(self._second.pooling, crop=crop or self._second.pooling.crop),
                postprocessor=replace(self._second.postprocessor, suppress=suppress),
            )
        return twin

    @property
    def suppressions(self) -> list[MulticlassNMS]:
        """Of each stage."""
        second = [] if self._second is None else [self._second.postprocessor.nms]
        return [self._first.proposer.nms, *second]

    def _propose(self, inputs: tf.Tensor, *, training: bool) -> Tensors:
        """What the first stage predicts of inputs `[B, h, w, 3]`."""
        features = self.image_features(inputs, training=training)
        seen, codes, logits = self.proposal_network(features, training=training)
        shape = tf.shape(inputs)
        grids = [tuple(tf.unstack(tf.shape(level)[1:3])) for level in features]
        anchors = self._first.anchors(grids, shape[1], shape[2])
        window = tf.concat([[0.0, 0.0], sides(shape)[:2]], axis=0)
        if training and not self._first.clips_anchors:
            kept = inside(anchors, window)
            anchors, codes, logits = (
                tf.gather(anchors, kept), tf.gather(codes, kept, axis=1), tf.gather(logits, kept, axis=1)
            )  # fmt: skip
        return {
            names.RPN_FEATURES: seen,
            names.FEATURES_TO_CROP: features,
            names.FEATURE_MAPS: features,
            names.IMAGE_SHAPE: shape,
            names.RPN_BOX_ENCODINGS: codes,
            names.RPN_OBJECTNESS: logits,
            names.ANCHORS: clip_to_window(anchors, window),
        }

    def _suppressed(self, prediction: Tensors, true_shapes: tf.Tensor) -> Tensors:
        return self._first.proposer(
            prediction[names.RPN_BOX_ENCODINGS],
            prediction[names.RPN_OBJECTNESS],
            prediction[names.ANCHORS],
            true_shapes,
        )

    def _proposals(
        self, prediction: Tensors, true_shapes: tf.Tensor, labels: Mapping[str, tf.Tensor] | None
    ) -> Proposals:
        """Where the second stage looks; with labels, to learn, at a sample."""
        found = self._suppressed(prediction, true_shapes)
        counts = tf.cast(found[names.NUM_DETECTIONS], tf.int32)
        proposals = Proposals(tf.stop_gradient(found[names.DETECTION_BOXES]), counts)
        assert self._second is not None
        if labels is None or self._second.sampler is None:
            return proposals
        return self._second.sampler(proposals, ground_truth_in_pixels(labels, prediction[names.IMAGE_SHAPE]))

    def _pooled(self, second: SecondStage, prediction: Tensors, boxes: tf.Tensor) -> tf.Tensor:
        return second.pooling(prediction[names.FEATURES_TO_CROP], boxes, prediction[names.IMAGE_SHAPE][1:3])

    def _features_of(self, second: SecondStage, prediction: Tensors, boxes: tf.Tensor, *, training: bool) -> tf.Tensor:
        """The features of boxes `[B, P, 4]`, relative to the input: `[R, S, S, D]`."""
        return second.features(self._pooled(second, prediction, boxes), training=training)

    def _detections_with_masks(
        self, second: SecondStage, head: MaskHead, prediction: Tensors, true_shapes: tf.Tensor
    ) -> Tensors:
        detections = second.postprocessor(prediction, true_shapes)
        boxes = detections[names.DETECTION_BOXES]
        # As in the original boxes relative to the image look at features of the image with its padding.
        logits = head(self._features_of(second, prediction, boxes, training=False), training=False)
        classes = tf.cast(tf.reshape(detections[names.DETECTION_CLASSES], [-1]), tf.int32)
        masks = _by_image(tf.sigmoid(masks_of_classes(logits, classes)), boxes)
        return detections | {names.MASK_PREDICTIONS: logits, names.DETECTION_MASKS: masks}

    def _proposals_as_detections(self, prediction: Tensors, true_shapes: tf.Tensor) -> Tensors:
        found, scale = self._suppressed(prediction, true_shapes), sides(prediction[names.IMAGE_SHAPE])
        found[names.DETECTION_BOXES] /= scale
        found[names.RAW_DETECTION_BOXES] /= scale
        return found

    def _create_variables(self) -> None:
        # Keras makes a layer's variables when it first sees an input. Of regions a single one is enough.
        side, channels, second = _SIDE_TO_BUILD_WITH, self.preprocess.resizer.channels, self._second
        features = self.image_features(tf.zeros([1, side, side, channels]), training=False)
        self.proposal_network(features, training=False)
        if second is not None:
            crop = second.pooling.side
            regions = second.pooling.pooled(tf.zeros([1, crop, crop, features[0].shape[-1]]))
            regions = second.features(regions, training=False)
            second.heads(regions, training=False)
            if self.mask_head is not None:
                self.mask_head(regions, training=False)


def _by_image(values: tf.Tensor, boxes: tf.Tensor) -> tf.Tensor:
    """Values `[R, ...]` of boxes `[B, N, 4]` as `[B, N, ...]`."""
    return tf.reshape(values, tf.concat([tf.shape(boxes)[:2], tf.shape(values)[1:]], axis=0))
