"""A model from the `model` message of a pipeline.config."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfod.config.architectures import ARCHITECTURES
from tfod.config.faults.fault import refuse
from tfod.config.faults.model import model_choice_faults
from tfod.config.faults.numbers import refuse_unusable
from tfod.models.detection_model import DetectionModel
from tfod.models.faster_rcnn.from_config import faster_rcnn_from_config
from tfod.models.layers.cpu_kernels import use_cpu_kernels
from tfod.models.ssd.from_config import ssd_from_config

__all__ = ["build_model"]

_FAMILIES: dict[str, Callable[[Any], DetectionModel]] = {
    "faster_rcnn": faster_rcnn_from_config,
    "ssd": ssd_from_config,
}


def build_model(config: Any) -> DetectionModel:
    """Builds the model; its variables exist and hold their initial values.

    Without a GPU it trains with the kernels for CPUs.

    Args:
      config: A message `DetectionModel` of model.proto.

    Raises:
      ConfigError: The architecture, or some of what it is to be made of, does not exist here.
    """
    refuse_unusable(config, "model")
    family = config.WhichOneof("model")
    refuse(model_choice_faults(family), "model")
    model = _FAMILIES[family](getattr(config, family))
    if not tf.config.list_logical_devices("GPU"):
        use_cpu_kernels(model, same_statistics=_of_tf1(getattr(config, family)))
    return model


def _of_tf1(config: Any) -> bool:
    """Whether what is known of the original's numbers was computed with the statistics of batches."""
    return ARCHITECTURES[config.feature_extractor.type].is_slim
