"""The box predictors that `model.ssd.box_predictor` can name."""

from dataclasses import replace
from typing import NamedTuple

import tensorflow as tf

from tfod.config.faults.fault import refuse
from tfod.config.faults.model import (
    box_code_size_faults,
    clip_range_faults,
    convolutional_predictor_faults,
    predictor_choice_faults,
    weight_shared_predictor_faults,
)
from tfod.config.faults.numbers import number_faults
from tfod.models.from_config import conv_hyperparameters_from_config
from tfod.models.heads.box_predictor import BoxPredictor
from tfod.models.heads.convolutional import ConvolutionalPredictor, ConvolutionalSettings
from tfod.models.heads.weight_shared import WeightSharedPredictor, WeightSharedSettings
from tfod.protos import box_predictor_pb2

__all__ = ["Sizes", "box_predictor_from_config"]

_Predictor = box_predictor_pb2.ConvolutionalBoxPredictor | box_predictor_pb2.WeightSharedConvolutionalBoxPredictor


class Sizes(NamedTuple):
    """What the rest of the model makes of a predictor: per feature map its channels and anchors, and what each anchor
    gets."""

    depths: tuple[int, ...]
    anchors_per_cell: tuple[int, ...]
    code_size: int
    class_slots: int


def box_predictor_from_config(
    config: box_predictor_pb2.BoxPredictor, where: str, sizes: Sizes, *, freeze_batch_norm: bool, slim: bool = False
) -> BoxPredictor:
    """The predictor that `box_predictor`, at the path `where`, describes, on a network of TensorFlow 1 if `slim`.

    A predictor that all feature maps share needs the same number of anchors a cell for each, which the caller checks.
    Raises ConfigError for one that an SSD cannot have, and for settings that contradict each other.
    """
    refuse(number_faults(config), where)
    kind: str = config.WhichOneof("box_predictor_oneof") or ""
    refuse(predictor_choice_faults(kind), where)
    message, where = getattr(config, kind), f"{where}.{kind}"
    refuse(box_code_size_faults(message.box_code_size, sizes.code_size), where)
    if message.HasField("box_encodings_clip_range"):
        refuse(clip_range_faults(message.box_encodings_clip_range), f"{where}.box_encodings_clip_range")
    hyperparameters = conv_hyperparameters_from_config(
        message.conv_hyperparams, f"{where}.conv_hyperparams", freeze_batch_norm=freeze_batch_norm, slim=slim
    )
    if kind == "convolutional_box_predictor":
        return ConvolutionalPredictor(hyperparameters, _convolutional(message, where), **sizes._asdict())
    if slim:
        hyperparameters = replace(hyperparameters, activation=tf.nn.relu6)  # of the towers, whatever the config says
    shared = sizes._asdict() | {"anchors_per_cell": sizes.anchors_per_cell[0]}
    return WeightSharedPredictor(hyperparameters, _weight_shared(message, where), **shared)


def _convolutional(config: box_predictor_pb2.ConvolutionalBoxPredictor, where: str) -> ConvolutionalSettings:
    faults = convolutional_predictor_faults(
        min_depth=config.min_depth,
        max_depth=config.max_depth,
        use_depthwise=config.use_depthwise,
        kernel_size=config.kernel_size,
    )
    refuse(faults, where)
    return ConvolutionalSettings(
        kernel_size=config.kernel_size,
        num_layers=config.num_layers_before_predictor,
        min_depth=config.min_depth,
        max_depth=config.max_depth,
        class_bias=config.class_prediction_bias_init,
        separable=config.use_depthwise,
        dropout=_dropout(config),
        clip_range=_clip_range(config),
    )


def _weight_shared(config: box_predictor_pb2.WeightSharedConvolutionalBoxPredictor, where: str) -> WeightSharedSettings:
    faults = weight_shared_predictor_faults(
        depth=config.depth,
        num_layers=config.num_layers_before_predictor,
        use_depthwise=config.use_depthwise,
        kernel_size=config.kernel_size,
    )
    refuse(faults, where)
    return WeightSharedSettings(
        depth=config.depth,
        num_layers=config.num_layers_before_predictor,
        kernel_size=config.kernel_size,
        class_bias=config.class_prediction_bias_init,
        share_tower=config.share_prediction_tower,
        separable=config.use_depthwise,
        apply_to_heads=config.apply_conv_hyperparams_to_heads,
        apply_pointwise=config.apply_conv_hyperparams_pointwise,
        sigmoid_scores=config.score_converter == config.SIGMOID,
        clip_range=_clip_range(config),
        dropout=_dropout(config),
    )


def _dropout(config: _Predictor) -> float:
    return 1.0 - config.dropout_keep_probability if config.use_dropout else 0.0


def _clip_range(config: _Predictor) -> tuple[float, float] | None:
    clip = config.box_encodings_clip_range
    return (clip.min, clip.max) if config.HasField("box_encodings_clip_range") else None
