"""From a serialized tf.Example to an image and its objects.

Letters: `H W` pixels, `N` objects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.example import Example, keep_objects
from tfod.config.label_map import LabelMap
from tfod.input.decode_shapes import ObjectShapes, list_of, or_default
from tfod.input.notice import Notice

__all__ = ["OBJECT_COUNTS", "RecordDecoder"]

OBJECT_COUNTS = "object_counts"
"""Part of an example: int32 `[3]`, the objects of its record, those whose class is not known, and of the others those
with a coordinate that is not finite."""

_HASH_BUCKETS = 2**31

_TEXT = tf.io.FixedLenFeature([], tf.string, default_value="")
_BOX_FEATURES = (names.OBJECT_YMIN, names.OBJECT_XMIN, names.OBJECT_YMAX, names.OBJECT_XMAX)

_FEATURES = {
    names.IMAGE_ENCODED: _TEXT,
    names.IMAGE_SOURCE_ID: _TEXT,
    **{name: list_of(tf.float32) for name in _BOX_FEATURES},
    names.OBJECT_CLASS_TEXT: list_of(tf.string),
    names.OBJECT_CLASS_LABEL: list_of(tf.int64),
    names.OBJECT_WEIGHT: list_of(tf.float32),
}

_EVALUATION_FEATURES = {
    names.OBJECT_AREA: (names.GROUNDTRUTH_AREA, tf.float32),
    names.OBJECT_IS_CROWD: (names.GROUNDTRUTH_IS_CROWD, tf.int64),
    names.OBJECT_DIFFICULT: (names.GROUNDTRUTH_DIFFICULT, tf.int64),
}

_KINDS = {tf.string: bytes, tf.float32: float, tf.int64: int}
_NO_SHAPES = ObjectShapes()


class RecordDecoder:
    """Decodes tf.Examples, all in TensorFlow's C++ operations.

    Objects whose class the label map lacks, or whose id lies outside 1..`num_classes`, are left out, and a
    warning is printed once; so are boxes with a coordinate that is not finite.

    Args:
        label_map: looks up `class/text`; without one, or where a record has no text, `class/label` counts.
        num_classes: how many classes the model tells apart.
        for_evaluation: whether area, is_crowd and difficult are read too.
        shapes: which masks, keypoints and scores are read too.

    Attributes:
        kinds: what is read of a record, and the type of its values: bytes, float or int.
        shapes: as above.
    """

    def __init__(
        self,
        label_map: LabelMap | None,
        num_classes: int,
        *,
        for_evaluation: bool,
        shapes: ObjectShapes = _NO_SHAPES,
    ) -> None:
        self._ids = None if label_map is None else _class_table(label_map)
        self._num_classes = num_classes
        self._evaluation = _EVALUATION_FEATURES if for_evaluation else {}
        extra = {feature: list_of(dtype) for feature, (_, dtype) in self._evaluation.items()}
        self._features = {**_FEATURES, **extra, **shapes.features}
        self.shapes = shapes
        self.kinds: dict[str, type] = {name: _KINDS[feature.dtype] for name, feature in self._features.items()}
        self._unknown_class = Notice(
            f"objects are left out whose class the label map lacks or whose id is not in 1..{num_classes}"
        )

    def __call__(self, serialized: Any, number: Any) -> Example:
        """Decodes one record.

        Args:
            serialized: a scalar string tensor.
            number: int64, stands for the source id where the record has none.

        Returns:
            An example (see `tfod.augment.example`) with IMAGE uint8 `[H, W, 3]`, SOURCE_ID string,
            HASH int32, ORIGINAL_IMAGE_SPATIAL_SHAPE int32 `[2]` and OBJECT_COUNTS int32 `[3]`; masks, keypoints and
            scores as `ObjectShapes.read` gives them.

        Raises:
            tf.errors.InvalidArgumentError: while it runs, for an image that cannot be decoded, lists of
                different lengths and inverted boxes.
        """
        features = tf.io.parse_single_example(serialized, self._features)
        source_id = features[names.IMAGE_SOURCE_ID]
        source_id = tf.where(tf.equal(source_id, ""), tf.strings.as_string(number), source_id)
        image = tf.io.decode_image(features[names.IMAGE_ENCODED], channels=3, expand_animations=False)
        image.set_shape([None, None, 3])
        example = {
            names.IMAGE: image,
            names.SOURCE_ID: source_id,
            names.HASH: tf.cast(tf.strings.to_hash_bucket_fast(source_id, _HASH_BUCKETS), tf.int32),
            names.ORIGINAL_IMAGE_SPATIAL_SHAPE: tf.shape(image)[:2],
            **self._objects(features, source_id, tf.shape(image)[:2]),
        }
        return self._without_unusable_objects(example)

    def _objects(self, features: dict[str, Any], source_id: Any, size: Any) -> Example:
        boxes = tf.stack([features[name] for name in _BOX_FEATURES], axis=1)
        count = tf.shape(boxes)[0]
        inverted = tf.reduce_any(boxes[:, 2:] < boxes[:, :2])
        tf.debugging.Assert(~inverted, ["a box has ymax < ymin or xmax < xmin", source_id, boxes], summarize=40)
        objects = {
            names.GROUNDTRUTH_BOXES: boxes,
            names.GROUNDTRUTH_CLASSES: self._classes(features),
            names.GROUNDTRUTH_WEIGHTS: or_default(features[names.OBJECT_WEIGHT], tf.ones([count])),
            **self.shapes.read(features, count, size),
        }
        for feature, (name, dtype) in self._evaluation.items():
            values = or_default(features[feature], tf.zeros([count], dtype))
            objects[name] = values if dtype == tf.float32 else values > 0
        for name, values in objects.items():
            message = f"{name} has not as many values as there are boxes"
            tf.debugging.assert_equal(tf.shape(values)[0], count, message)
        return objects

    def _classes(self, features: dict[str, Any]) -> Any:
        texts, labels = features[names.OBJECT_CLASS_TEXT], features[names.OBJECT_CLASS_LABEL]
        if self._ids is None:
            return labels
        table: Callable[[Any], Any] = self._ids.lookup
        return tf.cond(tf.size(texts) > 0, lambda: table(texts), lambda: labels)

    def _without_unusable_objects(self, example: Example) -> Example:
        classes = example[names.GROUNDTRUTH_CLASSES]
        known = (classes >= 1) & (classes <= self._num_classes)
        unknown = tf.reduce_sum(tf.cast(~known, tf.int32))
        unknown = self._unknown_class.when(unknown > 0, example[names.SOURCE_ID], unknown)
        finite = tf.reduce_all(tf.math.is_finite(example[names.GROUNDTRUTH_BOXES]), axis=1)
        unsound = tf.reduce_sum(tf.cast(known & ~finite, tf.int32))
        example = {**example, OBJECT_COUNTS: tf.stack([tf.size(classes), unknown, unsound])}
        # Filtering costs a dozen small operations, and nearly every record needs none.
        flawless = (unknown == 0) & tf.reduce_all(finite)
        filtered: Example = tf.cond(flawless, lambda: example, lambda: keep_objects(example, known & finite))
        return filtered


def _class_table(label_map: LabelMap) -> Any:
    ids = label_map.ids
    values = tf.lookup.KeyValueTensorInitializer(list(ids), list(ids.values()), tf.string, tf.int64)
    return tf.lookup.StaticHashTable(values, default_value=-1)
