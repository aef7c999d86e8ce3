"""Walking through a config without knowing its types."""

from collections.abc import Iterator
from typing import Any

from tfod.config.words import is_repeated
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["blocks", "detection_model"]


def blocks(message: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`message` and every block inside it, each with the path of its fields ("train_config.optimizer.")."""
    yield prefix, message
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        if is_repeated(field):
            for number, inner in enumerate(value):
                yield from blocks(inner, f"{prefix}{field.name}[{number}].")
        else:
            yield from blocks(value, f"{prefix}{field.name}.")


def detection_model(config: TrainEvalPipelineConfig) -> tuple[str, Any] | None:
    """The name of the model's block ("ssd") and the block; None where the config has none that detects."""
    kind = config.model.WhichOneof("model")
    return None if kind in (None, "experimental_model") else (kind, getattr(config.model, kind))
