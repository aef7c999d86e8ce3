"""Of which TensorFlow a config is: its type says so, or settings that only TensorFlow 1 had."""

from typing import Any, Literal

from tfod.config.faults.model import is_of_tf1
from tfod.protos.train_pb2 import V2

__all__ = ["Era", "era_of", "tf1_settings"]

Era = Literal["tf1", "tf2"]


def era_of(config: Any) -> Era:
    """The TensorFlow for which `config`, a pipeline config, was written.

    A type of TensorFlow 1 decides. Types with `_keras` worked under both; with these it is the settings.
    """
    kind = config.model.WhichOneof("model")
    if kind not in ("ssd", "faster_rcnn"):
        return "tf2"
    if is_of_tf1(getattr(config.model, kind).feature_extractor.type):
        return "tf1"
    return "tf1" if config.train_config.fine_tune_checkpoint_version != V2 and tf1_settings(config) else "tf2"


def tf1_settings(config: Any) -> list[str]:
    """The paths of the settings that ask for something that only TensorFlow 1 did."""
    train = config.train_config
    asked = {
        "train_config.from_detection_checkpoint": train.from_detection_checkpoint,
        "train_config.load_all_detection_checkpoint_vars": train.load_all_detection_checkpoint_vars,
        "graph_rewriter": config.HasField("graph_rewriter"),
    }
    return [path for path, said in asked.items() if said]
