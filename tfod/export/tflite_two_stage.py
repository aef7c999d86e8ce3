"""Two-stage detectors as TFLite models, of TFLite's own operations.

TFLite has an operation that suppresses boxes of one class, but none that crops. It gathers: each number of a crop is
mixed of the four features around its place.

Letters: `N` detections, `P` regions, `L` feature maps, `S` the side of a crop, `D` channels, `h w` the input's sides.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod import names
from tfod.errors import ConfigError
from tfod.export.suppression import require_hard, suppressed_by_class
from tfod.export.tflite_detector import require_fixed_size
from tfod.export.tflite_file import WITH_MASKS
from tfod.inference.preparation import Preparation
from tfod.models.detection_model import Tensors
from tfod.models.faster_rcnn.detector import FasterRCNN
from tfod.models.faster_rcnn.regions import with_border, within_border

__all__ = ["gathered_crops", "two_stage_tflite"]

_GREY_LEVEL = 0.5  # as far as a pixel may be from padding that is meant


def two_stage_tflite(model: FasterRCNN, preparation: Preparation) -> Callable[[tf.Tensor], Tensors]:
    """A `tf.function` of one input, float32 `[1, h, w, 3]`, normalised, to WITH_MASKS, or without the masks.

    All float32: boxes `[1, N, 4]`, yxyx, relative to the input; classes, from 0, and scores `[1, N]`; their number
    `[1]`; masks over the boxes, in [0, 1], `[1, N, mask height, mask width]`.

    Args:
      preparation: How images become that input.

    Raises:
      ConfigError: This model cannot be written so.
    """
    height, width = require_fixed_size(model)
    for nms in model.suppressions:
        require_hard(nms, "a two-stage detector in TFLite")
    is_padded = model.preprocess.resizer.padded_size is not None
    if is_padded and model.mask_head is not None:
        what = "masks depend on how much of the input is padding, which a TFLite model is not told"
        size = f"fixed_shape_resizer {{height: {height} width: {width}}}"
        cure = f"stretch images: --set 'model.{model.name}.image_resizer={{{size}}}', or use saved_model or onnx"
        raise ConfigError(what, "--formats tflite", cure)
    exported = model.computed_by(suppressed_by_class, gathered_crops)
    shape = [1, height, width, model.preprocess.resizer.channels]

    @tf.function(autograph=False, input_signature=[tf.TensorSpec(shape, tf.float32, "input")])
    def detect(images: tf.Tensor) -> Tensors:
        size = _size_without_padding(images, preparation) if is_padded else tf.constant([[height, width]])
        true_shapes = tf.concat([size, [[shape[3]]]], axis=1)
        found = exported.postprocess(exported.predict(images, true_shapes, training=False), true_shapes)
        share = tf.cast(size, tf.float32) / tf.constant([[height, width]], tf.float32)
        found[names.DETECTION_BOXES] *= tf.concat([share, share], axis=1)[:, tf.newaxis]
        return {name: found[name] for name in WITH_MASKS if name in found}

    return detect


def _size_without_padding(images: tf.Tensor, preparation: Preparation) -> tf.Tensor:
    """Height and width of what is no padding at the bottom and on the right of `[1, h, w, D]`: int32 `[1, 2]`.

    An image whose own last rows have the colour of padding counts as smaller: there is nothing to be found in them.
    """
    near = _GREY_LEVEL / tf.abs(tf.constant(preparation.deviations))
    differs = tf.reduce_any(tf.abs(images - tf.constant(preparation.padding)) > near, axis=3)

    def last(axis: int) -> tf.Tensor:
        lines = tf.cast(tf.reduce_any(differs, axis=3 - axis), tf.int32)
        return tf.reduce_max(lines * tf.range(1, images.shape[axis] + 1), axis=1)

    return tf.maximum(tf.stack([last(1), last(2)], axis=1), 1)


def gathered_crops(
    features: Sequence[tf.Tensor], boxes: tf.Tensor, levels: tf.Tensor, side: int, *, fades: bool = True
) -> tf.Tensor:
    """What `tfod.models.faster_rcnn.regions.crop_regions` gives, of the same arguments, for one image.

    Args:
      features: `L` maps `[1, H_l, W_l, D]` of known sizes; float32.
      boxes: float32 `[1, P, 4]`, yxyx, relative to the image.
      levels: int32 `[1, P]`.
    """
    level, boxes = tf.reshape(levels, [-1]), tf.reshape(boxes, [-1, 4])
    if fades:
        boxes = within_border(boxes, tf.gather(_sizes(features), level))
        features = [with_border(one) for one in features]
    flat = tf.concat([tf.reshape(one, [-1, one.shape[3]]) for one in features], axis=0)
    parts = (
        tf.gather(flat, tf.reshape(cells, [-1])) * tf.reshape(weights, [-1, 1])
        for cells, weights in _corners(_sizes(features), level, boxes, side)
    )
    # One after the other: each is as large as the crops, and these are the largest there is.
    return tf.reshape(reduce(tf.add, parts), [-1, side, side, flat.shape[1]])


def _corners(
    sizes: NDArray[np.int32], level: tf.Tensor, boxes: tf.Tensor, side: int
) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
    """The four features around each number of the crops of boxes `[P, 4]`, by their rows in all maps, int32
    `[P, S, S]`, and how much each counts, float32 `[P, S, S]`."""
    last = tf.gather(sizes.astype(np.float32) - 1.0, level)[..., tf.newaxis]  # [P, 2, 1]
    # As TensorFlow's kernel calculates it: on a last digit depends whether a crop ends in the image.
    low, high = boxes[:, :2, tf.newaxis], boxes[:, 2:, tf.newaxis]
    # The maximum is always `side - 1`; a constant the converter would make a product of its reciprocal.
    cell = (high - low) * last / tf.maximum(high, side - 1.0)
    places = low * last + tf.range(side, dtype=tf.float32) * cell  # [P, 2, S]
    inside = tf.cast((places >= 0.0) & (places <= last), tf.float32)
    before = tf.floor(places)
    share = places - before
    before = tf.cast(tf.clip_by_value(before, 0.0, last), tf.int32)
    after = tf.minimum(before + 1, tf.cast(last, tf.int32))
    starts = np.cumsum([0, *np.prod(sizes, axis=1)[:-1]]).astype(np.int32)
    start, length = (tf.gather(values, level)[:, tf.newaxis, tf.newaxis] for values in (starts, sizes[:, 1]))
    around = (before, (1.0 - share) * inside), (after, share * inside)
    for row, row_weight in around:
        for column, column_weight in around:
            cells = start + row[:, 0, :, tf.newaxis] * length + column[:, 1, tf.newaxis]
            yield cells, row_weight[:, 0, :, tf.newaxis] * column_weight[:, 1, tf.newaxis]


def _sizes(features: Sequence[tf.Tensor]) -> NDArray[np.int32]:
    """Height and width of each map: int32 `[L, 2]`."""
    return np.array([one.shape[1:3].as_list() for one in features], np.int32)
