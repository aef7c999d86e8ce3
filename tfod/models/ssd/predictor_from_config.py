"""The box predictors that `model.ssd.box_predictor` can name."""

from typing import NamedTuple

from tfod.errors import ConfigError
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
    config: box_predictor_pb2.BoxPredictor, where: str, sizes: Sizes, *, freeze_batch_norm: bool
) -> BoxPredictor:
    """The predictor that `box_predictor`, at the path `where`, describes.

    Raises ConfigError for one that an SSD cannot have, and for settings that contradict each other.
    """
    kind = config.WhichOneof("box_predictor_oneof")
    if kind not in ("convolutional_box_predictor", "weight_shared_convolutional_box_predictor"):
        raise ConfigError(
            f"an SSD cannot have the box predictor {kind or '(none)'}",
            where,
            "use convolutional_box_predictor or weight_shared_convolutional_box_predictor",
        )
    message, where = getattr(config, kind), f"{where}.{kind}"
    if message.box_code_size != sizes.code_size:
        raise ConfigError(
            f"box_code_size is {message.box_code_size}, but the box coder makes {sizes.code_size} numbers of a box",
            f"{where}.box_code_size",
            f"set box_code_size: {sizes.code_size}",
        )
    if message.use_depthwise and message.kernel_size == 1:
        what = "a depthwise convolution of 1 x 1 does nothing"
        raise ConfigError(what, f"{where}.kernel_size", "set kernel_size: 3, or use_depthwise: false")
    hyperparameters = conv_hyperparameters_from_config(message.conv_hyperparams, freeze_batch_norm=freeze_batch_norm)
    if kind == "convolutional_box_predictor":
        return ConvolutionalPredictor(hyperparameters, _convolutional(message, where), **sizes._asdict())
    if len(set(sizes.anchors_per_cell)) > 1:
        counts = list(sizes.anchors_per_cell)
        what = f"one predictor for all feature maps cannot give them {counts} anchors a cell"
        raise ConfigError(what, "model.ssd.anchor_generator", "set reduce_boxes_in_lowest_layer: false")
    shared = sizes._asdict() | {"anchors_per_cell": sizes.anchors_per_cell[0]}
    return WeightSharedPredictor(hyperparameters, _weight_shared(message), **shared)


def _convolutional(config: box_predictor_pb2.ConvolutionalBoxPredictor, where: str) -> ConvolutionalSettings:
    if config.min_depth > config.max_depth:
        what = f"min_depth {config.min_depth} is above max_depth {config.max_depth}"
        raise ConfigError(what, f"{where}.min_depth", "lower min_depth, or raise max_depth")
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


def _weight_shared(config: box_predictor_pb2.WeightSharedConvolutionalBoxPredictor) -> WeightSharedSettings:
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
