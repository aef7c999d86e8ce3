"""The first stage (https://arxiv.org/abs/1506.01497, section 3.1): where may there be an object, of whatever class?

Letters: `B` images, `A` anchors, `P` proposals of an image, `S` those that are sampled, `D` channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf
import tf_keras as keras

from tfod import names
from tfod.boxes.coders import FasterRcnnBoxCoder
from tfod.boxes.geometry import clip_to_window
from tfod.boxes.nms import MulticlassNMS
from tfod.boxes.sampling import Sampler
from tfod.boxes.targets import TargetAssigner
from tfod.models.faster_rcnn.ground_truth import GroundTruth
from tfod.models.heads.convolutional import ConvolutionalPredictor, ConvolutionalSettings
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.sequential import Sequential
from tfod.models.suppression import Suppress, suppress, true_windows

__all__ = ["ProposalNetwork", "ProposalSampler", "Proposals", "Proposer", "inside"]

_CODE_SIZE, _CLASSES = 4, 2
_OBJECT = 1  # the column of the objectness; 0 is the background


class ProposalNetwork(tf.Module):
    """A small network that slides over the features: of each anchor a box code, and whether it has an object.

    Args:
      depth: Channels of the convolution before the heads.
      kernel_size: Of this convolution, and `dilation` the distance of the features it looks at.
      anchors_per_cell: For each feature map. All maps share the convolution; each has heads of its own.

    Attributes:
      slide: The convolution that looks at a cell's surroundings.
      predictor: The heads, of 1x1.
    """

    def __init__(
        self,
        hyperparameters: ConvHyperparameters,
        *,
        depth: int,
        kernel_size: int,
        dilation: int,
        anchors_per_cell: Sequence[int],
    ) -> None:
        super().__init__(name="proposal_network")
        convolution = hyperparameters.conv(depth, kernel_size, dilation=dilation)
        self.slide = Sequential([convolution, *hyperparameters.normalization(), keras.layers.Activation(tf.nn.relu6)])
        self.predictor = ConvolutionalPredictor(
            hyperparameters,
            ConvolutionalSettings(),
            depths=[depth] * len(anchors_per_cell),
            anchors_per_cell=anchors_per_cell,
            code_size=_CODE_SIZE,
            class_slots=_CLASSES,
        )

    def __call__(
        self, features: Sequence[tf.Tensor], *, training: bool
    ) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor]:
        """Of features `[B, H_l, W_l, D]` what the heads look at, box codes `[B, A, 4]`, and logits `[B, A, 2]` of
        background and object, float32."""
        seen = [self.slide(level, training=training) for level in features]
        return seen, *self.predictor(seen, training=training)


class Proposals(NamedTuple):
    """Boxes of each image that may have an object, best first, padded with zeros."""

    boxes: tf.Tensor  # float32 [B, P, 4], yxyx, pixels
    counts: tf.Tensor  # int32 [B], how many are no padding


@dataclass(frozen=True)
class Proposer:
    """Corrects anchors by their codes, and keeps the best that do not overlap much.

    Attributes:
      box_coder: What codes mean.
      nms: The suppression, which keeps the frame of the boxes.
      corner_first: Whether a centre is the anchor's corner and the shift, then half the anchor's size, as TensorFlow
        sums the graphs of TF-Slim; else the shift is added to the anchor's centre. On the last digit of a proposal
        depends whether its crop ends in the image.
      suppress: What applies the suppression to a batch.
    """

    box_coder: FasterRcnnBoxCoder
    nms: MulticlassNMS
    corner_first: bool = False
    suppress: Suppress = suppress

    def __call__(
        self, codes: tf.Tensor, logits: tf.Tensor, anchors: tf.Tensor, true_shapes: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """What `suppress` gives, with boxes in pixels, and all boxes and scores before suppression.

        Args:
          codes: float32 `[B, A, 4]`.
          logits: float32 `[B, A, 2]`.
          anchors: float32 `[A, 4]`, yxyx, pixels.
          true_shapes: int32 `[B, 3]`, of the inputs without padding, to which proposals are clipped.
        """
        boxes, scores = self._decode(codes, anchors), tf.nn.softmax(logits)
        kept = self.suppress(self.nms, boxes, scores, true_windows(true_shapes), first_class=_OBJECT)
        return kept | {names.RAW_DETECTION_BOXES: boxes, names.RAW_DETECTION_SCORES: scores}

    def _decode(self, codes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """The boxes `[B, A, 4]` of codes `[B, A, 4]` and anchors `[A, 4]`."""
        if not self.corner_first:
            return self.box_coder.decode(codes, anchors)
        low, high = anchors[:, :2], anchors[:, 2:]
        size = high - low
        scales = tf.constant([self.box_coder.y_scale, self.box_coder.x_scale])
        shifted = codes[..., :2] / scales * size + low
        # The maximum changes nothing, and keeps TensorFlow from summing in an order of its own.
        centre = tf.maximum(shifted, shifted.dtype.min) + size / 2.0
        scales = tf.constant([self.box_coder.height_scale, self.box_coder.width_scale])
        half = tf.exp(codes[..., 2:] / scales) * size / 2.0
        return tf.concat([centre - half, centre + half], axis=-1)


@dataclass(frozen=True)
class ProposalSampler:
    """Of the proposals those that the second stage learns from, in their order.

    Attributes:
      assign_targets: Which proposals have an object.
      sampler: Draws some with and some without one.
      size: `S`, how many an image has, with padding.
      fills: Whether proposals that were not drawn fill the rest (`use_static_shapes`); else it is padded with zeros.
    """

    assign_targets: TargetAssigner
    sampler: Sampler
    size: int
    fills: bool = False

    def __call__(self, proposals: Proposals, truth: GroundTruth) -> Proposals:
        """Proposals with P = S."""
        targets = self.assign_targets(proposals.boxes, truth.boxes, truth.classes, truth.weights)
        is_proposal = tf.sequence_mask(proposals.counts, tf.shape(proposals.boxes)[1])
        drawn = self.sampler(targets.matches >= 0, is_proposal & (targets.class_weights > 0))
        order = tf.argsort(drawn, axis=1, direction="DESCENDING", stable=True)[:, : self.size]
        boxes = tf.gather(proposals.boxes, order, batch_dims=1)
        missing = self.size - tf.shape(boxes)[1]
        boxes = tf.ensure_shape(tf.pad(boxes, [[0, 0], [0, missing], [0, 0]]), [None, self.size, 4])
        if self.fills:
            return Proposals(boxes, tf.fill(tf.shape(proposals.counts), self.size))
        counts = tf.minimum(tf.cast(tf.reduce_sum(drawn, axis=1), tf.int32), self.size)
        return Proposals(tf.where(tf.sequence_mask(counts, self.size)[..., tf.newaxis], boxes, 0.0), counts)


def inside(anchors: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """The rows, int64 `[I]`, of anchors `[A, 4]` that do not cross the border of the window `[4]`, all float32.

    >>> anchors = tf.constant([[0., 0., 2., 2.], [-1., 0., 2., 2.], [1., 1., 4., 4.]])
    >>> inside(anchors, tf.constant([0., 0., 4., 4.])).numpy().tolist()
    [0, 2]
    """
    return tf.where(tf.reduce_all(clip_to_window(anchors, window) == anchors, axis=-1))[:, 0]
