"""The steps that `data_augmentation_options` of a pipeline.config may list, by the names they have there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tfod.augment import autoaugment, color, crop, damage, flip, labels, pad, scale
from tfod.augment.example import Draw, Example

__all__ = ["STEPS", "augmentation"]

STEPS: dict[str, Callable[..., Example]] = {
    "adjust_gamma": color.adjust_gamma,
    "autoaugment_image": autoaugment.autoaugment_image,
    "convert_class_logits_to_softmax": labels.convert_class_logits_to_softmax,
    "drop_label_probabilistically": labels.drop_label_probabilistically,
    "normalize_image": color.normalize_image,
    "random_absolute_pad_image": pad.random_absolute_pad_image,
    "random_adjust_brightness": color.random_adjust_brightness,
    "random_adjust_contrast": color.random_adjust_contrast,
    "random_adjust_hue": color.random_adjust_hue,
    "random_adjust_saturation": color.random_adjust_saturation,
    "random_black_patches": damage.random_black_patches,
    "random_crop_image": crop.random_crop_image,
    "random_crop_pad_image": pad.random_crop_pad_image,
    "random_crop_to_aspect_ratio": crop.random_crop_to_aspect_ratio,
    "random_distort_color": color.random_distort_color,
    "random_downscale_to_target_pixels": scale.random_downscale_to_target_pixels,
    "random_horizontal_flip": flip.random_horizontal_flip,
    "random_image_scale": scale.random_image_scale,
    "random_jitter_boxes": labels.random_jitter_boxes,
    "random_jpeg_quality": damage.random_jpeg_quality,
    "random_pad_image": pad.random_pad_image,
    "random_patch_gaussian": damage.random_patch_gaussian,
    "random_pixel_value_scale": color.random_pixel_value_scale,
    "random_resize_method": scale.random_resize_method,
    "random_rgb_to_gray": color.random_rgb_to_gray,
    "random_rotation90": flip.random_rotation90,
    "random_scale_crop_and_pad_to_square": scale.random_scale_crop_and_pad_to_square,
    "random_self_concat_image": pad.random_self_concat_image,
    "random_square_crop_by_scale": crop.random_square_crop_by_scale,
    "random_vertical_flip": flip.random_vertical_flip,
    "remap_labels": labels.remap_labels,
    "resize_image": scale.resize_image,
    "rgb_to_gray": color.rgb_to_gray,
    "scale_boxes_to_pixel_coordinates": scale.scale_boxes_to_pixel_coordinates,
    "ssd_random_crop": crop.ssd_random_crop,
    "ssd_random_crop_fixed_aspect_ratio": crop.ssd_random_crop_fixed_aspect_ratio,
    "ssd_random_crop_pad": pad.ssd_random_crop_pad,
    "ssd_random_crop_pad_fixed_aspect_ratio": pad.ssd_random_crop_pad_fixed_aspect_ratio,
    "subtract_channel_mean": color.subtract_channel_mean,
}
"""Field of PreprocessingStep -> function. Its keyword arguments have the defaults of the schema."""


def augmentation(steps: Sequence[Callable[[Example, Draw], Example]]) -> Callable[[Example, Any], Example]:
    """Makes one function of steps, in their order.

    Returns:
        A function of an example (see `tfod.augment.example`) and a seed, int64 `[2]` (see `Draw`), which gives
        the example after all steps. It may be called eagerly and within a graph.
    """

    def augment(example: Example, seed: Any) -> Example:
        draw = Draw(seed)
        for step in steps:
            example = step(example, draw)
        return example

    return augment
