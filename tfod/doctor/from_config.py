"""The network that a pipeline config describes, as far as a data set is concerned."""

from pathlib import Path

from tfod.config.faults.anchors import ANCHORS_OF_SEVERAL_MAPS
from tfod.config.pipeline import PipelineConfig, read_pipeline_config
from tfod.config.rules.walk import detection_model
from tfod.doctor.network import Network
from tfod.errors import ConfigError

__all__ = ["network_from_config", "read_network"]

_USUAL_OVERLAP = 0.5


def read_network(path: Path | str) -> Network:
    """The network of a pipeline config; ConfigError for one that cannot be used."""
    return network_from_config(read_pipeline_config(path), str(path))


def network_from_config(config: PipelineConfig, source: str) -> Network:
    """The network of a config that came from `source`; ConfigError where it has no model that detects."""
    # They import TensorFlow, which the doctor does without where no config is named.
    from tfod.boxes.from_config import anchors_from_config
    from tfod.models.from_config import image_resizer_from_config

    found = detection_model(config)
    if found is None:
        raise ConfigError("the config has no model that detects", source, "add model { ssd { ... } }")
    kind, model = found
    anchors, is_ssd = None, kind == "ssd"
    if is_ssd:
        anchors = anchors_from_config(
            model.anchor_generator, f"model.{kind}.anchor_generator", kinds=ANCHORS_OF_SEVERAL_MAPS
        )
    return Network(
        image_resizer_from_config(model.image_resizer, f"model.{kind}.image_resizer"),
        anchors,
        matched_overlap=float(model.matcher.argmax_matcher.matched_threshold) if is_ssd else _USUAL_OVERLAP,
        most_objects=int(config.train_input_reader.max_number_of_boxes),
        source=source,
    )
