"""Models that take images of one channel: MobileNets, as in the original, whose first convolution takes what comes."""

from tfod.config.architectures import ARCHITECTURES
from tfod.config.faults.augmentation import GRAY
from tfod.config.rules.walk import detection_model
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["gray_switch", "resolve_gray", "takes_gray"]


def takes_gray(config: TrainEvalPipelineConfig) -> bool:
    """Whether the image resizer leaves images one channel."""
    found = detection_model(config)
    kind = found[1].image_resizer.WhichOneof("image_resizer_oneof") if found else None
    if found is None or kind is None:
        return False
    return bool(getattr(getattr(found[1].image_resizer, kind), "convert_to_grayscale", False))


def gray_switch(config: TrainEvalPipelineConfig) -> str:
    """The path of the field that makes the model one of grey images; "" where it cannot be one."""
    found = detection_model(config)
    if found is None:
        return ""
    row = ARCHITECTURES.get(found[1].feature_extractor.type)
    kind = found[1].image_resizer.WhichOneof("image_resizer_oneof")
    if row is None or not row.takes_gray or kind in (None, "identity_resizer"):
        return ""
    return f"model.{found[0]}.image_resizer.{kind}.convert_to_grayscale"


def resolve_gray(config: TrainEvalPipelineConfig) -> str:
    """Switches the model to grey images where `rgb_to_gray` makes those of training so.

    The original builds such a model for training alone: it can neither be evaluated nor exported. With the switch all
    three see the same. Returns the field that was set; "" for none.
    """
    steps = [option.WhichOneof("preprocessing_step") for option in config.train_config.data_augmentation_options]
    switch = gray_switch(config)
    found = detection_model(config)
    if found is None or GRAY not in steps or takes_gray(config) or not switch:
        return ""
    resizer = found[1].image_resizer
    getattr(resizer, resizer.WhichOneof("image_resizer_oneof")).convert_to_grayscale = True
    return switch
