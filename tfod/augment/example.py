"""What an augmentation step changes: one image and its objects, and the random numbers that it may draw.

Letters: `H W` pixels, `D` channels, `N` objects.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.boxes import geometry

__all__ = [
    "PER_OBJECT",
    "Draw",
    "Example",
    "image_size",
    "keep_objects",
    "keep_rows",
    "moved_masks",
    "reframe",
    "relative_window",
    "replace_image",
    "sometimes",
]

Example = dict[str, Any]
"""Tensors by name. A step reads and returns

    IMAGE                        `[H, W, D]`, uint8 or float32 in 0..255
    GROUNDTRUTH_BOXES            float32 `[N, 4]`, yxyx, relative to the image
    GROUNDTRUTH_CLASSES          int64 `[N]`, ids of the label map
    GROUNDTRUTH_INSTANCE_MASKS   `[N, H, W]`, 0 outside of the object, if there are masks
    GROUNDTRUTH_KEYPOINTS        float32 `[N, K, 2]`, yx, relative to the image, NaN where there is none
    others of PER_OBJECT         `[N, ...]`, any of them

and passes on whatever else is there.
"""

PER_OBJECT = (
    names.GROUNDTRUTH_BOXES,
    names.GROUNDTRUTH_CLASSES,
    names.GROUNDTRUTH_WEIGHTS,
    names.GROUNDTRUTH_AREA,
    names.GROUNDTRUTH_IS_CROWD,
    names.GROUNDTRUTH_DIFFICULT,
    names.GROUNDTRUTH_GROUP_OF,
    names.MULTICLASS_SCORES,
    names.GROUNDTRUTH_INSTANCE_MASKS,
    names.GROUNDTRUTH_INSTANCE_MASK_WEIGHTS,
    names.GROUNDTRUTH_KEYPOINTS,
    names.GROUNDTRUTH_KEYPOINT_VISIBILITIES,
)
"""The tensors with one row an object: they are filtered and repeated together."""


_DRAWS_OF_A_BRANCH = 256


class Draw:
    """The random numbers of one example: the n-th draw depends on nothing but the seed and n.

    So a run with the same seed sees the same images, however many threads prepare them.

    Args:
        seed: int64 `[2]`: the run's seed, and the number of the example within the run.
    """

    def __init__(self, seed: Any) -> None:
        # Examples are 2**16 draws apart; no step comes near that many.
        self._seed = tf.cast(seed, tf.int64) * tf.constant([1, 1 << 16], tf.int64)
        self._drawn = 0

    def seed(self) -> Any:
        """A seed int64 `[2]` of its own for one of TensorFlow's `stateless` functions."""
        self._drawn += 1
        return self._seed + tf.constant([0, self._drawn], tf.int64)

    def split(self) -> Draw:
        """A source of its own, with 255 numbers, for what runs in one branch of several.

        Otherwise what is drawn after the branches would depend on how many draws their tracing counted.
        """
        child = copy.copy(self)
        self._drawn += _DRAWS_OF_A_BRANCH
        return child

    def uniform(self, low: Any = 0.0, high: Any = 1.0, shape: Any = ()) -> Any:
        """Float32 numbers in [low, high)."""
        return tf.random.stateless_uniform(shape, self.seed(), low, high)

    def normal(self, stddev: Any, shape: Any) -> Any:
        """Float32 numbers around 0."""
        return tf.random.stateless_normal(shape, self.seed(), stddev=stddev)

    def integer(self, low: Any, high: Any) -> Any:
        """An int32 number in [low, high); `low` where that is empty."""
        return tf.random.stateless_uniform((), self.seed(), low, tf.maximum(high, low + 1), tf.int32)


def image_size(example: Example) -> tuple[Any, Any]:
    """Height and width of the image, scalar int32 tensors."""
    shape = tf.shape(example[names.IMAGE])
    return shape[0], shape[1]


def sometimes(condition: Any, step: Callable[[Example], Example], example: Example) -> Example:
    """The example after `step` where the scalar `condition` is true, else as it is."""
    changed: Example = tf.cond(condition, lambda: step(dict(example)), lambda: dict(example))
    return changed


def keep_objects(example: Example, kept: Any) -> Example:
    """The example with only the objects for which bool `kept` `[N]` is true."""
    return keep_rows(example, tf.where(kept)[:, 0])


def keep_rows(example: Example, indices: Any) -> Example:
    """The example with only the objects of the numbers `indices`, int64 `[M]`, in their order."""
    filtered = {key: tf.gather(example[key], indices) for key in PER_OBJECT if key in example}
    return {**example, **filtered}


def reframe(
    example: Example,
    show: Callable[[Any], Any],
    window: Any,
    *,
    min_overlap: float | None,
    clip: bool,
) -> Example:
    """The example after its image and its masks have been replaced by the part that shows `window`.

    Objects that the window does not touch go; those with less than the share `min_overlap` of their area
    in it go too, and with them objects without area, unless `min_overlap` is None.

    Args:
        show: gives the part, which may reach beyond what it is part of, of an image `[H, W, D]`; of any dtype and `D`.
        window: float32 `[4]`, yxyx, relative to the old image.
        clip: whether boxes are cut at the window's edges, and keypoints beyond them are NaN.
    """
    boxes = example[names.GROUNDTRUTH_BOXES]
    kept = tf.reduce_all((boxes[:, :2] < window[2:]) & (boxes[:, 2:] > window[:2]), axis=1)
    if min_overlap is not None:
        overlap = geometry.intersection_over_area(boxes, window[tf.newaxis])[:, 0]
        kept &= (overlap >= min_overlap) & (geometry.area(boxes) > 0)
    example = replace_image(keep_objects(example, kept), show, window)
    if not clip:
        return example
    clipped = {names.GROUNDTRUTH_BOXES: tf.clip_by_value(example[names.GROUNDTRUTH_BOXES], 0.0, 1.0)}
    if (points := example.get(names.GROUNDTRUTH_KEYPOINTS)) is not None:
        shown = tf.reduce_all((points >= 0.0) & (points <= 1.0), axis=-1, keepdims=True)
        clipped[names.GROUNDTRUTH_KEYPOINTS] = tf.where(shown, points, float("nan"))
    return {**example, **clipped}


def replace_image(example: Example, show: Callable[[Any], Any], window: Any) -> Example:
    """The example with the part of image and masks that shows `window` (as in `reframe`), and all relative to it."""
    boxes = geometry.change_frame(example[names.GROUNDTRUTH_BOXES], window)
    replaced = {names.IMAGE: show(example[names.IMAGE]), names.GROUNDTRUTH_BOXES: boxes}
    if (points := example.get(names.GROUNDTRUTH_KEYPOINTS)) is not None:
        replaced[names.GROUNDTRUTH_KEYPOINTS] = (points - window[:2]) / (window[2:] - window[:2])
    return {**example, **replaced, **moved_masks(example, show)}


def moved_masks(example: Example, show: Callable[[Any], Any]) -> Example:
    """The masks, if there are any, after `show` (as in `reframe`): all at once, as the channels of an image."""
    masks = example.get(names.GROUNDTRUTH_INSTANCE_MASKS)
    if masks is None:
        return {}
    return {names.GROUNDTRUTH_INSTANCE_MASKS: tf.transpose(show(tf.transpose(masks, [1, 2, 0])), [2, 0, 1])}


def relative_window(top: Any, left: Any, height: Any, width: Any, example: Example) -> Any:
    """The window float32 `[4]` in shares of the image, from its corner and size in pixels."""
    image_height, image_width = image_size(example)
    corners = tf.cast(tf.stack([top, left, top + height, left + width]), tf.float32)
    return corners / tf.cast(tf.stack([image_height, image_width] * 2), tf.float32)
