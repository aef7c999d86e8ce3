"""The steps of data augmentation."""

from collections.abc import Iterator
from typing import Any

from tfod.config.findings import Finding, error
from tfod.config.rules.walk import blocks
from tfod.config.text import is_repeated
from tfod.protos.train_pb2 import TrainConfig

__all__ = ["check_augmentation"]


def check_augmentation(train: TrainConfig) -> Iterator[Finding]:
    """Steps that are none, ranges that are upside down and probabilities that are none."""
    for number, option in enumerate(train.data_augmentation_options):
        where = f"train_config.data_augmentation_options[{number}]"
        kind = option.WhichOneof("preprocessing_step")
        if kind is None:
            yield error("augmentation", "a step of augmentation that does nothing", where, "remove it or name a step")
            continue
        for path, block in blocks(getattr(option, kind), f"{where}.{kind}."):
            yield from _ranges(block, path)


def _ranges(block: Any, path: str) -> Iterator[Finding]:
    for field in block.DESCRIPTOR.fields:
        if is_repeated(field) or field.message_type is not None:
            continue
        value = getattr(block, field.name)
        if field.name.endswith("probability") and not 0 <= value <= 1:
            what = f"{field.name} is {value:g}, no probability"
            yield error("augmentation", what, f"{path}{field.name}", "choose from 0 to 1")
        upper = _partner(field.name)
        # A bound without a value and a default is unknown, not 0.
        if _known(block, field.name) and _known(block, upper) and value > getattr(block, upper):
            what = f"{field.name} is {value:g}, above {upper}, {getattr(block, upper):g}"
            yield error("augmentation", what, f"{path}{field.name}", f"lower it, or raise {upper}")


def _partner(name: str) -> str:
    if name.startswith("min"):
        return "max" + name[3:]
    return name[:-4] + "_max" if name.endswith("_min") else ""


def _known(block: Any, name: str) -> bool:
    field = block.DESCRIPTOR.fields_by_name.get(name)
    return field is not None and (block.HasField(name) or field.has_default_value)
