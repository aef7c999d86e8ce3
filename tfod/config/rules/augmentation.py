"""The steps of data augmentation."""

from collections.abc import Iterator

from tfod.config.diagnostics import Diagnostic, errors
from tfod.config.faults.augmentation import step_choice_faults, step_faults
from tfod.protos.train_pb2 import TrainConfig

__all__ = ["check_augmentation"]


def check_augmentation(train: TrainConfig) -> Iterator[Diagnostic]:
    """Steps that are none, and numbers that a step cannot have."""
    for number, option in enumerate(train.data_augmentation_options):
        where = f"train_config.data_augmentation_options[{number}]"
        kind = option.WhichOneof("preprocessing_step")
        yield from errors("augmentation", step_choice_faults(kind), where)
        if kind is not None:
            yield from errors("augmentation", step_faults(kind, getattr(option, kind)), f"{where}.{kind}")
