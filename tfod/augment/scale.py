"""Steps that change how many pixels the image has. Boxes are relative, so that they stay.

Letters: `H W` pixels.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.example import Draw, Example, image_size, moved_masks, reframe, relative_window
from tfod.augment.resize import METHODS, resize

__all__ = [
    "random_downscale_to_target_pixels",
    "random_image_scale",
    "random_resize_method",
    "random_scale_crop_and_pad_to_square",
    "resize_image",
    "scale_boxes_to_pixel_coordinates",
]


def random_image_scale(
    example: Example, draw: Draw, *, min_scale_ratio: float = 0.5, max_scale_ratio: float = 2.0
) -> Example:
    """Scales both sides by one factor."""
    size = _scaled(image_size(example), draw.uniform(min_scale_ratio, max_scale_ratio))
    return _resized(example, resize(example[names.IMAGE], size, align_corners=True), size)


def random_downscale_to_target_pixels(
    example: Example,
    draw: Draw,
    *,
    random_coef: float = 0.0,
    min_target_pixels: int = 300000,
    max_target_pixels: int = 800000,
) -> Example:
    """Shrinks images of more than a random number of pixels to it; left alone with probability `random_coef`.

    The schema's comment gives 500000 for `max_target_pixels`; what the original does when it is not set
    is 800000.
    """
    height, width = image_size(example)
    chosen = draw.uniform() >= random_coef
    target = draw.integer(min_target_pixels, max_target_pixels)
    factor = tf.sqrt(tf.cast(target, tf.float32) / tf.cast(height * width, tf.float32))
    image = tf.cond(
        chosen & (height * width > target),
        lambda: resize(example[names.IMAGE], _scaled((height, width), factor)),
        lambda: tf.cast(example[names.IMAGE], tf.float32),
    )
    return _resized(example, image, tf.shape(image)[:2])


def resize_image(example: Example, draw: Draw, *, new_height: int, new_width: int, method: str = "bilinear") -> Example:
    """Always resizes to the same size."""
    size = (new_height, new_width)
    return _resized(example, resize(example[names.IMAGE], size, method), size)


def random_resize_method(example: Example, draw: Draw, *, target_height: int, target_width: int) -> Example:
    """Resizes with one of the four methods, chosen with equal probability."""
    image, size = tf.cast(example[names.IMAGE], tf.float32), (target_height, target_width)

    def branch(method: str) -> Any:
        return lambda: resize(image, size, method)

    resized = tf.switch_case(draw.integer(0, len(METHODS)), [branch(method) for method in METHODS])
    return _resized(example, resized, size)


def random_scale_crop_and_pad_to_square(
    example: Example, draw: Draw, *, output_size: int = 512, scale_min: float = 0.1, scale_max: float = 2.0
) -> Example:
    """EfficientDet's scale jitter: scales, then crops or pads to a square of `output_size`.

    At scale 1 the longer side is `output_size`. A part that is too large is cut at a random place, one that is
    too small is padded with black at the bottom and on the right.
    """
    height, width = image_size(example)
    longer = tf.cast(tf.maximum(height, width), tf.float32)
    size = draw.uniform(scale_min, scale_max) * output_size
    scaled_height, scaled_width = (
        tf.maximum(tf.cast(size * (tf.cast(side, tf.float32) / longer), tf.int32), 1) for side in (height, width)
    )
    top, left = (
        tf.cast(draw.uniform() * tf.cast(tf.maximum(side - output_size, 0), tf.float32), tf.int32)
        for side in (scaled_height, scaled_width)
    )
    size = (scaled_height, scaled_width)
    scaled = _resized(example, resize(example[names.IMAGE], size), size)
    window = relative_window(top, left, output_size, output_size, scaled)

    def show(image: Any) -> Any:
        shown = image[top : top + output_size, left : left + output_size]
        return tf.image.pad_to_bounding_box(shown, 0, 0, output_size, output_size)

    return reframe(scaled, show, window, min_overlap=None, clip=True)


def scale_boxes_to_pixel_coordinates(example: Example, draw: Draw) -> Example:
    """Makes boxes absolute. What follows in this project expects relative ones."""
    size = tf.cast(tf.stack(image_size(example) * 2), tf.float32)
    points = {name: example[name] * size[:2] for name in [names.GROUNDTRUTH_KEYPOINTS] if name in example}
    return {**example, **points, names.GROUNDTRUTH_BOXES: example[names.GROUNDTRUTH_BOXES] * size}


def _resized(example: Example, image: Any, size: Any) -> Example:
    """The example with a resized image, and its masks of the nearest pixels."""
    masks = moved_masks(example, lambda masks: resize(masks, size, "nearest"))
    return {**example, **masks, names.IMAGE: image}


def _scaled(size: tuple[Any, Any], factor: Any) -> tuple[Any, Any]:
    """Height and width times `factor`, fractions cut off, at least 1."""
    height, width = (tf.cast(tf.cast(side, tf.float32) * factor, tf.int32) for side in size)
    return tf.maximum(height, 1), tf.maximum(width, 1)
