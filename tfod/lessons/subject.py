"""What a lesson is shown on: an image with its objects, read or drawn."""

import io
import os
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.masks import bitmap
from tfod.annotations.sample_scenes import Scene, draw_scene
from tfod.annotations.source import Sources
from tfod.doctor.rules.boxes import upright
from tfod.errors import DataError
from tfod.inference.images import read_image

__all__ = [
    "Subject", "annotated_images", "draw_subject", "draw_subjects", "read_annotated", "read_subject", "usable_objects",
]  # fmt: skip

_ENLARGED = 3  # drawn scenes are small: the demo trains on them


class Subject(NamedTuple):
    """An image, uint8 `[H, W, 3]` RGB, and what is known to be on it: N objects.

    `boxes` are float64 `[N, 4]`, yxyx in pixels. `masks` are bool `[N, H, W]`, `[0, H, W]` where no object has one.
    """

    name: str
    image: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    classes: tuple[str, ...]
    masks: NDArray[np.bool_]


def draw_subject(seed: int, least_objects: int = 4) -> Subject:
    """One of the demo's scenes, three times as large: one that is wide, with some objects."""
    return next(
        subject
        for subject in draw_subjects(seed)
        if len(subject.boxes) >= least_objects and subject.image.shape[1] > subject.image.shape[0]
    )


def draw_subjects(seed: int) -> Iterator[Subject]:
    """The demo's scenes without end, others for another seed."""
    number = 0
    while True:
        yield _enlarged(f"scene {number}", draw_scene(np.random.default_rng((seed, number))))
        number += 1


def read_subject(path: str | None, sources: Sources | None) -> Subject:
    """The image at `path` with the objects that annotations have for it; without a path, the first that has objects.

    Raises DataError where the image or its annotation is not there.
    """
    if sources is None:
        if path is None:
            raise ValueError("neither an image nor annotations")
        image = read_image(path)
        nothing = np.zeros((0, *image.shape[:2]), bool)
        return Subject(Path(path).name, image, np.zeros((0, 4)), (), nothing)
    if path is not None and not os.path.isfile(path):
        raise DataError("there is no such image", path, "check the path")
    for found in annotated_images(sources):
        if _is_same(found, path) if path else found.objects and (found.picture or found.encoded):
            return read_annotated(found)
    what = "the annotations have nothing for this image" if path else "the annotations have no image with objects"
    raise DataError(what, f"{sources.name}" + (f" ({path})" if path else ""), "name annotations of the image")


def annotated_images(sources: Sources) -> Iterator[AnnotatedImage]:
    """The images whose annotations can be read."""
    return (image for _, image in sources if isinstance(image, AnnotatedImage))


def _is_same(found: AnnotatedImage, path: str) -> bool:
    if found.picture is None:  # it is inside a record
        return found.filename == os.path.basename(path)
    return os.path.realpath(found.picture) == os.path.realpath(path)


def read_annotated(found: AnnotatedImage) -> Subject:
    """An annotated image with its pixels; raises DataError where they cannot be read."""
    if found.encoded is not None:
        image = read_image(io.BytesIO(found.encoded), found.filename)
    else:
        image = read_image(found.picture or found.filename)
    height, width = image.shape[:2]
    objects = usable_objects(found)
    masked = objects if any(item.mask for item, _ in objects) else []
    return Subject(
        found.filename,
        image,
        np.asarray([box for _, box in objects]).reshape(-1, 4),
        tuple(item.class_name for item, _ in objects),
        np.array([_mask(item, height, width) for item, _ in masked], bool).reshape(-1, height, width),
    )


def usable_objects(found: AnnotatedImage) -> list[tuple[AnnotatedObject, NDArray[np.float64]]]:
    """The objects whose boxes have an area, each with its box `[4]`, yxyx in pixels, the smaller edges first."""
    objects = []
    for item in found.objects:
        xmin, ymin, xmax, ymax = upright((item.xmin, item.ymin, item.xmax, item.ymax))
        if isfinite(xmin + ymin + xmax + ymax) and xmin < xmax and ymin < ymax:
            objects.append((item, np.array([ymin, xmin, ymax, xmax], np.float64)))
    return objects


def _mask(item: AnnotatedObject, height: int, width: int) -> NDArray[np.bool_]:
    return np.zeros((height, width), bool) if item.mask is None else bitmap(item.mask, height, width)


def _enlarged(name: str, scene: Scene) -> Subject:
    size = scene.image.shape[1] * _ENLARGED, scene.image.shape[0] * _ENLARGED
    image = np.asarray(cv2.resize(scene.image, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    boxes = [(box[1], box[0], box[3], box[2]) for box in (item.box for item in scene.objects)]
    masks = [cv2.resize(item.visible.astype(np.float32), size, interpolation=cv2.INTER_CUBIC) for item in scene.objects]
    return Subject(
        name,
        image,
        np.asarray(boxes, np.float64).reshape(-1, 4) * _ENLARGED,
        tuple(item.class_name for item in scene.objects),
        (np.asarray(masks) > 0.5).reshape(-1, *image.shape[:2]),
    )
