"""Anchors: the boxes that a detector corrects, several at every cell of every feature map.

All kinds list the cells row by row and the feature maps from fine to coarse. Sizes may be integers or, where they are
known only at run time, int32 scalar tensors. Anchors at the border extend beyond the image; they are not clipped.
Letters: `A` anchors of all feature maps, `N` of one cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Protocol, TypeAlias

import numpy as np
import tensorflow as tf

from tfod.boxes.geometry import cyxhw_to_yxyx
from tfod.config.faults.anchors import feature_map_faults
from tfod.config.faults.fault import refuse

__all__ = ["Anchors", "FlexibleGridAnchors", "GridAnchors", "MultiscaleAnchors", "SSDAnchors"]

Side: TypeAlias = int | tf.Tensor
Grids: TypeAlias = Sequence[tuple[Side, Side]]


class Anchors(Protocol):
    """Makes the anchors of an image."""

    @property
    def normalize(self) -> bool:
        """Whether anchors are relative to the input, [0, 1] from edge to edge; else they are in its pixels."""

    @property
    def anchors_per_cell(self) -> tuple[int, ...]:
        """Boxes at one cell, for each feature map."""

    def __call__(self, grids: Grids, height: Side, width: Side) -> tf.Tensor:
        """The anchors of every cell.

        Args:
          grids: Rows and columns of each feature map.
          height, width: Size of the network's input, in pixels.

        Returns:
          float32 `[A, 4]`, yxyx, relative to the input or in pixels, see `normalize`.

        Raises:
          ConfigError: There are not as many grids as `anchors_per_cell` has numbers.
        """


@dataclass(frozen=True)
class MultiscaleAnchors:
    """RetinaNet's anchors (https://arxiv.org/abs/1708.02002): level `l` has cells of 2^l pixels.

    Every cell has one box for each aspect ratio (width / height) and each of the K scales 2^(k/K) of an octave, of area
    (anchor_scale · 2^l · scale)². Within a cell the aspect ratio varies slowest.

    >>> anchors = MultiscaleAnchors(5, 5, 4.0, (1.0,), 1, normalize=False)
    >>> anchors([(1, 1)], 32, 32).numpy().tolist()  # one cell of 32 pixels, around it a box of 4 · 32
    [[-48.0, -48.0, 80.0, 80.0]]
    """

    min_level: int
    max_level: int
    anchor_scale: float
    aspect_ratios: tuple[float, ...]
    scales_per_octave: int
    normalize: bool = True

    @property
    def anchors_per_cell(self) -> tuple[int, ...]:
        """See Anchors."""
        return (len(self.aspect_ratios) * self.scales_per_octave,) * (self.max_level - self.min_level + 1)

    def __call__(self, grids: Grids, height: Side, width: Side) -> tf.Tensor:
        """See Anchors."""
        _require_one_each(grids, self.anchors_per_cell)
        octaves = [2.0 ** (k / self.scales_per_octave) for k in range(self.scales_per_octave)]
        scales, ratios = _pairs(octaves, self.aspect_ratios)
        levels = []
        for level, grid in zip(range(self.min_level, self.max_level + 1), grids, strict=True):
            base = 2.0**level * self.anchor_scale
            offset = _half_cell(height, level), _half_cell(width, level)
            levels.append(_tile(grid, _sizes(scales, ratios, (base, base)), (2.0**level, 2.0**level), offset))
        anchors = tf.concat(levels, axis=0)
        return _normalized(anchors, height, width) if self.normalize else anchors


@dataclass(frozen=True)
class SSDAnchors:
    """SSD's default boxes (https://arxiv.org/abs/1512.02325, section 2.2), relative to the shorter side.

    Attributes:
      boxes: For each feature map the (scale, aspect ratio) pairs of its boxes.
      base_size: Height and width of a square box of scale 1, relative to the shorter side of the input.
      strides: For each feature map the pixels from cell to cell, vertical and horizontal; empty if the cells divide
        the input evenly.
      offsets: For each feature map the pixels from the corner to the first centre; empty for half a stride.
    """

    normalize: ClassVar[bool] = True

    boxes: tuple[tuple[tuple[float, float], ...], ...]
    base_size: tuple[float, float] = (1.0, 1.0)
    strides: tuple[tuple[int, int], ...] = ()
    offsets: tuple[tuple[int, int], ...] = ()

    @classmethod
    def from_scales(
        cls,
        scales: Sequence[float],
        aspect_ratios: Sequence[float],
        *,
        interpolated_ratio: float = 1.0,
        reduce_lowest: bool = True,
        **settings: tuple[tuple[int, int], ...] | tuple[float, float],
    ) -> "SSDAnchors":
        """One scale for each feature map, with all ratios, and one box between it and the next scale (the last: 1).

        With `reduce_lowest` the finest feature map has three boxes only. `settings` are other attributes.

        >>> anchors = SSDAnchors.from_scales([0.2, 0.45], [1.0, 2.0], reduce_lowest=False)
        >>> [[(round(scale, 2), ratio) for scale, ratio in boxes] for boxes in anchors.boxes]
        [[(0.2, 1.0), (0.2, 2.0), (0.3, 1.0)], [(0.45, 1.0), (0.45, 2.0), (0.67, 1.0)]]
        """
        boxes = []
        for scale, following in pairwise([*scales, 1.0]):
            between = [(float(np.sqrt(scale * following)), interpolated_ratio)] if interpolated_ratio > 0 else []
            boxes.append((*((scale, ratio) for ratio in aspect_ratios), *between))
        if reduce_lowest:
            boxes[0] = ((0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5))
        return cls(tuple(boxes), **settings)  # type: ignore[arg-type]

    @property
    def anchors_per_cell(self) -> tuple[int, ...]:
        """See Anchors."""
        return tuple(map(len, self.boxes))

    def __call__(self, grids: Grids, height: Side, width: Side) -> tf.Tensor:
        """See Anchors."""
        _require_one_each(grids, self.boxes)
        size = tf.cast(tf.stack([height, width]), tf.float32)
        base = tf.reduce_min(size) / size * self.base_size
        levels = []
        for number, (grid, boxes) in enumerate(zip(grids, self.boxes, strict=True)):
            stride = 1.0 / tf.cast(tf.stack(grid), tf.float32)
            if self.strides:
                stride = tf.constant(self.strides[number], tf.float32) / size
            offset = tf.constant(self.offsets[number], tf.float32) / size if self.offsets else 0.5 * stride
            scales, ratios = zip(*boxes, strict=True)
            levels.append(_tile(grid, _sizes(scales, ratios, base), stride, offset))
        return tf.concat(levels, axis=0)


@dataclass(frozen=True)
class FlexibleGridAnchors:
    """For each feature map any boxes, at any stride and offset.

    Attributes:
      sizes: For each feature map the side (the root of the area) of each box, in pixels.
      ratios: For each feature map the aspect ratio (width / height) of each box.
      strides: For each feature map the pixels from cell to cell, vertical and horizontal.
      offsets: For each feature map the pixels from the corner to the first centre, vertical and horizontal.
      normalize: See Anchors.
    """

    sizes: tuple[tuple[float, ...], ...]
    ratios: tuple[tuple[float, ...], ...]
    strides: tuple[tuple[int, int], ...]
    offsets: tuple[tuple[int, int], ...]
    normalize: bool = True

    @property
    def anchors_per_cell(self) -> tuple[int, ...]:
        """See Anchors."""
        return tuple(map(len, self.sizes))

    def __call__(self, grids: Grids, height: Side, width: Side) -> tf.Tensor:
        """See Anchors."""
        _require_one_each(grids, self.sizes)
        levels = []
        for grid, sizes, ratios, stride, offset in zip(
            grids, self.sizes, self.ratios, self.strides, self.offsets, strict=True
        ):
            levels.append(_tile(grid, _sizes(sizes, ratios, (1.0, 1.0)), stride, offset))
        anchors = tf.concat(levels, axis=0)
        return _normalized(anchors, height, width) if self.normalize else anchors


@dataclass(frozen=True)
class GridAnchors:
    """Faster R-CNN's anchors (https://arxiv.org/abs/1506.01497, section 3.1.1): one feature map, in pixels.

    Every cell has one box for each aspect ratio (width / height) and each scale, of the area of a base box times
    scale². Within a cell the aspect ratio varies slowest.

    >>> anchors = GridAnchors(scales=(0.5, 1.0), aspect_ratios=(1.0, 4.0), base_size=(16.0, 16.0))
    >>> anchors([(1, 1)], 32, 32).numpy().tolist()
    [[-4.0, -4.0, 4.0, 4.0], [-8.0, -8.0, 8.0, 8.0], [-2.0, -8.0, 2.0, 8.0], [-4.0, -16.0, 4.0, 16.0]]

    Attributes:
      scales: Factors of height and width.
      aspect_ratios: Width / height.
      base_size: Height and width of a box of scale 1 and ratio 1, in pixels.
      stride: Pixels from cell to cell, vertical and horizontal.
      offset: Pixels from the corner to the first centre, vertical and horizontal.
    """

    normalize: ClassVar[bool] = False

    scales: tuple[float, ...]
    aspect_ratios: tuple[float, ...]
    base_size: tuple[float, float] = (256.0, 256.0)
    stride: tuple[int, int] = (16, 16)
    offset: tuple[int, int] = (0, 0)

    @property
    def anchors_per_cell(self) -> tuple[int, ...]:
        """See Anchors."""
        return (len(self.scales) * len(self.aspect_ratios),)

    def __call__(self, grids: Grids, height: Side, width: Side) -> tf.Tensor:
        """See Anchors."""
        _require_one_each(grids, self.anchors_per_cell)
        sizes = _sizes(*_pairs(self.scales, self.aspect_ratios), self.base_size)
        return _tile(grids[0], sizes, self.stride, self.offset)


def _require_one_each(grids: Grids, boxes: Sequence[object]) -> None:
    refuse(feature_map_faults(len(grids), len(boxes)), "anchor_generator")


def _pairs(scales: Sequence[float], ratios: Sequence[float]) -> tuple[list[float], list[float]]:
    """Scale and ratio of each box of a cell.

    >>> _pairs([1, 2], [1.0, 0.5])
    ([1, 2, 1, 2], [1.0, 1.0, 0.5, 0.5])
    """
    return [*scales] * len(ratios), [ratio for ratio in ratios for _ in scales]


def _half_cell(side: Side, level: int) -> float:
    """The first centre: half a cell, but 0 where a known side is no multiple of the cell (as in the original)."""
    if isinstance(side, int) and side % 2**level:
        return 0.0
    return 2.0**level / 2.0


def _sizes(scales: Sequence[float], ratios: Sequence[float], base: Sequence[float]) -> tuple[tf.Tensor, tf.Tensor]:
    """Heights and widths, each `[N]`, of boxes with the area of (scale · base)²."""
    # In the original's order, to the last bit: where two anchors overlap a box equally, that bit decides.
    scale, roots = tf.constant(scales, tf.float32), tf.sqrt(tf.constant(ratios, tf.float32))
    return scale / roots * base[0], scale * roots * base[1]


def _tile(
    grid: tuple[Side, Side],
    sizes: tuple[tf.Tensor, tf.Tensor],
    stride: Sequence[float],
    offset: Sequence[float],
) -> tf.Tensor:
    """Boxes of N `sizes` at every cell of a grid of R rows and S columns, `[R · S · N, 4]`."""
    rows = tf.cast(tf.range(grid[0]), tf.float32) * stride[0] + offset[0]
    columns = tf.cast(tf.range(grid[1]), tf.float32) * stride[1] + offset[1]
    shape = tf.stack([grid[0], grid[1], tf.size(sizes[0])])
    boxes = cyxhw_to_yxyx(
        tf.broadcast_to(rows[:, tf.newaxis, tf.newaxis], shape),
        tf.broadcast_to(columns[tf.newaxis, :, tf.newaxis], shape),
        tf.broadcast_to(sizes[0], shape),
        tf.broadcast_to(sizes[1], shape),
    )
    return tf.reshape(boxes, [-1, 4])


def _normalized(anchors: tf.Tensor, height: Side, width: Side) -> tf.Tensor:
    # Times the reciprocal, as the original: see _sizes.
    return anchors * (1.0 / tf.cast(tf.stack([height, width, height, width]), tf.float32))
