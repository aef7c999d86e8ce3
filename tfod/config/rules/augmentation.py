"""The steps of data augmentation."""

from collections.abc import Iterator

from tfod.config.diagnostics import Diagnostic, error, errors, warning
from tfod.config.faults.augmentation import (
    GRAY,
    keypoint_order_faults,
    sequence_faults,
    step_choice_faults,
    step_faults,
)
from tfod.config.gray import gray_switch, takes_gray
from tfod.config.rules.walk import detection_model
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["check_augmentation"]

_WHERE = "train_config.data_augmentation_options"


def check_augmentation(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    """Steps that are none, numbers that a step cannot have, steps that do not fit each other or the model."""
    steps = []
    for number, option in enumerate(config.train_config.data_augmentation_options):
        where = f"{_WHERE}[{number}]"
        kind = option.WhichOneof("preprocessing_step")
        yield from errors("augmentation", step_choice_faults(kind), where)
        step = getattr(option, kind) if kind else None
        steps.append((kind, step))
        if kind is None or step is None:
            continue
        faults = [*step_faults(kind, step), *keypoint_order_faults(kind, step, config.train_input_reader.num_keypoints)]
        yield from errors("augmentation", faults, f"{where}.{kind}")
        if kind == "drop_label_probabilistically" and step.label < 1:
            what = f"no object has the label {step.label}: the step drops nothing, as in the original"
            yield warning("augmentation", what, f"{where}.{kind}", f"--set {where}.{kind}.label=1, say")
        elif kind == "scale_boxes_to_pixel_coordinates":
            what = "boxes become pixels, where all that follows expects shares of the image: nothing can be learnt"
            yield warning("augmentation", what, f"{where}.{kind}", "remove the step")
        elif kind == GRAY:
            yield from _gray(config, f"{where}.{kind}")
    yield from errors("augmentation", sequence_faults(steps), "train_config")


def _gray(config: TrainEvalPipelineConfig, where: str) -> Iterator[Diagnostic]:
    found = detection_model(config)
    if found is None or takes_gray(config):
        return
    switch = gray_switch(config)
    cure = "use random_rgb_to_gray { probability: 1 }, which leaves three equal channels"
    if switch:
        cure = f"let the model take grey images: --set {switch}=true"
    what = f"{GRAY} leaves images one channel, and the model wants three"
    yield error("augmentation", what, where, cure)
