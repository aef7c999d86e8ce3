"""Anchors: the boxes that a detector corrects, several at every cell of every feature map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tfod.boxes.geometry import cyxhw_to_yxyx
from tfod.errors import ConfigError
from tfod.protos import anchor_generator_pb2

__all__ = ["MultiscaleAnchors", "anchors_from_config"]


@dataclass(frozen=True)
class MultiscaleAnchors:
    """RetinaNet's anchors (https://arxiv.org/abs/1708.02002): level `l` has cells of 2^l pixels.

    Every cell carries one box for each aspect ratio (width / height) and each octave scale 2^(k/K), of area
    (anchor_scale · 2^l · scale)². Within a cell the aspect ratio varies slowest; cells follow row by row,
    levels from fine to coarse.
    """

    min_level: int
    max_level: int
    anchor_scale: float
    aspect_ratios: tuple[float, ...]
    scales_per_octave: int
    normalize: bool = True

    @property
    def anchors_per_cell(self) -> int:
        """Boxes at one cell, the same at all levels."""
        return len(self.aspect_ratios) * self.scales_per_octave

    def __call__(self, grids: Sequence[tuple[int, int]], height: int, width: int) -> tf.Tensor:
        """Anchors `[A, 4]` for feature maps of `grids` (rows, columns) over an input of height × width pixels.

        The sizes may be integers or scalar tensors. Normalised to [0, 1] unless `normalize` is off. Anchors at
        the border reach beyond the picture; they are not clipped.
        """
        levels = range(self.min_level, self.max_level + 1)
        if len(grids) != len(levels):
            raise ConfigError(
                f"there are {len(grids)} feature maps, but anchors for {len(levels)} levels",
                "model.ssd.anchor_generator.multiscale_anchor_generator",
                "let min_level and max_level be those of feature_extractor.fpn",
            )
        pairs = zip(levels, grids, strict=True)
        anchors = tf.concat([self._level(level, grid, height, width) for level, grid in pairs], axis=0)
        if not self.normalize:
            return anchors
        # Times the reciprocal, as the original: where two anchors overlap a box equally, the last bit chooses.
        return anchors * (1.0 / tf.cast(tf.stack([height, width, height, width]), tf.float32))

    def _level(self, level: int, grid: tuple[int, int], height: int, width: int) -> tf.Tensor:
        stride = 2.0**level
        octaves = range(self.scales_per_octave)
        scales = np.array([2.0 ** (k / self.scales_per_octave) for k in octaves], np.float32)
        roots = np.sqrt(np.array(self.aspect_ratios, np.float32))[:, np.newaxis]
        base = np.float32(stride * self.anchor_scale)
        heights = (scales / roots * base).ravel()
        widths = (scales * roots * base).ravel()
        rows = tf.cast(tf.range(grid[0]), tf.float32) * stride + _offset(height, level)
        columns = tf.cast(tf.range(grid[1]), tf.float32) * stride + _offset(width, level)
        shape = tf.stack([grid[0], grid[1], self.anchors_per_cell])
        boxes = cyxhw_to_yxyx(
            tf.broadcast_to(rows[:, tf.newaxis, tf.newaxis], shape),
            tf.broadcast_to(columns[tf.newaxis, :, tf.newaxis], shape),
            tf.broadcast_to(tf.constant(heights, tf.float32), shape),
            tf.broadcast_to(tf.constant(widths, tf.float32), shape),
        )
        return tf.reshape(boxes, [-1, 4])


def _offset(side: int | tf.Tensor, level: int) -> float:
    """The first centre: half a cell, but 0 where a known side is no multiple of the cell (as the original)."""
    if isinstance(side, int) and side % 2**level:
        return 0.0
    return 2.0**level / 2.0


def anchors_from_config(config: anchor_generator_pb2.AnchorGenerator) -> MultiscaleAnchors:
    """The anchors that `anchor_generator` describes. Raises ConfigError for kinds that do not exist here yet."""
    kind = config.WhichOneof("anchor_generator_oneof")
    if kind != "multiscale_anchor_generator":
        raise ConfigError(
            f"anchors of the kind {kind or '(none)'} are not available",
            "model.ssd.anchor_generator",
            "use multiscale_anchor_generator",
        )
    message = config.multiscale_anchor_generator
    return MultiscaleAnchors(
        min_level=message.min_level,
        max_level=message.max_level,
        anchor_scale=message.anchor_scale,
        aspect_ratios=tuple(message.aspect_ratios),
        scales_per_octave=message.scales_per_octave,
        normalize=message.normalize_coordinates,
    )
