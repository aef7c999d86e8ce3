"""Cropping: steps that keep a part of the image and the objects that can be seen in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.example import Draw, Example, image_size, reframe, relative_window, sometimes

__all__ = [
    "DEFAULT_CROP",
    "SSD_CROPS",
    "Crop",
    "random_crop_image",
    "random_crop_to_aspect_ratio",
    "random_square_crop_by_scale",
    "ssd_random_crop",
    "ssd_random_crop_fixed_aspect_ratio",
]

_MAX_ATTEMPTS = 100


@dataclass(frozen=True)
class Crop:
    """Which windows `random_crop_image` may choose, and which objects it keeps.

    Attributes:
        min_object_covered: the share of at least one object that the window must cover.
        aspect_ratio: least and greatest width / height of the window.
        area: least and greatest share of the image that the window takes.
        overlap_thresh: objects with less than this share of their area in the window are dropped.
        clip_boxes: whether the boxes of the others are cut at the window's edges.
        random_coef: the probability of leaving the image as it is.
    """

    min_object_covered: float = 1.0
    aspect_ratio: tuple[float, float] = (0.75, 1.33)
    area: tuple[float, float] = (0.1, 1.0)
    overlap_thresh: float = 0.3
    clip_boxes: bool = True
    random_coef: float = 0.0


DEFAULT_CROP = Crop()
"""The crop of random_crop_image if nothing is set."""

SSD_CROPS = tuple(
    Crop(overlap, (0.5, 2.0), (0.1, 1.0), overlap_thresh=overlap, random_coef=0.15)
    for overlap in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
)
"""The crops of the SSD paper (Liu et al. 2016, section 2.2), one of which is chosen for an image."""


def random_crop_image(example: Example, draw: Draw, *, settings: Crop = DEFAULT_CROP) -> Example:
    """Crops a random window; the whole image stays where no allowed window is found in 100 attempts."""
    if settings.random_coef == 0:
        return _crop_image(example, draw, settings)
    chosen, inner = draw.uniform() > settings.random_coef, draw.split()
    return sometimes(chosen, lambda unchanged: _crop_image(unchanged, inner, settings), example)


def ssd_random_crop(example: Example, draw: Draw, *, crops: Sequence[Crop] = SSD_CROPS) -> Example:
    """Does one of the `crops`, chosen with equal probability."""

    def branch(crop: Crop) -> Any:
        inner = draw.split()
        return lambda: random_crop_image(dict(example), inner, settings=crop)

    cropped: Example = tf.switch_case(draw.integer(0, len(crops)), [branch(crop) for crop in crops])
    return cropped


def ssd_random_crop_fixed_aspect_ratio(
    example: Example, draw: Draw, *, crops: Sequence[Crop] = SSD_CROPS, aspect_ratio: float = 1.0
) -> Example:
    """`ssd_random_crop` with windows of one aspect ratio, then the largest part that has it exactly."""
    fixed = [dataclasses.replace(crop, aspect_ratio=(aspect_ratio, aspect_ratio)) for crop in crops]
    example = ssd_random_crop(example, draw, crops=fixed)
    # The original tests a list for truth here: boxes are clipped whatever the operations say.
    return random_crop_to_aspect_ratio(example, draw, aspect_ratio=aspect_ratio)


def random_crop_to_aspect_ratio(
    example: Example,
    draw: Draw,
    *,
    aspect_ratio: float = 1.0,
    overlap_thresh: float = 0.3,
    clip_boxes: bool = True,
) -> Example:
    """Crops the largest window of width / height = `aspect_ratio`, somewhere along the longer side."""
    height, width = image_size(example)
    now = tf.cast(width, tf.float32) / tf.cast(height, tf.float32)
    new_height = tf.where(now >= aspect_ratio, height, _rounded(tf.cast(width, tf.float32) / aspect_ratio))
    new_width = tf.where(now <= aspect_ratio, width, _rounded(tf.cast(height, tf.float32) * aspect_ratio))
    top = draw.integer(0, height - new_height + 1)
    left = draw.integer(0, width - new_width + 1)
    window = relative_window(top, left, new_height, new_width, example)

    def show(image: Any) -> Any:
        return image[top : top + new_height, left : left + new_width]

    return reframe(example, show, window, min_overlap=overlap_thresh, clip=clip_boxes)


def random_square_crop_by_scale(
    example: Example,
    draw: Draw,
    *,
    max_border: int = 128,
    scale_min: float = 0.6,
    scale_max: float = 1.3,
    num_scales: int = 8,
) -> Example:
    """Crops a square around a random point, black where it reaches beyond the image (CenterNet's crop).

    Its side is the image's longer side times one of `num_scales` factors from `scale_min` to `scale_max`.
    As in the original the image's last row and column are never shown.
    """
    height, width = image_size(example)
    scale = tf.linspace(scale_min, scale_max, num_scales)[draw.integer(0, num_scales)]
    side = tf.cast(scale * tf.cast(tf.maximum(height, width), tf.float32), tf.int32)
    border_y, border_x = _border(max_border, height), _border(max_border, width)
    top = draw.integer(border_y, height - border_y + 1) - side // 2
    left = draw.integer(border_x, width - border_x + 1) - side // 2
    bottom = tf.minimum(top + side // 2 * 2, height - 1)
    right = tf.minimum(left + side // 2 * 2, width - 1)
    above, before = tf.maximum(-top, 0), tf.maximum(-left, 0)
    window = relative_window(top, left, side, side, example)

    def show(image: Any) -> Any:
        shown = image[tf.maximum(top, 0) : bottom, tf.maximum(left, 0) : right]
        return tf.image.pad_to_bounding_box(shown, above, before, side, side)

    return reframe(example, show, window, min_overlap=None, clip=True)


def _crop_image(example: Example, draw: Draw, settings: Crop) -> Example:
    image, boxes = example[names.IMAGE], example[names.GROUNDTRUTH_BOXES]
    begin, size, window = tf.image.stateless_sample_distorted_bounding_box(
        tf.shape(image),
        tf.clip_by_value(boxes, 0.0, 1.0)[tf.newaxis],
        draw.seed(),
        min_object_covered=settings.min_object_covered,
        aspect_ratio_range=settings.aspect_ratio,
        area_range=settings.area,
        max_attempts=_MAX_ATTEMPTS,
        use_image_if_no_bounding_boxes=True,
    )

    def show(image: Any) -> Any:
        part = tf.slice(image, begin, tf.concat([size[:2], [-1]], 0))
        part.set_shape([None, None, image.shape[2]])
        return part

    return reframe(example, show, window[0, 0], min_overlap=settings.overlap_thresh, clip=settings.clip_boxes)


def _rounded(value: Any) -> Any:
    return tf.maximum(tf.cast(tf.round(value), tf.int32), 1)


def _border(border: int, size: Any) -> Any:
    """How far from the edges the crop's centre stays: `border`, halved until twice it fits into `size`."""
    halvings = tf.math.ceil(tf.math.log(2.0 * border / tf.cast(size, tf.float32)) / tf.math.log(2.0))
    divisor = tf.clip_by_value(tf.pow(2.0, halvings), 1.0, float(border))
    return border // tf.cast(divisor, tf.int32)
