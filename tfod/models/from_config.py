"""The parts that all architectures share, from their messages in a pipeline.config."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tfod.augment.resize import METHODS
from tfod.config.faults.calibration import calibration_choice_faults, points_faults, temperature_faults
from tfod.config.faults.fault import refuse
from tfod.config.faults.image_size import (
    conditional_shape_faults,
    fixed_shape_faults,
    keep_aspect_ratio_faults,
    pad_to_multiple_faults,
    resizer_choice_faults,
)
from tfod.config.faults.model import initializer_faults
from tfod.config.faults.numbers import number_faults
from tfod.models.layers.conv import Activation, ConvHyperparameters, L2Regularizer, Regularizer
from tfod.models.layers.normalization import BatchNorm
from tfod.models.resizer import ImageResizer
from tfod.models.scores import Points, ScoreConverter, by_column, interpolate, scaled
from tfod.protos import calibration_pb2, hyperparams_pb2, image_resizer_pb2, post_processing_pb2

__all__ = ["conv_hyperparameters_from_config", "image_resizer_from_config", "score_converter_from_config"]

_ACTIVATIONS: dict[int, Activation | None] = {
    hyperparams_pb2.Hyperparams.NONE: None,
    hyperparams_pb2.Hyperparams.RELU: tf.nn.relu,
    hyperparams_pb2.Hyperparams.RELU_6: tf.nn.relu6,
    hyperparams_pb2.Hyperparams.SWISH: tf.nn.swish,
}
_MODES = {
    hyperparams_pb2.VarianceScalingInitializer.FAN_IN: "fan_in",
    hyperparams_pb2.VarianceScalingInitializer.FAN_OUT: "fan_out",
    hyperparams_pb2.VarianceScalingInitializer.FAN_AVG: "fan_avg",
}
_SCORES: dict[int, ScoreConverter] = {
    post_processing_pb2.PostProcessing.IDENTITY: tf.identity,
    post_processing_pb2.PostProcessing.SIGMOID: tf.sigmoid,
    post_processing_pb2.PostProcessing.SOFTMAX: tf.nn.softmax,
}


def conv_hyperparameters_from_config(
    config: hyperparams_pb2.Hyperparams,
    where: str = "conv_hyperparams",
    *,
    freeze_batch_norm: bool = False,
    slim: bool = False,
) -> ConvHyperparameters:
    """What `conv_hyperparams` says, to a network of TensorFlow 1 if `slim`.

    `group_norm` gives no normalisation at all, as in the original.

    Raises ConfigError for numbers that are none, and for an initializer that Keras does not know.
    """
    refuse(number_faults(config), where)
    if config.initializer.HasField("keras_initializer_by_name"):
        refuse(initializer_faults(config.initializer.keras_initializer_by_name), f"{where}.initializer")
    normalizer = config.WhichOneof("normalizer_oneof")
    batch_norm = None
    if normalizer in ("batch_norm", "sync_batch_norm"):
        message = getattr(config, normalizer)
        # As in the original `train` has an effect with TF-Slim alone, where the model's freeze_batchnorm has none.
        batch_norm = BatchNorm(
            decay=message.decay,
            epsilon=message.epsilon,
            center=message.center,
            scale=message.scale,
            frozen=not message.train if slim else freeze_batch_norm,
            synchronized=normalizer == "sync_batch_norm",
        )
    return ConvHyperparameters(
        make_initializer=_initializer_maker(config.initializer),
        regularizer=_regularizer(config.regularizer),
        batch_norm=batch_norm,
        activation=_ACTIVATIONS[config.activation],
        force_use_bias=config.force_use_bias,
        slim=slim,
    )


def _regularizer(config: hyperparams_pb2.Regularizer) -> Regularizer | None:
    kind = config.WhichOneof("regularizer_oneof")
    if kind == "l2_regularizer":
        return L2Regularizer(config.l2_regularizer.weight) if config.l2_regularizer.weight else None
    if kind == "l1_regularizer":
        return keras.regularizers.L1(config.l1_regularizer.weight)
    return None


def _initializer_maker(config: hyperparams_pb2.Initializer) -> Callable[[], keras.initializers.Initializer]:
    # A maker, not an initializer: Keras warns of one unseeded object that initialises several kernels, because
    # it could give all of them the same values.
    kind = config.WhichOneof("initializer_oneof")
    if kind == "truncated_normal_initializer":
        normal = config.truncated_normal_initializer
        return lambda: keras.initializers.TruncatedNormal(normal.mean, normal.stddev)
    if kind == "random_normal_initializer":
        random_normal = config.random_normal_initializer
        return lambda: keras.initializers.RandomNormal(random_normal.mean, random_normal.stddev)
    if kind == "variance_scaling_initializer":
        scaling = config.variance_scaling_initializer
        distribution = "uniform" if scaling.uniform else "truncated_normal"
        return lambda: keras.initializers.VarianceScaling(scaling.factor, _MODES[scaling.mode], distribution)
    if kind == "keras_initializer_by_name":
        return lambda: keras.initializers.get(config.keras_initializer_by_name)
    return keras.initializers.GlorotUniform


def score_converter_from_config(config: post_processing_pb2.PostProcessing, where: str) -> ScoreConverter:
    """The converter of `post_processing`: scaled logits, an activation, and calibration where it is configured.

    Raises ConfigError for calibrations that do not exist (in the original neither), and for impossible numbers.
    """
    refuse(number_faults(config), where)
    convert = scaled(_SCORES[config.score_converter], config.logit_scale)
    if not config.HasField("calibration_config"):
        return convert
    where, calibration = f"{where}.calibration_config", config.calibration_config
    kind = calibration.WhichOneof("calibrator")
    refuse(calibration_choice_faults(kind), where)
    if kind == "temperature_scaling_calibration":
        temperature = calibration.temperature_scaling_calibration.scaler
        refuse(temperature_faults(temperature), f"{where}.{kind}")
        return lambda logits: convert(logits / temperature)
    if kind == "function_approximation":
        points = _points(calibration.function_approximation.x_y_pairs, f"{where}.{kind}")
        return lambda logits: interpolate(convert(logits), *points)
    pairs = calibration.class_id_function_approximations.class_id_xy_pairs_map
    return by_column(convert, {column: _points(pairs[column], f"{where}.{kind}") for column in pairs})


def _points(pairs: calibration_pb2.XYPairs, where: str) -> Points:
    xs, ys = [pair.x for pair in pairs.x_y_pair], [pair.y for pair in pairs.x_y_pair]
    refuse(points_faults(xs), where)
    return xs, ys


def image_resizer_from_config(config: image_resizer_pb2.ImageResizer, where: str) -> ImageResizer:
    """The resizer that `image_resizer` describes.

    Raises ConfigError where none is chosen, or its numbers contradict each other.
    """
    refuse(number_faults(config), where)
    kind: str = config.WhichOneof("image_resizer_oneof") or ""
    refuse(resizer_choice_faults(kind), where)
    return _RESIZERS[kind](getattr(config, kind), f"{where}.{kind}")


def _keep_aspect_ratio_from_config(config: image_resizer_pb2.KeepAspectRatioResizer, where: str) -> ImageResizer:
    pad_value = tuple(config.per_channel_pad_value)
    refuse(keep_aspect_ratio_faults(config.min_dimension, config.max_dimension, len(pad_value)), where)
    return ImageResizer.keep_aspect_ratio(
        config.min_dimension,
        config.max_dimension,
        METHODS[config.resize_method],
        pad_to_max=config.pad_to_max_dimension,
        pad_value=pad_value or (0.0, 0.0, 0.0),
        grayscale=config.convert_to_grayscale,
    )


def _fixed_shape_from_config(config: image_resizer_pb2.FixedShapeResizer, where: str) -> ImageResizer:
    refuse(fixed_shape_faults(config.height, config.width), where)
    method = METHODS[config.resize_method]
    return ImageResizer.fixed_shape(config.height, config.width, method, config.convert_to_grayscale)


def _conditional_shape_from_config(config: image_resizer_pb2.ConditionalShapeResizer, where: str) -> ImageResizer:
    makers = {config.GREATER: ImageResizer.at_most, config.SMALLER: ImageResizer.at_least}
    refuse(conditional_shape_faults(config.condition, makers), where)
    make = makers[config.condition]
    return make(config.size_threshold, METHODS[config.resize_method], config.convert_to_grayscale)


def _pad_to_multiple_from_config(config: image_resizer_pb2.PadToMultipleResizer, where: str) -> ImageResizer:
    refuse(pad_to_multiple_faults(config.multiple), where)
    return ImageResizer.pad_to_multiple(config.multiple, config.convert_to_grayscale)


_RESIZERS: dict[str, Callable[[Any, str], ImageResizer]] = {
    "fixed_shape_resizer": _fixed_shape_from_config,
    "keep_aspect_ratio_resizer": _keep_aspect_ratio_from_config,
    "conditional_shape_resizer": _conditional_shape_from_config,
    "pad_to_multiple_resizer": _pad_to_multiple_from_config,
    "identity_resizer": lambda message, where: ImageResizer.identity(),
}
