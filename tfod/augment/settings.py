"""From a step's message in pipeline.config to the arguments of its function, with a check of its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tfod.augment.crop import Crop
from tfod.augment.pad import CropPad
from tfod.errors import ConfigError
from tfod.protos.preprocessor_pb2 import RandomJitterBoxes, ResizeImage

__all__ = ["step_arguments"]

_FOR_KEYPOINTS = ("keypoint_flip_permutation", "keypoint_rot_permutation")


def step_arguments(name: str, config: Any, where: str) -> dict[str, Any]:
    """The keyword arguments for the function of the step `name`.

    Only what the config's author wrote is passed; for the rest the defaults of the function hold.

    Raises:
        ConfigError: a number is impossible, or one that has to be set is not.
    """
    for problem in _problems(name, config):
        raise ConfigError(problem, where, "correct this step of the config, or remove it")
    return _ARGUMENTS.get(name, _set_fields)(config)


def _set_fields(config: Any) -> dict[str, Any]:
    return {field.name: value for field, value in config.ListFields() if field.name not in _FOR_KEYPOINTS}


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

_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "normalize_image": (
        lambda config: config.original_minval < config.original_maxval,
        "original_maxval must be greater than original_minval",
    ),
    "random_distort_color": (lambda config: config.color_ordering in (0, 1), "color_ordering must be 0 or 1"),
    "random_downscale_to_target_pixels": (
        lambda config: config.min_target_pixels > 0,
        "min_target_pixels must be positive",
    ),
    "random_jpeg_quality": (
        lambda config: config.min_jpeg_quality >= 0 and config.max_jpeg_quality <= 100,
        "JPEG qualities go from 0 to 100",
    ),
    "random_pad_image": (
        lambda config: all(
            config.HasField(f"{limit}_image_height") == config.HasField(f"{limit}_image_width")
            for limit in ("min", "max")
        ),
        "image height and width must be set together",
    ),
    "random_patch_gaussian": (lambda config: config.min_patch_size >= 1, "min_patch_size must be at least 1"),
    "random_resize_method": (
        lambda config: config.target_height > 0 and config.target_width > 0,
        "target_height and target_width must be set",
    ),
    "random_scale_crop_and_pad_to_square": (
        lambda config: config.output_size > 0 and config.scale_min > 0,
        "output_size and scale_min must be positive",
    ),
    "random_square_crop_by_scale": (
        lambda config: config.max_border > 0 and config.num_scales > 0 and config.scale_min > 0,
        "max_border, num_scales and scale_min must be positive",
    ),
    "remap_labels": (
        lambda config: len(config.original_labels) > 0 and config.HasField("new_label"),
        "original_labels and new_label must be set",
    ),
    "resize_image": (
        lambda config: config.new_height > 0 and config.new_width > 0,
        "new_height and new_width must be set",
    ),
    "subtract_channel_mean": (lambda config: len(config.means) == 3, "means must be three numbers"),
}

_RANGES = (
    ("minval", "maxval"),
    ("min_area", "max_area"),
    ("min_aspect_ratio", "max_aspect_ratio"),
    ("min_delta", "max_delta"),
    ("min_gaussian_stddev", "max_gaussian_stddev"),
    ("min_jpeg_quality", "max_jpeg_quality"),
    ("min_patch_size", "max_patch_size"),
    ("min_scale_ratio", "max_scale_ratio"),
    ("scale_min", "scale_max"),
)


_LENGTHS = {"pad_color": 3, "min_padded_size_ratio": 2, "max_padded_size_ratio": 2}


def _problems(name: str, config: Any) -> Iterator[str]:
    holds, rule = _RULES.get(name, (lambda _: True, ""))
    if not holds(config):
        yield rule
    for message in (config, *getattr(config, "operations", ())):
        values = {field.name: getattr(message, field.name) for field in message.DESCRIPTOR.fields}
        for low, high in _RANGES:
            if low in values and high in values and values[low] > values[high]:
                yield f"{low} {values[low]:g} exceeds {high} {values[high]:g}"
        if "min_area" in values and not 0 < values["min_area"] <= values["max_area"] <= 1:
            yield "min_area and max_area must be set, above 0 and at most 1"
        if "min_aspect_ratio" in values and values["min_aspect_ratio"] <= 0:
            yield "min_aspect_ratio and max_aspect_ratio must be set, above 0"
        for field, length in _LENGTHS.items():
            if len(values.get(field, ())) not in (0, length):
                yield f"{field} must be {length} numbers"
