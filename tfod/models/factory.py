"""A model from the `model` message of a pipeline.config."""

from tfod.errors import ConfigError
from tfod.models.detection_model import DetectionModel
from tfod.models.ssd.from_config import ssd_from_config
from tfod.protos import model_pb2

__all__ = ["build_model"]


def build_model(config: model_pb2.DetectionModel) -> DetectionModel:
    """Builds the model; its variables exist and hold their initial values.

    Raises ConfigError for architectures that do not exist here.
    """
    kind = config.WhichOneof("model")
    if kind != "ssd":
        raise ConfigError(f"the architecture {kind or '(none)'} is not available", "model", "use ssd")
    return ssd_from_config(config.ssd)
