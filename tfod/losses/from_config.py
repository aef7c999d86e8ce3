"""The losses that `model.ssd.loss` describes."""

from google.protobuf.message import Message

from tfod.errors import ConfigError
from tfod.losses.classification import SigmoidFocalLoss
from tfod.losses.localization import SmoothL1Loss
from tfod.protos import losses_pb2

__all__ = ["classification_loss_from_config", "localization_loss_from_config"]


def classification_loss_from_config(config: losses_pb2.ClassificationLoss) -> SigmoidFocalLoss:
    """The classification loss. Raises ConfigError for kinds that do not exist here yet."""
    kind = _kind(config, "classification_loss", "weighted_sigmoid_focal")
    message = getattr(config, kind)
    return SigmoidFocalLoss(message.gamma, message.alpha if message.HasField("alpha") else None)


def localization_loss_from_config(config: losses_pb2.LocalizationLoss) -> SmoothL1Loss:
    """The localization loss. Raises ConfigError for kinds that do not exist here yet."""
    kind = _kind(config, "localization_loss", "weighted_smooth_l1")
    return SmoothL1Loss(getattr(config, kind).delta)


def _kind(config: Message, oneof: str, available: str) -> str:
    kind = config.WhichOneof(oneof)
    if kind != available:
        raise ConfigError(
            f"the loss {kind or '(none)'} is not available", f"model.ssd.loss.{oneof}", f"use {available}"
        )
    return available
