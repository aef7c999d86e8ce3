"""Regions of interest: from every proposal a crop of features, all of one size.

Letters: `B` images, `P` boxes of each, `L` feature maps, `S` the side of a crop, `H_l W_l D` sides and channels of
map l.
"""

from collections.abc import Sequence

import tensorflow as tf

__all__ = ["crop_boxes", "crop_regions", "pyramid_levels", "with_border", "within_border"]

_SIDE_OF_UNIT_SCALE = 224.0  # pixels: ImageNet's images, see https://arxiv.org/abs/1612.03144, equation 1


def crop_regions(
    features: Sequence[tf.Tensor], boxes: tf.Tensor, levels: tf.Tensor, side: int, *, fades: bool = True
) -> tf.Tensor:
    """Crops by bilinear interpolation (https://arxiv.org/abs/1703.06870, RoIAlign with one sample a cell).

    The corners of a box are at the centres of the first and the last sample, and 0 and 1 at the centres of a map's
    first and last features.

    A row of three features; a box over its last two, seen in three samples:

    >>> row = tf.reshape(tf.constant([0.0, 2.0, 4.0]), [1, 1, 3, 1])
    >>> crops = crop_regions([row], tf.constant([[[0.0, 0.5, 0.0, 1.0]]]), tf.zeros([1, 1], tf.int32), 3)
    >>> crops[0, 0, :, 0].numpy().tolist()
    [2.0, 3.0, 4.0]

    Args:
      features: `L` maps `[B, H_l, W_l, D]`, fine to coarse; float32.
      boxes: float32 `[B, P, 4]`, yxyx, relative to the image. No gradient flows to them.
      levels: int32 `[B, P]` in [0, L), from which map each box is cropped.
      side: `S`, at least 2.
      fades: Whether beyond the border features fade to zero within one cell (the original's
        `use_matmul_crop_and_resize`), or are zero at once, even where it is rounding that puts a sample beyond.

    Returns:
      float32 `[B · P, S, S, D]`, in the order of the boxes.
    """
    boxes = tf.stop_gradient(boxes)
    images = tf.repeat(tf.range(tf.shape(boxes)[0]), tf.shape(boxes)[1])
    flat = tf.reshape(boxes, [-1, 4])
    if len(features) == 1:
        return crop_boxes(features[0], flat, images, (side, side), fades=fades)
    level = tf.reshape(levels, [-1])
    places = tf.dynamic_partition(tf.range(tf.size(level)), level, len(features))
    crops = [
        crop_boxes(one, tf.gather(flat, place), tf.gather(images, place), (side, side), fades=fades)
        for one, place in zip(features, places, strict=True)
    ]
    return tf.dynamic_stitch(places, crops)


def pyramid_levels(boxes: tf.Tensor, image_size: tf.Tensor, levels: int) -> tf.Tensor:
    """From which level of a pyramid each box is cropped: large ones from coarse levels.

    A box of 224 pixels' side takes level `levels` - 2; half the side is one level less (1612.03144, equation 1).

    >>> boxes = tf.constant([[[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.2, 0.2]]])
    >>> pyramid_levels(boxes, tf.constant([448, 448]), 4).numpy().tolist()
    [[2, 0]]

    Args:
      boxes: float32 `[B, P, 4]`, yxyx, relative to the image.
      image_size: int32 `[2]`, height and width of the network's input in pixels.
      levels: How many there are, at least 2.

    Returns:
      int32 `[B, P]` in [0, levels); 0 for an empty box.
    """
    sides = boxes[..., 2:] - boxes[..., :2]
    scale = tf.sqrt(tf.cast(tf.reduce_prod(image_size), tf.float32)) / _SIDE_OF_UNIT_SCALE
    octave = tf.math.log(tf.sqrt(tf.reduce_prod(sides, axis=-1)) * scale) / tf.math.log(2.0)
    level = tf.floor(octave) + (levels - 2)
    # The logarithm of an empty box is minus infinity, which no integer is.
    return tf.cast(tf.clip_by_value(level, 0.0, levels - 1.0), tf.int32)


def crop_boxes(
    features: tf.Tensor, boxes: tf.Tensor, images: tf.Tensor, size: tuple[int, int], *, fades: bool = True
) -> tf.Tensor:
    """Crops of single boxes, as `crop_regions` makes them, of any size.

    Args:
      features: `[B, H, W, D]`, float32 or bfloat16.
      boxes: float32 `[R, 4]`, yxyx, relative to the image.
      images: int32 `[R]` in [0, B), which image each box is of.
      size: Height and width of a crop, each at least 2.
      fades: See `crop_regions`.

    Returns:
      float32 `[R, *size, D]`.
    """
    features = tf.cast(features, tf.float32)
    if not fades:
        return tf.image.crop_and_resize(features, boxes, images, size)
    # With a border of zeros TensorFlow's kernel, which knows no fading, fades as the original's products of matrices.
    return tf.image.crop_and_resize(with_border(features), within_border(boxes, tf.shape(features)[1:3]), images, size)


def with_border(features: tf.Tensor) -> tf.Tensor:
    """Features float32 `[B, H, W, D]`, with a border of zeros `[B, H + 2, W + 2, D]`."""
    return tf.pad(features, [[0, 0], [1, 1], [1, 1], [0, 0]])


def within_border(boxes: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Boxes float32 `[..., 4]`, yxyx, relative to features of a size, relative to these with their border.

    Args:
      size: `H` and `W` without the border, int32 `[2]` or, of each box's own features, `[..., 2]`.
    """
    sides = tf.cast(tf.concat([size, size], axis=-1), tf.float32)
    return (boxes * (sides - 1.0) + 1.0) / (sides + 1.0)
