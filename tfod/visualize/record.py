"""A tf.Example drawn: its picture as training gets it, with its boxes, masks and keypoints, or its class mask."""

import io
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tfod import names
from tfod.errors import DataError
from tfod.records.example import Value
from tfod.visualize.colours import class_colour
from tfod.visualize.draw import draw_boxes, enlarge_small
from tfod.visualize.shapes import Skeletons

__all__ = ["ExampleObject", "draw_example", "example_objects"]

_VOID = 255
_OPACITY = 0.5


class ExampleObject(NamedTuple):
    """An object of an example: what it is called, its id (0 where it has none), and its box, xmin to ymax, 0 to 1."""

    name: str
    class_id: int
    box: tuple[float, float, float, float]
    difficult: bool
    truncated: bool
    keypoints: tuple[tuple[float, float, int], ...] = ()  # x, y, 0 to 1, and the visibility: 0, 1 or 2


def example_objects(
    features: Mapping[str, Value], class_names: Mapping[int, str], most: int | None = None
) -> list[ExampleObject]:
    """The objects, as many as have all four sides, at most so many. `class_names` is id -> name, for records without
    texts."""
    boxes = zip(
        *(_numbers(features, f"image/object/bbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")), strict=False
    )
    labels = _numbers(features, names.OBJECT_CLASS_LABEL)
    texts = [value for value in features.get(names.OBJECT_CLASS_TEXT, ()) if isinstance(value, bytes)]
    difficult, truncated = (_numbers(features, name) for name in (names.OBJECT_DIFFICULT, names.OBJECT_TRUNCATED))
    keypoints = _keypoints(features, len(features.get(names.OBJECT_XMIN, ())))
    objects = []
    for index, (xmin, ymin, xmax, ymax) in enumerate(islice(boxes, most)):
        label = int(_at(labels, index, 0))
        name = class_names.get(label, str(label)) if index >= len(texts) else texts[index].decode(errors="replace")
        flags = bool(_at(difficult, index, 0)), bool(_at(truncated, index, 0))
        objects.append(ExampleObject(name, label, (xmin, ymin, xmax, ymax), *flags, keypoints[index]))
    return objects


def draw_example(
    features: Mapping[str, Value],
    objects: Sequence[ExampleObject],
    where: str,
    keypoint_edges: Sequence[tuple[int, int]] = (),
) -> NDArray[np.uint8]:
    """The image, uint8 [H, W, 3], with boxes, masks and keypoints, and tinted by its class mask; a thumbnail comes
    back enlarged.

    `keypoint_edges` are pairs of numbers of keypoints, from 0, between which there is a line. Pixels are as stored:
    EXIF turns nothing, as in training. Raises DataError for what cannot be decoded.
    """
    picture = _decoded(features, names.IMAGE_ENCODED, "RGB", where)
    if names.CLASS_MASK_ENCODED in features:
        picture = _tinted(picture, _decoded(features, names.CLASS_MASK_ENCODED, None, where), where)
    boxes = np.asarray([item.box for item in objects], np.float64).reshape(-1, 4)[:, [1, 0, 3, 2]]
    return draw_boxes(
        enlarge_small(picture),
        boxes,
        [item.name for item in objects],
        class_ids=[item.class_id for item in objects],
        masks=_masks(features, len(objects), (picture.shape[0], picture.shape[1]), where),
        skeletons=_skeletons(objects, keypoint_edges),
    )


def _masks(features: Mapping[str, Value], shown: int, size: tuple[int, int], where: str) -> NDArray[np.uint8] | None:
    """The masks of the first objects, uint8 [N, H, W]."""
    stored = features.get(names.OBJECT_MASK) or []
    if not stored or not shown:
        return None
    if isinstance(stored[0], bytes):
        decoded = [_decoded({names.OBJECT_MASK: [data]}, names.OBJECT_MASK, "L", where) for data in stored[:shown]]
        decoded += [np.zeros(size, np.uint8)] * (shown - len(decoded))
    else:
        numbers = np.asarray(_numbers(features, names.OBJECT_MASK)[: shown * size[0] * size[1]])
        whole = numbers.size % (size[0] * size[1]) == 0
        decoded = [*(numbers.reshape(-1, *size) > 0).astype(np.uint8)] if whole else []
    if len(decoded) != shown or any(mask.shape != size for mask in decoded):
        raise DataError("the masks are not of the picture's size", where, "convert the data again")
    return np.stack(decoded)


def _skeletons(objects: Sequence[ExampleObject], edges: Sequence[tuple[int, int]]) -> Skeletons | None:
    most = max((len(item.keypoints) for item in objects), default=0)
    if not most:
        return None
    points = np.full((len(objects), most, 2), np.nan)
    visible = np.zeros((len(objects), most), bool)
    for number, item in enumerate(objects):
        for place, (x, y, seen) in enumerate(item.keypoints):
            if seen:
                points[number, place], visible[number, place] = (y, x), seen > 1
    return Skeletons(points, visible, edges)


def _keypoints(features: Mapping[str, Value], count: int) -> list[tuple[tuple[float, float, int], ...]]:
    """The keypoints of each of `count` objects, as ExampleObject has them; those of unknown visibility are seen."""
    xs, ys = (_numbers(features, name) for name in (names.OBJECT_KEYPOINT_X, names.OBJECT_KEYPOINT_Y))
    each = len(xs) // max(count, 1)
    seen = map(int, _numbers(features, names.OBJECT_KEYPOINT_VISIBILITY) or [2] * len(xs))
    points = list(zip(xs, ys, seen, strict=False))
    return [tuple(points[index * each : (index + 1) * each]) for index in range(count)]


def _decoded(features: Mapping[str, Value], key: str, mode: str | None, where: str) -> NDArray[np.uint8]:
    data = next(iter(features.get(key, ())), None)
    try:
        if not isinstance(data, bytes):
            raise ValueError("the record has no such bytes")
        with Image.open(io.BytesIO(data)) as opened:
            return np.asarray(opened.convert(mode) if mode else opened, np.uint8)
    except (OSError, ValueError, SyntaxError, TypeError, Image.DecompressionBombError) as error:
        cure = "tools/verify_records.py tells of all such records"
        raise DataError(f"{key} cannot be decoded: {error}", where, cure) from error


def _tinted(picture: NDArray[np.uint8], classes: NDArray[np.uint8], where: str) -> NDArray[np.uint8]:
    """Each class in its colour, the first one (background, as a rule) and void as they are."""
    if classes.shape != picture.shape[:2]:
        what = f"the mask's shape is {classes.shape}, the picture's {picture.shape[:2]}"
        raise DataError(what, where, "convert the data again")
    palette = np.asarray([class_colour(number) for number in range(256)], np.float64)
    shown = ((classes > 0) & (classes != _VOID))[..., np.newaxis]
    tinted: Any = np.where(shown, (1 - _OPACITY) * picture + _OPACITY * palette[classes], picture)
    return np.asarray(tinted, np.uint8)


def _numbers(features: Mapping[str, Value], key: str) -> list[float]:
    return [value for value in features.get(key, ()) if not isinstance(value, bytes)]


def _at(values: Sequence[float], index: int, otherwise: float) -> float:
    return values[index] if index < len(values) else otherwise
