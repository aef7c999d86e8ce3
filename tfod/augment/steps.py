"""The steps that `data_augmentation_options` of a pipeline.config may list, by the names they have there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tfod.augment import crop, flip
from tfod.augment.example import Draw, Example
from tfod.errors import ConfigError
from tfod.protos import preprocessor_pb2

__all__ = ["STEPS", "from_config"]

STEPS: dict[str, Callable[..., Example]] = {
    "random_crop_image": crop.random_crop_image,
    "random_crop_to_aspect_ratio": crop.random_crop_to_aspect_ratio,
    "random_horizontal_flip": flip.random_horizontal_flip,
    "random_rotation90": flip.random_rotation90,
    "random_square_crop_by_scale": crop.random_square_crop_by_scale,
    "random_vertical_flip": flip.random_vertical_flip,
    "ssd_random_crop": crop.ssd_random_crop,
    "ssd_random_crop_fixed_aspect_ratio": crop.ssd_random_crop_fixed_aspect_ratio,
}
"""Field of PreprocessingStep -> function. Their defaults are those of the schema."""


def from_config(options: Iterable[preprocessor_pb2.PreprocessingStep]) -> Callable[[Example, Any], Example]:
    """Makes one function of the steps, in their order.

    Returns:
        A function of an example (see `tfod.augment.example`) and a seed (see `Draw`), which gives the
        example after all steps. It may be called eagerly and within a graph.

    Raises:
        ConfigError: a step is unknown or has impossible numbers.
    """
    steps = [_step(option, f"data_augmentation_options[{index}]") for index, option in enumerate(options)]

    def augment(example: Example, seed: Any) -> Example:
        draw = Draw(seed)
        for step in steps:
            example = step(example, draw)
        return example

    return augment


def _step(option: preprocessor_pb2.PreprocessingStep, where: str) -> Callable[[Example, Draw], Example]:
    name = option.WhichOneof("preprocessing_step")
    if name is None:
        raise ConfigError("the step is empty", where, "name a step, such as random_horizontal_flip {}")
    if name == "autoaugment_image":
        raise ConfigError(
            "autoaugment_image cannot run: its operations were removed from TensorFlow with tf.contrib",
            where,
            "remove it, or use random_distort_color and random_crop_image instead",
        )
    config = getattr(option, name)
    arguments = _ARGUMENTS.get(name, _set_fields)(config)
    return partial(STEPS[name], **arguments)


def _set_fields(config: Any) -> dict[str, Any]:
    """The fields that the config's author wrote; for the others the function's defaults hold."""
    return {field.name: value for field, value in config.ListFields() if field.name not in _FOR_KEYPOINTS}


def _crop(config: Any) -> crop.Crop:
    """Reads every field: an operation of an SSD crop has no defaults but zero."""
    return crop.Crop(
        min_object_covered=config.min_object_covered,
        aspect_ratio=(config.min_aspect_ratio, config.max_aspect_ratio),
        area=(config.min_area, config.max_area),
        overlap_thresh=config.overlap_thresh,
        clip_boxes=config.clip_boxes,
        random_coef=config.random_coef,
    )


def _ssd_crops(config: Any) -> dict[str, Any]:
    return {"crops": [_crop(operation) for operation in config.operations]} if config.operations else {}


_FOR_KEYPOINTS = {"keypoint_flip_permutation", "keypoint_rot_permutation"}

_ARGUMENTS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "random_crop_image": lambda config: {"settings": _crop(config)},
    "ssd_random_crop": _ssd_crops,
}
