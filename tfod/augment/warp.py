"""Rotation, shift and shear of an image, its boxes, masks and keypoints; or of what each box shows.

What comes from outside is grey in the image, and in no mask. Boxes become the upright ones around the moved ones, in
whole pixels as in the original; one that has left the image stays as a strip of its edge.

Letters: `N` objects, `K` keypoints an object, `H W` pixels, `D` channels, `B` images.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment.example import Draw, Example, image_size

__all__ = ["Affine", "each_box", "pixel_boxes", "rotated", "sheared", "shifted", "warp_example", "warp_image"]

_GREY = 128.0

Affine = Callable[[Any, Any], Any]
"""Of an image's height and width, int32: where in it each pixel of the new image is found. Float32 `[6]`, (a, b, c, d,
e, f) for column a x + b y + c and row d x + e y + f."""


def rotated(degrees: Any) -> Affine:
    """Turns counter-clockwise about the middle."""

    def matrix(height: Any, width: Any) -> Any:
        sine, cosine = tf.sin(degrees * (math.pi / 180)), tf.cos(degrees * (math.pi / 180))
        last_y, last_x = (tf.cast(side - 1, tf.float32) for side in (height, width))
        across = (last_x - (cosine * last_x - sine * last_y)) / 2
        down = (last_y - (sine * last_x + cosine * last_y)) / 2
        return tf.stack([cosine, -sine, across, sine, cosine, down])

    return matrix


def shifted(*, left: Any = 0.0, up: Any = 0.0) -> Affine:
    """Moves by pixels."""
    return lambda height, width: tf.stack([1.0, 0.0, left, 0.0, 1.0, up])


def sheared(*, left: Any = 0.0, up: Any = 0.0) -> Affine:
    """Moves each row to the left by a share of its number, or each column upwards."""
    return lambda height, width: tf.stack([1.0, left, 0.0, up, 1.0, 0.0])


def warp_image(image: Any, affine: Affine, fill: float = _GREY) -> Any:
    """An image `[H, W, D]` in which each pixel is the nearest to its place."""
    height, width = tf.unstack(tf.shape(image)[:2])
    return _warped(image[tf.newaxis], affine(height, width)[tf.newaxis], fill)[0]


def warp_example(example: Example, affine: Affine, boxes: Any) -> Example:
    """The example with its image moved, its masks and keypoints, and with `boxes`, which have been."""
    height, width = image_size(example)
    count = tf.shape(example[names.GROUNDTRUTH_BOXES])[0]
    matrices = tf.tile(affine(height, width)[tf.newaxis], [count, 1])
    whole = tf.tile(tf.stack([[0, 0, height, width]]), [count, 1])
    moved = {names.IMAGE: warp_image(example[names.IMAGE], affine), names.GROUNDTRUTH_BOXES: boxes}
    return {**example, **_moved_shapes(example, matrices, whole, tf.ones([count], tf.bool)), **moved}


def pixel_boxes(example: Example, *, inside: bool = False) -> Any:
    """The boxes in pixels, fractions cut off: int32 `[N, 4]`; `inside`: their last pixels are of the image."""
    height, width = image_size(example)
    sides = tf.stack([height, width] * 2)
    boxes = tf.cast(example[names.GROUNDTRUTH_BOXES] * tf.cast(sides, tf.float32), tf.int32)
    return tf.minimum(boxes, sides - 1) if inside else boxes


def each_box(
    example: Example,
    draw: Draw,
    probability: float,
    change: Callable[[Any, Any], Any],
    affine: Affine | None = None,
) -> Example:
    """Changes what boxes show, each with `probability`, one after the other in a random order.

    Args:
        change: from a part of the image uint8 `[h, w, D]` and two random numbers float32 `[2]` to that part, changed.
        affine: how it moves what it shows, if it does: then the masks and keypoints of the boxes' objects move too.
    """
    count = tf.shape(example[names.GROUNDTRUTH_BOXES])[0]
    chosen = draw.uniform(shape=[count]) < probability
    order = tf.argsort(draw.uniform(shape=[count]))
    numbers = draw.uniform(shape=[count, 2])
    boxes = pixel_boxes(example, inside=True)
    todo = tf.boolean_mask(order, tf.gather(chosen, order))

    def body(done: Any, image: Any) -> tuple[Any, Any]:
        which = todo[done]
        return done + 1, _pasted(image, boxes[which], lambda part: change(part, numbers[which]))

    image = example[names.IMAGE]
    shapes = tf.TensorShape([]), image.shape
    _, image = tf.while_loop(lambda done, _: done < tf.size(todo), body, (0, image), shape_invariants=shapes)
    moved: Example = {}
    if affine is not None:
        areas = tf.concat([boxes[:, :2], boxes[:, 2:] + 1], axis=1)
        moved = _moved_shapes(example, _within(affine, areas), areas, chosen)
    return {**example, **moved, names.IMAGE: image}


def _pasted(image: Any, box: Any, change: Callable[[Any], Any]) -> Any:
    top, left, bottom, right = tf.unstack(box)
    height, width = tf.unstack(tf.shape(image)[:2])
    padding = [[top, height - 1 - bottom], [left, width - 1 - right], [0, 0]]
    part = change(image[top : bottom + 1, left : right + 1])
    inside = tf.pad(tf.ones_like(part, tf.bool), padding)
    return tf.ensure_shape(tf.where(inside, tf.pad(part, padding), image), image.shape)


def _within(affine: Affine, areas: Any) -> Any:
    """What `affine` does to the part of the image in each area, as it looks from the image: float32 `[N, 6]`."""

    def matrix(area: Any) -> Any:
        top, left, bottom, right = tf.unstack(area)
        a, b, c, d, e, f = tf.unstack(affine(bottom - top, right - left))
        y, x = tf.cast(top, tf.float32), tf.cast(left, tf.float32)
        return tf.stack([a, b, c + x - a * x - b * y, d, e, f + y - d * x - e * y])

    return tf.map_fn(matrix, areas, fn_output_signature=tf.TensorSpec([6], tf.float32))


def _moved_shapes(example: Example, matrices: Any, areas: Any, chosen: Any) -> Example:
    """Masks and keypoints of objects: those that are `chosen` move by `[N, 6]` as far as they lie in their areas."""
    moved: Example = {}
    if (masks := example.get(names.GROUNDTRUTH_INSTANCE_MASKS)) is not None:
        height, width = image_size(example)
        rows, columns = tf.range(height)[:, tf.newaxis], tf.range(width)
        top, left, bottom, right = (edge[:, tf.newaxis, tf.newaxis] for edge in tf.unstack(areas, axis=1))
        inside = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
        inside &= chosen[:, tf.newaxis, tf.newaxis]
        moved[names.GROUNDTRUTH_INSTANCE_MASKS] = tf.where(
            inside, _warped(masks[..., tf.newaxis], matrices, 0.0)[..., 0], masks
        )
    if (points := example.get(names.GROUNDTRUTH_KEYPOINTS)) is not None:
        moved[names.GROUNDTRUTH_KEYPOINTS] = _moved_points(example, points, matrices, areas, chosen)
    return moved


def _moved_points(example: Example, points: Any, matrices: Any, areas: Any, chosen: Any) -> Any:
    size = tf.cast(tf.stack(image_size(example)), tf.float32)
    a, b, c, d, e, f = (value[:, tf.newaxis] for value in tf.unstack(matrices, axis=1))
    y, x = tf.unstack(points * size - 0.5, axis=-1)  # of pixels' centres
    determinant = a * e - b * d
    new_x, new_y = (e * (x - c) - b * (y - f)) / determinant, (a * (y - f) - d * (x - c)) / determinant
    new = tf.stack([new_y, new_x], axis=-1) + 0.5
    edges = tf.cast(areas, tf.float32)[:, tf.newaxis]
    was_inside = tf.reduce_all((points * size >= edges[..., :2]) & (points * size <= edges[..., 2:]), -1, keepdims=True)
    is_inside = tf.reduce_all((new >= edges[..., :2]) & (new <= edges[..., 2:]), -1, keepdims=True)
    new = tf.where(is_inside, new / size, float("nan"))
    return tf.where(was_inside & chosen[:, tf.newaxis, tf.newaxis], new, points)


def _warped(images: Any, matrices: Any, fill: float) -> Any:
    """Images `[B, H, W, D]`, each pixel the nearest to where `[B, 6]` says."""
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.pad(matrices, [[0, 0], [0, 2]]),
        output_shape=tf.shape(images)[1:3],
        fill_value=fill,
        interpolation="NEAREST",
        fill_mode="CONSTANT",
    )
    moved.set_shape(images.shape)
    return moved
