"""Localization losses, one number for each box. Letters: `S` numbers of a code; `...` are any leading dimensions."""

from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf

from tfod.boxes.geometry import matched_giou, matched_iou

__all__ = ["GIoULoss", "IoULoss", "L1Loss", "L2Loss", "LocalizationLoss", "SmoothL1Loss"]


class LocalizationLoss(Protocol):
    """A loss of box codes (see `tfod.boxes.coders`), or of boxes."""

    def __call__(self, codes: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The losses, float32 `[...]`, at least 0.

        Args:
          codes: float32 `[..., S]`, as predicted.
          targets: float32 `[..., S]`, what they are to be.
          weights: float32 `[...]`, at least 0.
        """


@dataclass(frozen=True)
class SmoothL1Loss:
    """Huber's loss: ½ e² for errors up to `delta`, beyond it δ |e| − ½ δ².

    >>> errors = tf.constant([[0.5], [3.0]])
    >>> SmoothL1Loss(delta=1.0)(errors, tf.zeros([2, 1]), tf.ones([2])).numpy().tolist()
    [0.125, 2.5]
    """

    delta: float = 1.0

    def __call__(self, codes: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The weighted sum over the numbers of each code. See LocalizationLoss."""
        error = tf.abs(codes - targets)
        linear = tf.minimum(error, self.delta)
        return tf.reduce_sum(linear * (error - 0.5 * linear), axis=-1) * weights


@dataclass(frozen=True)
class L1Loss:
    """The absolute error, |e|."""

    def __call__(self, codes: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The weighted sum over the numbers of each code. See LocalizationLoss."""
        return tf.reduce_sum(tf.abs(codes - targets), axis=-1) * weights


@dataclass(frozen=True)
class L2Loss:
    """½ (w e)²: the weight is squared with the error, as in the original."""

    def __call__(self, codes: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The sum over the numbers of each code. See LocalizationLoss."""
        return 0.5 * tf.reduce_sum(tf.square(codes - targets), axis=-1) * tf.square(weights)


@dataclass(frozen=True)
class IoULoss:
    """1 − intersection over union, of codes read as if they were boxes yxyx (the original does not decode them)."""

    def __call__(self, codes: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The weighted loss of each box. See LocalizationLoss."""
        return (1.0 - matched_iou(codes, targets)) * weights


@dataclass(frozen=True)
class GIoULoss:
    """1 − generalised intersection over union (https://arxiv.org/abs/1902.09630), of codes read as boxes yxyx."""

    def __call__(self, codes: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """The weighted loss of each box. See LocalizationLoss."""
        return (1.0 - matched_giou(codes, targets)) * weights
