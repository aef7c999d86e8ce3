"""What all backbones have in common."""

from collections.abc import Mapping
from typing import Protocol

import tensorflow as tf

__all__ = ["Backbone"]


class Backbone(Protocol):
    """A network that turns normalised images into features, without its classifier.

    Letters: `B` images, `H W` their pixels, `S` the stride of an end point, `D` its channels.
    """

    strides: Mapping[str, int]
    """Pixels of the image between neighbouring features of an end point, by its name."""

    channels: Mapping[str, int]
    """Channels of each end point."""

    levels: Mapping[int, str]
    """The end point of stride 2^level that a pyramid of features takes."""

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[str, tf.Tensor]:
        """End points `[B, H / S, W / S, D]`, sides rounded up, of float32 `[B, H, W, 3]`; float32 or bfloat16."""
