"""The pooling pyramid (https://arxiv.org/abs/1807.03284): one feature map, pooled to ever coarser ones."""

from collections.abc import Mapping

import tensorflow as tf

__all__ = ["PoolingPyramid"]


class PoolingPyramid(tf.Module):
    """An end point of a backbone and its maxima over 2x2, 4x4, ... pixels; nothing here is learnt.

    All maps lie in one space of features, so that one predictor can look at all of them.

    Args:
      end_point: Its name.
      channels: Its channels, which all maps have.
      count: How many maps there are, the end point among them.

    Attributes:
      depths: Channels of each map.
    """

    def __init__(self, end_point: str, channels: int, *, count: int) -> None:
        super().__init__(name="pooling_pyramid")
        self._end_point = end_point
        self.depths = (channels,) * count

    def __call__(self, end_points: Mapping[str, tf.Tensor], *, training: bool) -> list[tf.Tensor]:
        """See Neck."""
        maps = [end_points[self._end_point]]
        while len(maps) < len(self.depths):
            maps.append(tf.nn.max_pool2d(maps[-1], 2, 2, "SAME"))
        return maps
