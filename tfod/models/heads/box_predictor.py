"""What all box predictors have in common."""

from collections.abc import Callable, Sequence
from typing import Protocol

import tensorflow as tf
import tf_keras as keras

__all__ = ["BoxPredictor", "clipper", "dropout_layers", "per_anchor"]


class BoxPredictor(Protocol):
    """Predicts from feature maps, for every anchor at every cell, box codes and class logits.

    Letters: `B` images, `A` anchors of all feature maps, `D` channels, `S` the size of a box code, `K` class columns.
    """

    def __call__(self, features: Sequence[tf.Tensor], *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Box codes `[B, A, S]` and class logits `[B, A, K]`, float32, from feature maps `[B, H_l, W_l, D_l]`."""


def per_anchor(output: tf.Tensor, slots: int) -> tf.Tensor:
    """Of a head's output `[B, H, W, anchors · slots]`, float32 or bfloat16, float32 `[B, H · W · anchors, slots]`."""
    return tf.reshape(tf.cast(output, tf.float32), [tf.shape(output)[0], -1, slots])


def dropout_layers(rate: float) -> list[keras.layers.Layer]:
    """A dropout layer in a list, which is empty where nothing is dropped."""
    return [keras.layers.Dropout(rate)] if rate > 0 else []


def clipper(clip_range: tuple[float, float] | None) -> Callable[[tf.Tensor], tf.Tensor]:
    """Clips box codes, float32 `[B, A, S]`, to a range, or leaves them as they are."""
    if clip_range is None:
        return tf.identity
    return lambda codes: tf.clip_by_value(codes, *clip_range)
