"""Anchors: the boxes that a detector corrects, several at every cell of every feature map.

All kinds put the cells row by row and the feature maps from fine to coarse. Sizes may be integers or, where they are
known only when a picture comes, scalar tensors. Anchors at the border reach beyond the picture; they are not clipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn, Protocol

import numpy as np
import tensorflow as tf

from tfod.boxes.geometry import cyxhw_to_yxyx
from tfod.errors import ConfigError
from tfod.protos import anchor_generator_pb2, flexible_grid_anchor_generator_pb2, ssd_anchor_generator_pb2

__all__ = ["Anchors", "FlexibleGridAnchors", "MultiscaleAnchors", "SSDAnchors", "anchors_from_config"]

Grids = Sequence[tuple[int, int]]


class Anchors(Protocol):
    """Makes the anchors of a picture."""

    @property
    def anchors_per_cell(self) -> tuple[int, ...]:
        """Boxes at one cell, for each feature map."""

    def __call__(self, grids: Grids, height: int, width: int) -> tf.Tensor:
        """Anchors `[A, 4]` for feature maps of `grids` (rows, columns) over an input of height × width pixels."""


@dataclass(frozen=True)
class MultiscaleAnchors:
    """RetinaNet's anchors (https://arxiv.org/abs/1708.02002): level `l` has cells of 2^l pixels.

    Every cell carries one box for each aspect ratio (width / height) and each octave scale 2^(k/K), of area
    (anchor_scale · 2^l · scale)². Within a cell the aspect ratio varies slowest. Normalised to [0, 1] unless
    `normalize` is off.
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

    def __call__(self, grids: Grids, height: int, width: int) -> tf.Tensor:
        """See Anchors."""
        _require_one_each(grids, self.anchors_per_cell)
        octaves = [2.0 ** (k / self.scales_per_octave) for k in range(self.scales_per_octave)]
        pairs = [(scale, ratio) for ratio in self.aspect_ratios for scale in octaves]
        scales, ratios = zip(*pairs, strict=True)
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

    `boxes` has for each feature map its (scale, aspect ratio) pairs. Cells divide the picture evenly, unless
    `strides` and `offsets` (pixels, vertical and horizontal, for each feature map) say otherwise.
    """

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
        """One scale a feature map: all ratios of it, and one box between it and the next scale (after the last: 1).

        With `reduce_lowest` the finest feature map has three boxes only.

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

    def __call__(self, grids: Grids, height: int, width: int) -> tf.Tensor:
        """See Anchors. Normalised to [0, 1]."""
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
    """For each feature map any boxes, of `sizes` (pixels) and `ratios` (width / height), at any stride and offset.

    Strides and offsets are pixels, vertical and horizontal. Normalised to [0, 1] unless `normalize` is off.
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

    def __call__(self, grids: Grids, height: int, width: int) -> tf.Tensor:
        """See Anchors."""
        _require_one_each(grids, self.sizes)
        levels = []
        for grid, sizes, ratios, stride, offset in zip(
            grids, self.sizes, self.ratios, self.strides, self.offsets, strict=True
        ):
            levels.append(_tile(grid, _sizes(sizes, ratios, (1.0, 1.0)), stride, offset))
        anchors = tf.concat(levels, axis=0)
        return _normalized(anchors, height, width) if self.normalize else anchors


def anchors_from_config(config: anchor_generator_pb2.AnchorGenerator) -> Anchors:
    """The anchors that `anchor_generator` describes.

    Raises ConfigError for grid_anchor_generator, whose single feature map an SSD does not have, and for lists of
    different lengths.
    """
    kind = config.WhichOneof("anchor_generator_oneof")
    if kind == "multiscale_anchor_generator":
        multiscale = config.multiscale_anchor_generator
        return MultiscaleAnchors(
            min_level=multiscale.min_level,
            max_level=multiscale.max_level,
            anchor_scale=multiscale.anchor_scale,
            aspect_ratios=tuple(multiscale.aspect_ratios),
            scales_per_octave=multiscale.scales_per_octave,
            normalize=multiscale.normalize_coordinates,
        )
    if kind == "ssd_anchor_generator":
        return _ssd_anchors(config.ssd_anchor_generator)
    if kind == "flexible_grid_anchor_generator":
        return _flexible_anchors(config.flexible_grid_anchor_generator)
    raise ConfigError(
        f"an SSD cannot have anchors of the kind {kind or '(none)'}",
        "model.ssd.anchor_generator",
        "use ssd_anchor_generator, multiscale_anchor_generator or flexible_grid_anchor_generator",
    )


def _ssd_anchors(config: ssd_anchor_generator_pb2.SsdAnchorGenerator) -> SSDAnchors:
    layers, span = config.num_layers, config.max_scale - config.min_scale
    evenly = [config.min_scale + span * layer / max(layers - 1, 1) for layer in range(layers)]
    scales = list(config.scales) or evenly
    if len(scales) != layers:
        _refuse_lengths("ssd_anchor_generator.scales", f"{len(scales)} scales for {layers} layers")
    strides = tuple(zip(config.height_stride, config.width_stride, strict=False))
    offsets = tuple(zip(config.height_offset, config.width_offset, strict=False))
    for name, pairs in (("stride", strides), ("offset", offsets)):
        if pairs and len(pairs) != layers:
            _refuse_lengths(f"ssd_anchor_generator.height_{name}", f"{len(pairs)} {name}s for {layers} layers")
    return SSDAnchors.from_scales(
        scales,
        config.aspect_ratios,
        interpolated_ratio=config.interpolated_scale_aspect_ratio,
        reduce_lowest=config.reduce_boxes_in_lowest_layer,
        base_size=(config.base_anchor_height, config.base_anchor_width),
        strides=strides,
        offsets=offsets,
    )


def _flexible_anchors(config: flexible_grid_anchor_generator_pb2.FlexibleGridAnchorGenerator) -> FlexibleGridAnchors:
    grids = config.anchor_grid
    for number, grid in enumerate(grids):
        if len(grid.base_sizes) != len(grid.aspect_ratios):
            what = f"{len(grid.base_sizes)} base_sizes and {len(grid.aspect_ratios)} aspect_ratios"
            _refuse_lengths(f"flexible_grid_anchor_generator.anchor_grid[{number}]", what)
    return FlexibleGridAnchors(
        sizes=tuple(tuple(grid.base_sizes) for grid in grids),
        ratios=tuple(tuple(grid.aspect_ratios) for grid in grids),
        strides=tuple((grid.height_stride, grid.width_stride) for grid in grids),
        offsets=tuple((grid.height_offset, grid.width_offset) for grid in grids),
        normalize=config.normalize_coordinates,
    )


def _refuse_lengths(field: str, what: str) -> NoReturn:
    raise ConfigError(f"there are {what}", f"model.ssd.anchor_generator.{field}", "give as many of each")


def _require_one_each(grids: Grids, boxes: Sequence[object]) -> None:
    if len(grids) != len(boxes):
        raise ConfigError(
            f"there are {len(grids)} feature maps, but anchors for {len(boxes)}",
            "model.ssd.anchor_generator",
            "let it have as many levels or layers as the feature extractor",
        )


def _half_cell(side: int | tf.Tensor, level: int) -> float:
    """The first centre: half a cell, but 0 where a known side is no multiple of the cell (as the original)."""
    if isinstance(side, int) and side % 2**level:
        return 0.0
    return 2.0**level / 2.0


def _sizes(scales: Sequence[float], ratios: Sequence[float], base: Sequence[float]) -> tuple[tf.Tensor, tf.Tensor]:
    """Heights and widths, each `[N]`, of boxes with the area of (scale · base)²."""
    # In the original's order, to the last bit: where two anchors overlap a box equally, that bit chooses.
    scale, roots = tf.constant(scales, tf.float32), tf.sqrt(tf.constant(ratios, tf.float32))
    return scale / roots * base[0], scale * roots * base[1]


def _tile(
    grid: tuple[int, int],
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


def _normalized(anchors: tf.Tensor, height: int, width: int) -> tf.Tensor:
    # Times the reciprocal, as the original: see _sizes.
    return anchors * (1.0 / tf.cast(tf.stack([height, width, height, width]), tf.float32))
