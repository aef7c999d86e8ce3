"""AutoAugment for detection: policies that were learnt (Zoph et al. 2019, "Learning Data Augmentation Strategies for
Object Detection"), as the Object Detection API published them.

A policy has sub-policies, one of which is chosen for an image. Each is a sequence of (operation, probability, level);
the level, from 0 to 10, says how strong the operation is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.augment import enhance
from tfod.augment.example import Draw, Example, sometimes
from tfod.augment.warp import Affine, each_box, pixel_boxes, rotated, sheared, shifted, warp_example, warp_image
from tfod.augment.warped_boxes import rotated_boxes, sheared_boxes, shifted_boxes

__all__ = ["POLICIES", "autoaugment_image"]

SubPolicy = tuple[tuple[str, float, int], ...]

_V0: tuple[SubPolicy, ...] = (
    (("TranslateX_BBox", 0.6, 4), ("Equalize", 0.8, 10)),
    (("TranslateY_Only_BBoxes", 0.2, 2), ("Cutout", 0.8, 8)),
    (("Sharpness", 0.0, 8), ("ShearX_BBox", 0.4, 0)),
    (("ShearY_BBox", 1.0, 2), ("TranslateY_Only_BBoxes", 0.6, 6)),
    (("Rotate_BBox", 0.6, 10), ("Color", 1.0, 6)),
)

POLICIES: dict[str, tuple[SubPolicy, ...]] = {
    "v0": _V0,
    "v1": (
        *_V0,
        (("Color", 0.0, 0), ("ShearX_Only_BBoxes", 0.8, 4)),
        (("ShearY_Only_BBoxes", 0.8, 2), ("Flip_Only_BBoxes", 0.0, 10)),
        (("Equalize", 0.6, 10), ("TranslateX_BBox", 0.2, 2)),
        (("Color", 1.0, 10), ("TranslateY_Only_BBoxes", 0.4, 6)),
        (("Rotate_BBox", 0.8, 10), ("Contrast", 0.0, 10)),
        (("Cutout", 0.2, 2), ("Brightness", 0.8, 10)),
        (("Color", 1.0, 6), ("Equalize", 1.0, 2)),
        (("Cutout_Only_BBoxes", 0.4, 6), ("TranslateY_Only_BBoxes", 0.8, 2)),
        (("Color", 0.2, 8), ("Rotate_BBox", 0.8, 10)),
        (("Sharpness", 0.4, 4), ("TranslateY_Only_BBoxes", 0.0, 4)),
        (("Sharpness", 1.0, 4), ("SolarizeAdd", 0.4, 4)),
        (("Rotate_BBox", 1.0, 8), ("Sharpness", 0.2, 8)),
        (("ShearY_BBox", 0.6, 10), ("Equalize_Only_BBoxes", 0.6, 8)),
        (("ShearX_BBox", 0.2, 6), ("TranslateY_Only_BBoxes", 0.2, 10)),
        (("SolarizeAdd", 0.6, 8), ("Brightness", 0.8, 10)),
    ),
    "v2": (
        (("Color", 0.0, 6), ("Cutout", 0.6, 8), ("Sharpness", 0.4, 8)),
        (("Rotate_BBox", 0.4, 8), ("Sharpness", 0.4, 2), ("Rotate_BBox", 0.8, 10)),
        (("TranslateY_BBox", 1.0, 8), ("AutoContrast", 0.8, 2)),
        (("AutoContrast", 0.4, 6), ("ShearX_BBox", 0.8, 8), ("Brightness", 0.0, 10)),
        (("SolarizeAdd", 0.2, 6), ("Contrast", 0.0, 10), ("AutoContrast", 0.6, 0)),
        (("Cutout", 0.2, 0), ("Solarize", 0.8, 8), ("Color", 1.0, 4)),
        (("TranslateY_BBox", 0.0, 4), ("Equalize", 0.6, 8), ("Solarize", 0.0, 10)),
        (("TranslateY_BBox", 0.2, 2), ("ShearY_BBox", 0.8, 8), ("Rotate_BBox", 0.8, 8)),
        (("Cutout", 0.8, 8), ("Brightness", 0.8, 8), ("Cutout", 0.2, 2)),
        (("Color", 0.8, 4), ("TranslateY_BBox", 1.0, 6), ("Rotate_BBox", 0.6, 6)),
        (("Rotate_BBox", 0.6, 10), ("BBox_Cutout", 1.0, 4), ("Cutout", 0.2, 8)),
        (("Rotate_BBox", 0.0, 0), ("Equalize", 0.6, 6), ("ShearY_BBox", 0.6, 8)),
        (("Brightness", 0.8, 8), ("AutoContrast", 0.4, 2), ("Brightness", 0.2, 2)),
        (("TranslateY_BBox", 0.4, 8), ("Solarize", 0.4, 6), ("SolarizeAdd", 0.2, 10)),
        (("Contrast", 1.0, 10), ("SolarizeAdd", 0.2, 8), ("Equalize", 0.2, 4)),
    ),
    "v3": (
        (("Posterize", 0.8, 2), ("TranslateX_BBox", 1.0, 8)),
        (("BBox_Cutout", 0.2, 10), ("Sharpness", 1.0, 8)),
        (("Rotate_BBox", 0.6, 8), ("Rotate_BBox", 0.8, 10)),
        (("Equalize", 0.8, 10), ("AutoContrast", 0.2, 10)),
        (("SolarizeAdd", 0.2, 2), ("TranslateY_BBox", 0.2, 8)),
        (("Sharpness", 0.0, 2), ("Color", 0.4, 8)),
        (("Equalize", 1.0, 8), ("TranslateY_BBox", 1.0, 8)),
        (("Posterize", 0.6, 2), ("Rotate_BBox", 0.0, 10)),
        (("AutoContrast", 0.6, 0), ("Rotate_BBox", 1.0, 6)),
        (("Equalize", 0.0, 4), ("Cutout", 0.8, 10)),
        (("Brightness", 1.0, 2), ("TranslateY_BBox", 1.0, 6)),
        (("Contrast", 0.0, 2), ("ShearY_BBox", 0.8, 0)),
        (("AutoContrast", 0.8, 10), ("Contrast", 0.2, 10)),
        (("Rotate_BBox", 1.0, 10), ("Cutout", 1.0, 10)),
        (("SolarizeAdd", 0.8, 6), ("Equalize", 0.8, 8)),
    ),
    "test": ((("TranslateX_BBox", 1.0, 4), ("Equalize", 1.0, 10)),),
}
"""By the names that `policy_name` has in a config."""

_GREY = 128
# At level 10.
_DEGREES, _SHEAR, _PIXELS, _PIXELS_IN_BOX = 30.0, 0.3, 250.0, 120.0
_CUT_OUT, _CUT_OUT_IN_BOX, _CUT_OUT_OF_BOX = 100, 50, 0.75
_ONLY_BOXES = 1 / 3  # of the probability, for each box: else too many of those that lie close would change


def autoaugment_image(example: Example, draw: Draw, *, policy_name: str = "v0") -> Example:
    """Does one of the sub-policies of a policy, chosen with equal probability.

    No object is dropped: a box that leaves the image stays as a strip at its edge, on which the policies were learnt.
    """
    image = example[names.IMAGE]
    pixels = {**example, names.IMAGE: tf.cast(image, tf.uint8)}

    def branch(steps: SubPolicy) -> Any:
        inner = [(name, probability, level, draw.split()) for name, probability, level in steps if probability]
        return lambda: _in_turn(pixels, inner)

    policy = POLICIES[policy_name]
    chosen: Example = tf.switch_case(draw.integer(0, len(policy)), [branch(steps) for steps in policy])
    return {**chosen, names.IMAGE: tf.cast(chosen[names.IMAGE], image.dtype)}


def _in_turn(example: Example, steps: list[tuple[str, float, int, Draw]]) -> Example:
    example = dict(example)
    for name, probability, level, draw in steps:
        operation = _OPERATIONS[name]
        if name.endswith("_Only_BBoxes"):
            example = operation(example, draw, level / 10, probability * _ONLY_BOXES)
        else:
            chosen = draw.uniform() < probability
            example = sometimes(chosen, partial(operation, draw=draw, strength=level / 10), example)
    return example


def _colours(change: Callable[[Any, float], Any]) -> Callable[..., Example]:
    def operation(example: Example, draw: Draw, strength: float) -> Example:
        return {**example, names.IMAGE: change(example[names.IMAGE], strength)}

    return operation


def _mixed(change: Callable[[Any, float], Any]) -> Callable[..., Example]:
    return _colours(lambda image, strength: change(image, strength * 1.8 + 0.1))


def _either_way(draw: Draw, amount: float) -> Any:
    return tf.where(draw.uniform() < 0.5, amount, -amount)


def _rotate(example: Example, draw: Draw, strength: float) -> Example:
    degrees = _either_way(draw, strength * _DEGREES)
    return warp_example(example, rotated(degrees), rotated_boxes(example, degrees))


def _shear(example: Example, draw: Draw, strength: float, *, axis: str) -> Example:
    amount = {axis: _either_way(draw, strength * _SHEAR)}
    return warp_example(example, sheared(**amount), sheared_boxes(example, **amount))


def _shift(example: Example, draw: Draw, strength: float, *, axis: str) -> Example:
    amount = {axis: _either_way(draw, strength * _PIXELS)}
    return warp_example(example, shifted(**amount), shifted_boxes(example, **amount))


def _warp_only_boxes(example: Example, draw: Draw, affine: Affine, probability: float) -> Example:
    return each_box(example, draw, probability, lambda part, _: warp_image(part, affine), affine)


def _shear_only_boxes(example: Example, draw: Draw, strength: float, probability: float, *, axis: str) -> Example:
    affine = sheared(**{axis: _either_way(draw, strength * _SHEAR)})
    return _warp_only_boxes(example, draw, affine, probability)


def _shift_only_boxes(example: Example, draw: Draw, strength: float, probability: float, *, axis: str) -> Example:
    affine = shifted(**{axis: _either_way(draw, strength * _PIXELS_IN_BOX)})
    return _warp_only_boxes(example, draw, affine, probability)


def _equalize_only_boxes(example: Example, draw: Draw, strength: float, probability: float) -> Example:
    return each_box(example, draw, probability, lambda part, _: enhance.equalize(part))


def _cut_out(example: Example, draw: Draw, strength: float) -> Example:
    side = int(strength * _CUT_OUT)
    return {**example, names.IMAGE: _with_hole(example[names.IMAGE], draw.uniform(shape=[2]), side, side)}


def _cut_out_only_boxes(example: Example, draw: Draw, strength: float, probability: float) -> Example:
    side = int(strength * _CUT_OUT_IN_BOX)
    return each_box(example, draw, probability, lambda part, numbers: _with_hole(part, numbers, side, side))


def _with_hole(image: Any, numbers: Any, rows: Any, columns: Any) -> Any:
    """The image, grey within so many rows and columns of a pixel that two `numbers` in [0, 1) choose."""
    size = tf.shape(image)[:2]
    centre = tf.cast(numbers * tf.cast(size, tf.float32), tf.int32)
    return _hole(image, centre, rows, columns)


def _hole(image: Any, centre: Any, rows: Any, columns: Any) -> Any:
    from_y = tf.range(tf.shape(image)[0])[:, tf.newaxis, tf.newaxis] - centre[0]
    from_x = tf.range(tf.shape(image)[1])[:, tf.newaxis] - centre[1]
    hole = (from_y >= -rows) & (from_y < rows) & (from_x >= -columns) & (from_x < columns)
    return tf.where(hole, tf.constant(_GREY, image.dtype), image)


def _cut_out_of_a_box(example: Example, draw: Draw, strength: float) -> Example:
    boxes = pixel_boxes(example)
    count = tf.shape(boxes)[0]
    which, numbers = draw.integer(0, count), draw.uniform(shape=[2])

    def cut(before: Example) -> Example:
        box = boxes[which]
        size = box[2:] - box[:2] + 1
        centre = box[:2] + tf.cast(numbers * tf.cast(size, tf.float32), tf.int32)
        rows, columns = tf.unstack(tf.cast(strength * _CUT_OUT_OF_BOX * tf.cast(size, tf.float32) / 2, tf.int32))
        return {**before, names.IMAGE: _hole(before[names.IMAGE], centre, rows, columns)}

    return sometimes(count > 0, cut, example)


_OPERATIONS: dict[str, Callable[..., Example]] = {
    "AutoContrast": _colours(lambda image, _: enhance.autocontrast(image)),
    "BBox_Cutout": _cut_out_of_a_box,
    "Brightness": _mixed(enhance.brightness),
    "Color": _mixed(enhance.color),
    "Contrast": _mixed(enhance.contrast),
    "Cutout": _cut_out,
    "Cutout_Only_BBoxes": _cut_out_only_boxes,
    "Equalize": _colours(lambda image, _: enhance.equalize(image)),
    "Equalize_Only_BBoxes": _equalize_only_boxes,
    "Posterize": _colours(lambda image, strength: enhance.posterize(image, int(strength * 4))),
    "Rotate_BBox": _rotate,
    "Sharpness": _mixed(enhance.sharpness),
    "ShearX_BBox": partial(_shear, axis="left"),
    "ShearX_Only_BBoxes": partial(_shear_only_boxes, axis="left"),
    "ShearY_BBox": partial(_shear, axis="up"),
    "ShearY_Only_BBoxes": partial(_shear_only_boxes, axis="up"),
    "Solarize": _colours(lambda image, strength: enhance.solarize(image, int(strength * 256))),
    "SolarizeAdd": _colours(lambda image, strength: enhance.solarize_add(image, int(strength * 110))),
    "TranslateX_BBox": partial(_shift, axis="left"),
    "TranslateY_BBox": partial(_shift, axis="up"),
    "TranslateY_Only_BBoxes": partial(_shift_only_boxes, axis="up"),
}
"""What the policies do with a probability above 0: Flip_Only_BBoxes, of the first search, is none of them."""
