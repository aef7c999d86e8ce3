"""The augmentation that `data_augmentation_options` of a pipeline.config ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tfod.augment.crop import Crop
from tfod.augment.example import Draw, Example
from tfod.augment.pad import CropPad
from tfod.augment.steps import STEPS, augmentation
from tfod.config.faults.augmentation import keypoint_order_faults, sequence_faults, step_choice_faults, step_faults
from tfod.config.faults.fault import refuse
from tfod.config.faults.numbers import number_faults
from tfod.config.support import refuse_missing
from tfod.protos.preprocessor_pb2 import PreprocessingStep, RandomJitterBoxes, ResizeImage

__all__ = ["augmentation_from_config", "flip_permutation"]


def augmentation_from_config(
    options: Iterable[PreprocessingStep], where: str, *, num_keypoints: int = 0
) -> Callable[[Example, Any], Example]:
    """Makes one function of the steps, in their order: see `tfod.augment.steps.augmentation`.

    Args:
        options: the steps.
        where: their path in the config.
        num_keypoints: how many each object has.

    Raises:
        ConfigError: a step is unknown or has impossible numbers.
    """
    options = list(options)
    steps = [_step(option, f"{where}[{index}]", num_keypoints) for index, option in enumerate(options)]
    named = [(name, getattr(option, name)) for option in options if (name := _name(option))]
    refuse(sequence_faults(named), where.rpartition(".")[0])
    return augmentation(steps)


def flip_permutation(options: Iterable[PreprocessingStep]) -> list[int]:
    """What the steps say about keypoints of a mirrored image: for each the number of the one that it becomes."""
    found = (list(option.random_horizontal_flip.keypoint_flip_permutation) for option in options)
    return next((permutation for permutation in found if permutation), [])


def _step(option: PreprocessingStep, where: str, num_keypoints: int) -> Callable[[Example, Draw], Example]:
    """The step's function with its settings; for what the config's author did not write its own defaults hold."""
    name = _name(option)
    refuse(step_choice_faults(name), where)
    if name not in STEPS:
        refuse_missing(option, where)
    refuse(number_faults(option), where)
    config = getattr(option, name)
    refuse(step_faults(name, config), f"{where}.{name}")
    refuse(keypoint_order_faults(name, config, num_keypoints), f"{where}.{name}")
    return partial(STEPS[name], **_ARGUMENTS.get(name, _set_fields)(config))


def _name(option: PreprocessingStep) -> str:
    return option.WhichOneof("preprocessing_step") or ""


def _set_fields(config: Any) -> dict[str, Any]:
    return {field.name: value for field, value in config.ListFields()}


def _crop(config: Any) -> Crop:
    """Reads every field: what is not set in an operation of an SSD crop is zero."""
    return Crop(
        min_object_covered=config.min_object_covered,
        # The operations of ssd_random_crop_fixed_aspect_ratio have one ratio for all.
        aspect_ratio=(getattr(config, "min_aspect_ratio", 1.0), getattr(config, "max_aspect_ratio", 1.0)),
        area=(config.min_area, config.max_area),
        overlap_thresh=config.overlap_thresh,
        clip_boxes=config.clip_boxes,
        random_coef=config.random_coef,
    )


def _crop_pad(config: Any) -> CropPad:
    if hasattr(config, "pad_color_r"):
        color: Any = (config.pad_color_r, config.pad_color_g, config.pad_color_b)
    else:
        color = tuple(config.pad_color) or None
    return CropPad(_crop(config), *_ratios(config), color)


def _ratios(config: Any) -> tuple[Any, Any]:
    least, greatest = tuple(config.min_padded_size_ratio), tuple(config.max_padded_size_ratio)
    return least or (1.0, 1.0), greatest or (2.0, 2.0)


def _ssd_crops(config: Any, read: Callable[[Any], Any] = _crop) -> dict[str, Any]:
    return {"crops": [read(operation) for operation in config.operations]} if config.operations else {}


def _crops_padded_to_aspect_ratio(config: Any) -> dict[str, Any]:
    least, greatest = _ratios(config)
    ratios = {"min_ratio": least, "max_ratio": greatest}
    return {**_ssd_crops(config), **ratios, "aspect_ratio": config.aspect_ratio}


def _pad_sizes(config: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {"pad_color": tuple(config.pad_color) or None}
    for limit in ("min", "max"):
        if config.HasField(f"{limit}_image_height"):
            size = getattr(config, f"{limit}_image_height"), getattr(config, f"{limit}_image_width")
            arguments[f"{limit}_image_size"] = size
    return arguments


_ARGUMENTS: dict[str, Callable[[Any], dict[str, Any]]] = {
    # A step without a label means 0, which no object has.
    "drop_label_probabilistically": lambda config: {
        "label": config.label,
        "drop_probability": config.drop_probability,
    },
    "random_absolute_pad_image": lambda config: {
        "max_height_padding": config.max_height_padding or 1,
        "max_width_padding": config.max_width_padding or 1,
        "pad_color": tuple(config.pad_color) or None,
    },
    "random_crop_image": lambda config: {"settings": _crop(config)},
    "random_crop_pad_image": lambda config: {"settings": _crop_pad(config)},
    "random_jitter_boxes": lambda config: {
        "ratio": config.ratio,
        "jitter_mode": RandomJitterBoxes.JitterMode.Name(config.jitter_mode).lower(),
    },
    "random_pad_image": _pad_sizes,
    "resize_image": lambda config: {
        "new_height": config.new_height,
        "new_width": config.new_width,
        "method": ResizeImage.Method.Name(config.method).removesuffix("_NEIGHBOR").lower(),
    },
    "ssd_random_crop": _ssd_crops,
    "ssd_random_crop_fixed_aspect_ratio": lambda config: {
        **_ssd_crops(config),
        "aspect_ratio": config.aspect_ratio,
    },
    "ssd_random_crop_pad": lambda config: _ssd_crops(config, _crop_pad),
    "ssd_random_crop_pad_fixed_aspect_ratio": _crops_padded_to_aspect_ratio,
}
