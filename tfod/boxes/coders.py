"""Box coders: what a network predicts instead of a box, namely its difference from an anchor."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import tensorflow as tf

from tfod.boxes.geometry import cyxhw_to_yxyx, yxyx_to_cyxhw
from tfod.errors import ConfigError
from tfod.protos import box_coder_pb2

__all__ = ["BoxCoder", "FasterRcnnBoxCoder", "MeanStddevBoxCoder", "SquareBoxCoder", "box_coder_from_config"]

# Keeps the logarithm of an empty box finite.
_EPSILON = 1e-8


class BoxCoder(Protocol):
    """Turns boxes float32 `[..., A, 4]` into codes `[..., A, code_size]` against anchors `[A, 4]`, and back."""

    code_size: ClassVar[int]

    def encode(self, boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """Codes of boxes."""

    def decode(self, codes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """Boxes from codes; not clipped."""


@dataclass(frozen=True)
class FasterRcnnBoxCoder:
    """Codes [ty, tx, th, tw]: the centre's shift in anchor sizes and the logarithm of the relative size.

    From https://arxiv.org/abs/1506.01497, section 3.1.2; the four codes are multiplied by the scales.

    An anchor [0, 0, 1, 1] and a box [0.1, 0, 1.1, 1] with scales of 10 and 5 give [1, 0, 0, 0].
    """

    y_scale: float = 10.0
    x_scale: float = 10.0
    height_scale: float = 5.0
    width_scale: float = 5.0
    code_size: ClassVar[int] = 4

    def encode(self, boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """See BoxCoder."""
        cy, cx, height, width = yxyx_to_cyxhw(boxes)
        anchor_cy, anchor_cx, anchor_height, anchor_width = yxyx_to_cyxhw(anchors)
        anchor_height, anchor_width = anchor_height + _EPSILON, anchor_width + _EPSILON
        ty = (cy - anchor_cy) / anchor_height * self.y_scale
        tx = (cx - anchor_cx) / anchor_width * self.x_scale
        th = tf.math.log((height + _EPSILON) / anchor_height) * self.height_scale
        tw = tf.math.log((width + _EPSILON) / anchor_width) * self.width_scale
        return tf.stack([ty, tx, th, tw], axis=-1)

    def decode(self, codes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """See BoxCoder."""
        ty, tx, th, tw = tf.unstack(codes, axis=-1)
        cy, cx, height, width = yxyx_to_cyxhw(anchors)
        return cyxhw_to_yxyx(
            ty / self.y_scale * height + cy,
            tx / self.x_scale * width + cx,
            tf.exp(th / self.height_scale) * height,
            tf.exp(tw / self.width_scale) * width,
        )


@dataclass(frozen=True)
class MeanStddevBoxCoder:
    """Codes: the difference of each coordinate from the anchor's, in units of `stddev`.

    An anchor [0, 0, 1, 1] and a box [0.1, 0, 1, 1] with a `stddev` of 0.1 give [1, 0, 0, 0].
    """

    stddev: float = 0.01
    code_size: ClassVar[int] = 4

    def encode(self, boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """See BoxCoder."""
        return (boxes - anchors) / self.stddev

    def decode(self, codes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """See BoxCoder."""
        return codes * self.stddev + anchors


@dataclass(frozen=True)
class SquareBoxCoder:
    """Codes [ty, tx, tl] of squares: the centre's shift and the logarithm of the side, relative to √(height · width).

    An anchor [0, 0, 1, 1] and a box [0.1, 0, 1.1, 1] with scales of 10 and 5 give [1, 0, 0].
    """

    y_scale: float = 10.0
    x_scale: float = 10.0
    length_scale: float = 5.0
    code_size: ClassVar[int] = 3

    def encode(self, boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """See BoxCoder."""
        cy, cx, height, width = yxyx_to_cyxhw(boxes)
        anchor_cy, anchor_cx, anchor_height, anchor_width = yxyx_to_cyxhw(anchors)
        anchor_side = tf.sqrt(anchor_height * anchor_width) + _EPSILON
        side = tf.sqrt(height * width) + _EPSILON
        ty = (cy - anchor_cy) / anchor_side * self.y_scale
        tx = (cx - anchor_cx) / anchor_side * self.x_scale
        return tf.stack([ty, tx, tf.math.log(side / anchor_side) * self.length_scale], axis=-1)

    def decode(self, codes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """See BoxCoder. All boxes are squares."""
        ty, tx, length = tf.unstack(codes, axis=-1)
        cy, cx, height, width = yxyx_to_cyxhw(anchors)
        anchor_side = tf.sqrt(height * width)
        side = tf.exp(length / self.length_scale) * anchor_side
        return cyxhw_to_yxyx(ty / self.y_scale * anchor_side + cy, tx / self.x_scale * anchor_side + cx, side, side)


def box_coder_from_config(config: box_coder_pb2.BoxCoder) -> BoxCoder:
    """The coder that `box_coder` describes. Raises ConfigError for the one with keypoints, which is missing here."""
    kind = config.WhichOneof("box_coder_oneof")
    if kind == "faster_rcnn_box_coder":
        faster_rcnn = config.faster_rcnn_box_coder
        scales = faster_rcnn.y_scale, faster_rcnn.x_scale, faster_rcnn.height_scale, faster_rcnn.width_scale
        return FasterRcnnBoxCoder(*scales)
    if kind == "mean_stddev_box_coder":
        return MeanStddevBoxCoder(config.mean_stddev_box_coder.stddev)
    if kind == "square_box_coder":
        square = config.square_box_coder
        return SquareBoxCoder(square.y_scale, square.x_scale, square.length_scale)
    raise ConfigError(
        f"a box coder of the kind {kind or '(none)'} is not available",
        "model.ssd.box_coder",
        "use faster_rcnn_box_coder, mean_stddev_box_coder or square_box_coder",
    )
