"""A model from the `model` message of a pipeline.config."""

from tfod.config.support import refuse_missing
from tfod.errors import ConfigError
from tfod.models.detection_model import DetectionModel
from tfod.models.ssd.from_config import ssd_from_config
from tfod.protos import model_pb2

__all__ = ["build_model"]


def build_model(config: model_pb2.DetectionModel) -> DetectionModel:
    """Builds the model; its variables exist and hold their initial values.

    Raises ConfigError for architectures that do not exist here.
    """
    refuse_missing(config, "model")
    kind = config.WhichOneof("model")
    if kind != "ssd":
        raise ConfigError("the config has no model", "model", "add model { ssd { ... } }")
    return ssd_from_config(config.ssd)
