"""Box coders: what a network predicts instead of a box, namely its difference from an anchor."""

from dataclasses import dataclass

import tensorflow as tf

from tfod.boxes.geometry import cyxhw_to_yxyx, yxyx_to_cyxhw
from tfod.errors import ConfigError
from tfod.protos import box_coder_pb2

__all__ = ["FasterRcnnBoxCoder", "box_coder_from_config"]

# Keeps the logarithm of an empty box finite.
_EPSILON = 1e-8


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

    def encode(self, boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """Codes float32 `[..., A, 4]` of boxes `[..., A, 4]` against anchors `[A, 4]`."""
        cy, cx, height, width = yxyx_to_cyxhw(boxes)
        anchor_cy, anchor_cx, anchor_height, anchor_width = yxyx_to_cyxhw(anchors)
        anchor_height, anchor_width = anchor_height + _EPSILON, anchor_width + _EPSILON
        ty = (cy - anchor_cy) / anchor_height * self.y_scale
        tx = (cx - anchor_cx) / anchor_width * self.x_scale
        th = tf.math.log((height + _EPSILON) / anchor_height) * self.height_scale
        tw = tf.math.log((width + _EPSILON) / anchor_width) * self.width_scale
        return tf.stack([ty, tx, th, tw], axis=-1)

    def decode(self, codes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
        """Boxes `[..., A, 4]` from codes `[..., A, 4]` and anchors `[A, 4]`; not clipped."""
        ty, tx, th, tw = tf.unstack(codes, axis=-1)
        cy, cx, height, width = yxyx_to_cyxhw(anchors)
        return cyxhw_to_yxyx(
            ty / self.y_scale * height + cy,
            tx / self.x_scale * width + cx,
            tf.exp(th / self.height_scale) * height,
            tf.exp(tw / self.width_scale) * width,
        )


def box_coder_from_config(config: box_coder_pb2.BoxCoder) -> FasterRcnnBoxCoder:
    """The coder that `box_coder` describes. Raises ConfigError for kinds that do not exist here yet."""
    kind = config.WhichOneof("box_coder_oneof")
    if kind != "faster_rcnn_box_coder":
        raise ConfigError(
            f"a box coder of the kind {kind or '(none)'} is not available",
            "model.ssd.box_coder",
            "use faster_rcnn_box_coder",
        )
    message = config.faster_rcnn_box_coder
    return FasterRcnnBoxCoder(message.y_scale, message.x_scale, message.height_scale, message.width_scale)
