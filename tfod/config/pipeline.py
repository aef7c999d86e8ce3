"""Reading, overriding and writing a pipeline.config."""

from collections.abc import Sequence
from pathlib import Path

from google.protobuf import text_format

from tfod.config.overrides import apply_overrides
from tfod.config.text import parse_text, read_file
from tfod.files import write_text
from tfod.protos.model_pb2 import DetectionModel
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["ModelConfig", "PipelineConfig", "apply_overrides", "read_pipeline_config", "write_pipeline_config"]

# For those who pass a config on and look at no message of the schema themselves.
PipelineConfig = TrainEvalPipelineConfig
ModelConfig = DetectionModel


def read_pipeline_config(path: Path | str, overrides: Sequence[str] = ()) -> TrainEvalPipelineConfig:
    """The config in the text file `path`, with `overrides` (see `apply_overrides`) over it.

    Raises ConfigError, with line, column, field and the nearest real name, where it cannot be read.
    Whether its values make sense is another question: `tfod.config.check`.
    """
    config = TrainEvalPipelineConfig()
    parse_text(read_file(path, "pipeline config"), config, str(path), "pipeline config")
    apply_overrides(config, overrides)
    return config


def write_pipeline_config(config: TrainEvalPipelineConfig, path: Path | str) -> None:
    """Writes the config as text, whole or not at all; reading it gives an equal config."""
    write_text(path, text_format.MessageToString(config, as_utf8=True))
