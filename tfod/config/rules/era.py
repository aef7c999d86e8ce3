"""A config of TensorFlow 1: that it is one, and how what it says is taken."""

from collections.abc import Iterator

from tfod.config.diagnostics import Diagnostic, note
from tfod.config.era import era_of, tf1_settings
from tfod.config.faults.model import is_of_tf1
from tfod.config.rules.walk import detection_model
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["check"]


def check(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    """A note for a config of TensorFlow 1."""
    found = detection_model(config)
    if found is None or era_of(config) != "tf1":
        return
    kind, model = found
    of_type = f"model.{kind}.feature_extractor.type"
    settings = tf1_settings(config)
    if is_of_tf1(model.feature_extractor.type):
        settings.insert(0, of_type)
        what = f"a config of TensorFlow 1, to which {model.feature_extractor.type} belongs"
    else:
        names = [path.rpartition(".")[2] for path in settings]
        what = f"a config of TensorFlow 1's last years, of which {' and '.join(names)} tell"
    yield note("era", what, settings[0], "nothing; what is taken otherwise than TensorFlow 1 did is told here, too")
