"""From class logits to scores.

Letters: `B` images, `A` anchors, `K` class columns.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

__all__ = ["Points", "ScoreConverter", "by_column", "interpolate", "scaled"]

ScoreConverter = Callable[[tf.Tensor], tf.Tensor]
"""Logits float32 `[B, A, K]` -> scores of the same shape."""

Points = tuple[list[float], list[float]]
"""The x, ascending, and the y of a function that is linear between them."""


def interpolate(values: tf.Tensor, xs: list[float], ys: list[float]) -> tf.Tensor:
    """The function that is linear between the points (x, y) and constant beyond them, at float32 values `[...]`.

    >>> interpolate(tf.constant([0.0, 0.25, 0.9]), [0.0, 0.5], [0.0, 1.0]).numpy().tolist()
    [0.0, 0.5, 1.0]
    """
    x, y = tf.constant(xs, tf.float32), tf.constant(ys, tf.float32)
    x, y = tf.concat([x[:1] - 1.0, x, x[-1:] + 1.0], 0), tf.concat([y[:1], y, y[-1:]], 0)
    right = tf.searchsorted(x, tf.reshape(values, [-1]), side="right")
    left = tf.reshape(tf.clip_by_value(right - 1, 0, len(xs)), tf.shape(values))
    start, end = tf.gather(x, left), tf.gather(x, left + 1)
    share = tf.clip_by_value((values - start) / (end - start), 0.0, 1.0)
    return (1.0 - share) * tf.gather(y, left) + share * tf.gather(y, left + 1)


def scaled(activation: ScoreConverter, divisor: float) -> ScoreConverter:
    """The activation of logits that are divided by a number first."""
    return activation if divisor == 1.0 else lambda logits: activation(logits * (1.0 / divisor))


def by_column(convert: ScoreConverter, points: Mapping[int, Points]) -> ScoreConverter:
    """A conversion after which some columns are calibrated, each by its own points."""

    def calibrated(logits: tf.Tensor) -> tf.Tensor:
        columns = tf.unstack(convert(logits), axis=-1)
        return tf.stack(
            [interpolate(one, *points[number]) if number in points else one for number, one in enumerate(columns)],
            axis=-1,
        )

    return calibrated
