"""What a record says of its objects beyond box and class: masks, keypoints, scores of several classes.

Letters: `H W` pixels of the image, `N` objects, `K` keypoints of an object, `S` scores of an object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.example import Example
from tfod.config.mask_kinds import MaskKind

__all__ = ["ObjectShapes", "list_of", "or_default", "shape_fault"]

_LABELLED = (1, 2)  # visibilities of COCO: there but hidden, and seen; 0 is not labelled


@dataclass(frozen=True)
class ObjectShapes:
    """Which of them are read.

    Attributes:
        masks: how records hold masks: as an encoded image for each object, or as `H * W` numbers; None: not read.
        num_keypoints: `K`; 0: keypoints are not read.
        multiclass_scores: whether scores of several classes are read.
    """

    masks: MaskKind | None = None
    num_keypoints: int = 0
    multiclass_scores: bool = False

    @property
    def features(self) -> dict[str, Any]:
        """The features of a record, as `tf.io.parse_single_example` takes them."""
        features = {}
        if self.masks:
            features[names.OBJECT_MASK] = list_of(tf.string if self.masks == "png" else tf.float32)
            features[names.OBJECT_MASK_WEIGHT] = list_of(tf.float32)
        if self.num_keypoints:
            features[names.OBJECT_KEYPOINT_Y] = list_of(tf.float32)
            features[names.OBJECT_KEYPOINT_X] = list_of(tf.float32)
            features[names.OBJECT_KEYPOINT_VISIBILITY] = list_of(tf.int64)
        if self.multiclass_scores:
            features[names.OBJECT_MULTICLASS_SCORES] = list_of(tf.float32)
        return features

    def read(self, features: dict[str, Any], count: Any, size: Any) -> Example:
        """The objects' tensors, one row an object.

        Args:
            features: of one record.
            count: `N`, int32 `[]`.
            size: `H` and `W`, int32 `[2]`.

        Returns:
            What is read of

                GROUNDTRUTH_INSTANCE_MASKS         float32 `[N, H, W]`, 0 or 1
                GROUNDTRUTH_INSTANCE_MASK_WEIGHTS  float32 `[N]`: 1 where the record says none, 0 if it has no masks
                GROUNDTRUTH_KEYPOINTS              float32 `[N, K, 2]`, yx, relative, NaN where not labelled
                GROUNDTRUTH_KEYPOINT_VISIBILITIES  bool `[N, K]`, whether labelled
                MULTICLASS_SCORES                  float32 `[N, S]`; `S` is 0 if the record has no scores

        Raises:
            tf.errors.InvalidArgumentError: while it runs, for masks of another size than the image, and for
                coordinates that make no whole number of objects.
        """
        objects = {}
        if self.masks:
            objects.update(self._masks(features, count, size))
        if self.num_keypoints:
            objects.update(self._keypoints(features, count))
        if self.multiclass_scores:
            scores = features[names.OBJECT_MULTICLASS_SCORES]
            columns = tf.size(scores) // tf.maximum(count, 1)
            objects[names.MULTICLASS_SCORES] = tf.reshape(scores, [count, columns])
        return objects

    def _masks(self, features: dict[str, Any], count: Any, size: Any) -> Example:
        stored, weights = features[names.OBJECT_MASK], features[names.OBJECT_MASK_WEIGHT]
        shape = tf.concat([[count], size], 0)
        unpack = _decoded_masks if self.masks == "png" else _numbers_as_masks
        masks = tf.cond(tf.size(stored) > 0, lambda: unpack(stored, size), lambda: tf.zeros(shape))
        masks.set_shape([None, None, None])
        default = tf.fill([count], tf.cast(tf.size(stored) > 0, tf.float32))
        return {
            names.GROUNDTRUTH_INSTANCE_MASKS: masks,
            names.GROUNDTRUTH_INSTANCE_MASK_WEIGHTS: or_default(weights, default),
        }

    def _keypoints(self, features: dict[str, Any], count: Any) -> Example:
        points = tf.stack([features[names.OBJECT_KEYPOINT_Y], features[names.OBJECT_KEYPOINT_X]], axis=1)
        points = or_default(points, tf.fill([count * self.num_keypoints, 2], float("nan")))
        points = tf.reshape(points, [-1, self.num_keypoints, 2])
        there = tf.where(tf.reduce_all(tf.math.is_finite(points), axis=2), _LABELLED[-1], 0)
        visibilities = or_default(
            features[names.OBJECT_KEYPOINT_VISIBILITY], tf.reshape(tf.cast(there, tf.int64), [-1])
        )
        visibilities = tf.reshape(visibilities, [-1, self.num_keypoints])
        labelled = tf.reduce_any([visibilities == value for value in _LABELLED], axis=0)
        return {
            names.GROUNDTRUTH_KEYPOINTS: tf.where(labelled[..., tf.newaxis], points, float("nan")),
            names.GROUNDTRUTH_KEYPOINT_VISIBILITIES: labelled,
        }


def shape_fault(features: Mapping[str, Sequence[Any]], shapes: ObjectShapes, count: int, size: tuple[int, int]) -> str:
    """Why the masks or keypoints of a record cannot be read; "" where they can.

    Args:
        features: of the record, whose values have the right types.
        shapes: what is read of it.
        count: how many boxes it has.
        size: height and width of its image.
    """
    stored = features.get(names.OBJECT_MASK, ()) if shapes.masks else ()
    if shapes.masks == "png":
        for number, data in enumerate(stored):
            try:
                found = tuple(tf.io.decode_image(data, channels=1, expand_animations=False).shape[:2])
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
                return f"mask {number} cannot be decoded"
            if found != size:
                return f"mask {number} is of {found[1]} x {found[0]} pixels, the image of {size[1]} x {size[0]}"
    if shapes.masks == "numbers" and stored and len(stored) != count * size[0] * size[1]:
        return f"the masks are {len(stored)} numbers, and {count} objects of {size[1]} x {size[0]} pixels need others"
    wanted = count * shapes.num_keypoints
    for name in (names.OBJECT_KEYPOINT_Y, names.OBJECT_KEYPOINT_X, names.OBJECT_KEYPOINT_VISIBILITY):
        there = len(features.get(name, ()))
        if wanted and there not in (0, wanted):
            need = f"{count} objects with num_keypoints {shapes.num_keypoints} need {wanted}"
            return f"{name} has {there} values; {need}"
    return ""


def list_of(dtype: Any) -> Any:
    """A feature that holds a list, empty where the record lacks it."""
    return tf.io.FixedLenSequenceFeature([], dtype, allow_missing=True)


def or_default(values: Any, default: Any) -> Any:
    """`values`, or `default` where there are none."""
    return tf.cond(tf.size(values) > 0, lambda: values, lambda: default)


def _decoded_masks(encoded: Any, size: Any) -> Any:
    def decode(data: Any) -> Any:
        pixels = tf.io.decode_image(data, channels=1, expand_animations=False)[..., 0]
        message = "a mask has not the size of the image"
        with tf.control_dependencies([tf.debugging.assert_equal(tf.shape(pixels), size, message)]):
            return tf.cast(pixels > 0, tf.float32)

    return tf.map_fn(decode, encoded, fn_output_signature=tf.TensorSpec([None, None], tf.float32))


def _numbers_as_masks(numbers: Any, size: Any) -> Any:
    return tf.reshape(tf.cast(numbers > 0, tf.float32), tf.concat([[-1], size], 0))
