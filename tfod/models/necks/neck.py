"""What all necks have in common."""

from collections.abc import Mapping
from typing import Protocol

import tensorflow as tf

__all__ = ["Neck"]


class Neck(Protocol):
    """Makes the feature maps that a detector looks at of a backbone's end points.

    Letters: `B` images, `H_l W_l D_l` the sides and channels of feature map l.
    """

    depths: tuple[int, ...]
    """Channels of each feature map."""

    def __call__(self, end_points: Mapping[str, tf.Tensor], *, training: bool) -> list[tf.Tensor]:
        """Feature maps `[B, H_l, W_l, D_l]`, fine to coarse, of end points `[B, H_l, W_l, C]`; float32 or bfloat16."""
