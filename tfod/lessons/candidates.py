"""Boxes to suppress: a detector's raw detections, or some drawn around objects."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfod import names
from tfod.lessons.found import FoundObject
from tfod.lessons.overlap import iou
from tfod.lessons.subject import Subject

__all__ = ["Candidates", "drawn_candidates", "drawn_detections", "raw_candidates"]


_MOST = 1000  # more than an animation can show


class Candidates(NamedTuple):
    """A boxes in descending order of score: float64 `[A, 4]`, yxyx in pixels, and `[A]`; `classes` are their names."""

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    classes: tuple[str, ...]

    def best(self, count: int, score_threshold: float) -> "Candidates":
        """At most so many, of those that score more."""
        rows = np.flatnonzero(self.scores > score_threshold)[:count]
        return Candidates(self.boxes[rows], self.scores[rows], tuple(self.classes[row] for row in rows))

    @property
    def class_numbers(self) -> NDArray[np.int64]:
        """A number for each class, `[A]`."""
        known = sorted(set(self.classes))
        return np.array([known.index(name) for name in self.classes], np.int64)


def drawn_candidates(subject: Subject, seed: int, around_each: int = 8) -> Candidates:
    """What a detector might say of an image: some boxes around each object, the better ones with better scores.

    Now and then the class is another that the image has, so that it matters whether classes suppress each other.
    """
    rng = np.random.default_rng(seed)
    height, width = subject.image.shape[:2]
    known = sorted(set(subject.classes))
    found = []
    for box, name in zip(subject.boxes, subject.classes, strict=True):
        size = np.tile(box[2:] - box[:2], 2)
        for _ in range(around_each):
            near = np.clip(box + rng.normal(0, rng.uniform(0.02, 0.2), 4) * size, 0, [height, width] * 2)
            if (near[2:] > near[:2]).all():
                score = float(np.clip(iou(box, near) ** 1.5 * rng.uniform(0.75, 1.05), 0.02, 0.99))
                confused = known[rng.integers(len(known))] if rng.random() < 0.15 else name
                found.append((score if confused == name else 0.7 * score, near, confused))
    found.sort(key=lambda one: -one[0])
    boxes = np.array([box for _, box, _ in found]).reshape(-1, 4)
    return Candidates(boxes, np.array([score for score, *_ in found]), tuple(name for *_, name in found))


def drawn_detections(subject: Subject, rng: np.random.Generator) -> list[FoundObject]:
    """What a middling detector might find: most objects, some of them twice, and some things that are none."""
    height, width = subject.image.shape[:2]
    found = []
    for box, name in zip(subject.boxes, subject.classes, strict=True):
        for chance, spread in ((0.85, 0.07), (0.25, 0.15)):
            near = box + rng.normal(0, spread, 4) * np.tile(box[2:] - box[:2], 2)
            if rng.random() < chance and (near[2:] > near[:2]).all():
                score = float(np.clip(0.25 + 0.7 * iou(box, near) + rng.normal(0, 0.12), 0.05, 0.99))
                found.append(FoundObject(name, score, np.clip(near, 0, [height, width] * 2)))
        if rng.random() < 0.25:  # something else that looks like it
            size = rng.uniform(0.15, 0.4) * min(height, width)
            corner = rng.uniform(0, 1, 2) * (np.array([height, width]) - size)
            found.append(FoundObject(name, float(rng.uniform(0.1, 0.7)), np.concatenate([corner, corner + size])))
    return found


def raw_candidates(
    outputs: Mapping[str, NDArray[np.float32]], height: int, width: int, class_names: Mapping[int, str]
) -> Candidates:
    """The best boxes of a detector for one image, before its suppression, each with each of its classes.

    Args:
      outputs: What an exported detector gives, float32 `[1, ...]`.
      height, width: Of the image, in pixels.
      class_names: By id, from 1.
    """
    scores = outputs[names.RAW_DETECTION_SCORES][0].astype(np.float64)
    boxes = _in_the_image(outputs) * np.array([height, width, height, width])
    scores = scores[:, _first_class(outputs) :]
    rows, columns = np.unravel_index(np.argsort(-scores, axis=None, kind="stable")[:_MOST], scores.shape)
    named = tuple(class_names.get(column + 1, f"class {column + 1}") for column in columns.tolist())
    return Candidates(boxes[rows], scores[rows, columns], named)


def _first_class(outputs: Mapping[str, NDArray[np.float32]]) -> int:
    """How many columns of the scores stand for background: that shows in those of the best detection."""
    class_id, score = int(outputs[names.DETECTION_CLASSES][0, 0]), outputs[names.DETECTION_SCORES][0, 0]
    own = outputs[names.DETECTION_MULTICLASS_SCORES][0, 0]
    return 0 if len(own) == class_id or np.isclose(own[class_id - 1], score) else 1


def _in_the_image(outputs: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float64]:
    """Raw boxes `[A, 4]`, relative to the image: they are relative to the network's input, which may be padded.

    How far it is shows in the detections, whose rows among the raw boxes are known.
    """
    boxes: NDArray[np.float64] = outputs[names.RAW_DETECTION_BOXES][0].astype(np.float64)
    count = int(outputs[names.NUM_DETECTIONS][0])
    rows = outputs[names.DETECTION_ANCHOR_INDICES][0, :count].astype(int)
    inside = (boxes[rows, :2] > 0).all(axis=1) & (outputs[names.DETECTION_BOXES][0, :count, 2:] < 1).all(axis=1)
    if not inside.any():
        return boxes
    scale = np.median(outputs[names.DETECTION_BOXES][0, :count, 2:][inside] / boxes[rows, 2:][inside], axis=0)
    return boxes * np.tile(scale, 2)
