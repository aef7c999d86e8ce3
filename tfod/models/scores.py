"""From class logits to scores, as `post_processing` describes it.

Letters: `B` images, `A` anchors, `K` class columns.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

from tfod.errors import ConfigError
from tfod.protos import calibration_pb2, post_processing_pb2

__all__ = ["ScoreConverter", "interpolate", "score_converter_from_config"]

ScoreConverter = Callable[[tf.Tensor], tf.Tensor]
"""Logits float32 `[B, A, K]` -> scores of the same shape."""

_WHERE = "model.ssd.post_processing.calibration_config"


def interpolate(values: tf.Tensor, xs: list[float], ys: list[float]) -> tf.Tensor:
    """The function that is linear between the points (x, y) and constant beyond them, at values of any shape.

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


def score_converter_from_config(config: post_processing_pb2.PostProcessing) -> ScoreConverter:
    """The converter of `post_processing`: scaled logits, an activation, and calibration where it is configured.

    Raises ConfigError for calibrations that do not exist (in the original neither).
    """
    activations = {
        post_processing_pb2.PostProcessing.IDENTITY: tf.identity,
        post_processing_pb2.PostProcessing.SIGMOID: tf.sigmoid,
        post_processing_pb2.PostProcessing.SOFTMAX: tf.nn.softmax,
    }
    activation, scale = activations[config.score_converter], config.logit_scale

    def convert(logits: tf.Tensor) -> tf.Tensor:
        return activation(logits if scale == 1.0 else logits * (1.0 / scale))

    if not config.HasField("calibration_config"):
        return convert
    calibration = config.calibration_config
    kind = calibration.WhichOneof("calibrator")
    if kind == "temperature_scaling_calibration":
        temperature = calibration.temperature_scaling_calibration.scaler
        if temperature <= 0:
            raise ConfigError(f"the temperature is {temperature:g}", f"{_WHERE}.{kind}.scaler", "let it be above 0")
        return lambda logits: convert(logits / temperature)
    if kind == "function_approximation":
        points = _points(calibration.function_approximation.x_y_pairs, kind)
        return lambda logits: interpolate(convert(logits), *points)
    if kind == "class_id_function_approximations":
        pairs = calibration.class_id_function_approximations.class_id_xy_pairs_map
        by_column = {column: _points(pairs[column], kind) for column in pairs}
        return lambda logits: _by_column(convert(logits), by_column)
    raise ConfigError(
        f"the calibration {kind or '(none)'} is not available",
        _WHERE,
        "use function_approximation, class_id_function_approximations or temperature_scaling_calibration",
    )


def _points(pairs: calibration_pb2.XYPairs, kind: str) -> tuple[list[float], list[float]]:
    xs, ys = [pair.x for pair in pairs.x_y_pair], [pair.y for pair in pairs.x_y_pair]
    if not xs or xs != sorted(set(xs)):
        raise ConfigError("the x of the pairs do not increase", f"{_WHERE}.{kind}", "sort the pairs by x, each x once")
    return xs, ys


def _by_column(scores: tf.Tensor, points: Mapping[int, tuple[list[float], list[float]]]) -> tf.Tensor:
    """Scores `[B, A, K]` with some columns calibrated, each by its own points."""
    columns = tf.unstack(scores, axis=-1)
    calibrated = [
        interpolate(column, *points[number]) if number in points else column for number, column in enumerate(columns)
    ]
    return tf.stack(calibrated, axis=-1)
