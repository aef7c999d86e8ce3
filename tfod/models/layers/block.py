"""Parts of a network that are computed as a whole."""

from abc import abstractmethod
from collections.abc import Callable

import tensorflow as tf

__all__ = ["Block"]


class Block(tf.Module):
    """Sequences and what joins them; of the features inside nothing outside sees any but the result.

    What runs is `run`, at first `compute`. A pass over a finished model may replace it by what computes the same in
    less memory: `tfod.models.layers.recomputation.recompute_features`. What is drawn at random is no part of it.

    Attributes:
      run: From features, and `training`, to features.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.run: Callable[..., tf.Tensor] = self.compute

    def __call__(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """Features `[B, H', W', D]` of one or more, `[B, H, W, C]`, float32 or bfloat16."""
        return self.run(*inputs, training=training)

    @abstractmethod
    def compute(self, *inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """What calling it gives: features `[B, H', W', D]` of one or more, `[B, H, W, C]`, float32 or bfloat16."""
