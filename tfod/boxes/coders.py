"""Box coders: what a network predicts instead of a box, namely its difference from an anchor.

Letters: `A` boxes and their anchors, one for each.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import tensorflow as tf

from tfod.boxes.geometry import cyxhw_to_yxyx, yxyx_to_cyxhw

__all__ = ["BoxCoder", "FasterRcnnBoxCoder", "MeanStddevBoxCoder", "SquareBoxCoder"]

# Keeps the logarithm of an empty box finite.
_EPSILON = 1e-8


class BoxCoder(Protocol):
    """Turns boxes into codes, `code_size` numbers each, and codes into boxes.

    Each box has the anchor at its place. Leading dimensions are broadcast: anchors `[A, 4]` serve all images of a
    batch, anchors `[B, A, 4]` each its own, and anchors `[A, 1, 4]` all classes of codes `[A, C, code_size]`.
    """

    code_size: ClassVar[int]

    def encode(self, boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """Codes of boxes.

        Args:
          boxes: float32 `[..., A, 4]`, yxyx.
          anchors: float32 `[..., A, 4]`, yxyx, in the unit of the boxes.

        Returns:
          float32 `[..., A, code_size]`, without unit; finite for empty boxes too.
        """

    def decode(self, codes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """Boxes from codes.

        Args:
          codes: float32 `[..., A, code_size]`.
          anchors: float32 `[..., A, 4]`, yxyx.

        Returns:
          float32 `[..., A, 4]`, yxyx, in the unit of the anchors; not clipped.
        """


@dataclass(frozen=True)
class FasterRcnnBoxCoder:
    """Codes [ty, tx, th, tw]: the centre's shift in anchor sizes and the logarithm of the relative size.

    From https://arxiv.org/abs/1506.01497, section 3.1.2; the four codes are multiplied by the scales.

    >>> code = FasterRcnnBoxCoder().encode(tf.constant([0.1, 0.0, 1.1, 1.0]), tf.constant([0.0, 0.0, 1.0, 1.0]))
    >>> [round(float(number), 4) for number in code]  # a tenth of the anchor's height lower, times the scale of 10
    [1.0, 0.0, 0.0, 0.0]
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

    >>> code = MeanStddevBoxCoder(0.1).encode(tf.constant([0.1, 0.0, 1.0, 1.0]), tf.constant([0.0, 0.0, 1.0, 1.0]))
    >>> code.numpy().tolist()
    [1.0, 0.0, 0.0, 0.0]
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

    >>> code = SquareBoxCoder().encode(tf.constant([0.1, 0.0, 1.1, 1.0]), tf.constant([0.0, 0.0, 1.0, 1.0]))
    >>> [round(float(number), 4) for number in code]
    [1.0, 0.0, 0.0]
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
