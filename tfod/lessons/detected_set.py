"""Images with the objects that are on them and those that a detector found: what average precision is computed of."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfod.annotations.source import Sources
from tfod.errors import DataError
from tfod.inference.images import read_image
from tfod.lessons.candidates import drawn_detections
from tfod.lessons.found import Found, FoundObject
from tfod.lessons.subject import annotated_images, draw_subjects, usable_objects

__all__ = ["DetectedSet", "draw_detected_set", "read_detected_set"]

Numbers = NDArray[np.float64]


class DetectedSet(NamedTuple):
    """By the names of images: their objects, class and box `[4]`, yxyx in pixels; what was found; and their pixels."""

    objects: Mapping[str, Sequence[tuple[str, Numbers]]]
    found: Mapping[str, Sequence[FoundObject]]
    open_image: Callable[[str], NDArray[np.uint8]]

    def classes(self) -> Counter[str]:
        """How many objects there are of each class."""
        return Counter(name for objects in self.objects.values() for name, _ in objects)

    def truths_of(self, class_name: str) -> dict[str, Numbers]:
        """For each image the boxes of a class, `[G, 4]`."""
        return {
            image: np.array([box for name, box in objects if name == class_name], np.float64).reshape(-1, 4)
            for image, objects in self.objects.items()
        }

    def found_of(self, class_name: str) -> dict[str, list[tuple[float, Numbers]]]:
        """For each image the scores and boxes that were found of a class."""
        return {
            image: [(one.score, one.box) for one in objects if one.class_name == class_name]
            for image, objects in self.found.items()
        }


def read_detected_set(sources: Sources, found: Found) -> DetectedSet:
    """The annotated images that a detector was run on; tells on stderr how many it was not run on.

    Raises DataError where there are none.
    """
    objects, detected, missing, special = {}, {}, 0, 0
    for image in annotated_images(sources):
        detections = found.of(image.picture) if image.picture else None
        if image.picture is None or detections is None:
            missing += 1
            continue
        usable = usable_objects(image)
        special += sum(item.difficult or item.crowd for item, _ in usable)
        objects[image.picture] = [(item.class_name, box) for item, box in usable]
        detected[image.picture] = detections
    if not objects:
        cure = "run visualize_detections.py on these images"
        raise DataError("the detections are of none of the annotated images", found.path, cure)
    if missing:
        print(f"note: {missing} annotated images are not in {found.path}; they are left out", file=sys.stderr)
    if special:
        told = "they count like all others here, an evaluation does not count them"
        print(f"note: {special} objects are marked as difficult or as a crowd; {told}", file=sys.stderr)
    return DetectedSet(objects, detected, read_image)


def draw_detected_set(seed: int, count: int = 12) -> DetectedSet:
    """Some of the demo's scenes, and what a middling detector might have found on them."""
    rng = np.random.default_rng(seed)
    subjects = {subject.name: subject for subject in islice(draw_subjects(seed), count)}
    return DetectedSet(
        {name: [*zip(one.classes, one.boxes, strict=True)] for name, one in subjects.items()},
        {name: drawn_detections(one, rng) for name, one in subjects.items()},
        lambda name: subjects[name].image,
    )
