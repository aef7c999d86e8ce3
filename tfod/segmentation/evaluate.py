"""A whole data set judged at original resolution, from one confusion matrix."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError
from tfod.progress import Progress
from tfod.segmentation.classes import VOID
from tfod.segmentation.metrics import BoundaryCounts, Scores, confusion_matrix, scores_of
from tfod.segmentation.sources import PairSource

__all__ = ["EvaluationResult", "PictureScore", "evaluate_pairs"]

# Small pictures go several at a time.
_PIXELS_AT_A_TIME = 1 << 18


@dataclass(frozen=True)
class PictureScore:
    """How one picture came out; `mean_iou` is over the classes in it or predicted, NaN where all of it is void."""

    number: int
    name: str
    mean_iou: float
    pixel_accuracy: float


@dataclass(frozen=True)
class EvaluationResult:
    """What an evaluation found.

    Attributes:
      matrix: Confusion matrix of all pixels, int64 `[C, C]`, true classes in rows.
      scores: What it says.
      boundary_f1: Of each class, `[C]`; None if not asked for.
      crossentropy: Mean of -log p of the true class over all pixels.
      pictures: In the order of the data set.
      seconds: Time of all of it.
    """

    matrix: NDArray[np.int64]
    scores: Scores
    boundary_f1: NDArray[np.float64] | None
    crossentropy: float
    pictures: list[PictureScore]
    seconds: float

    def worst(self, count: int) -> list[PictureScore]:
        """The pictures with the lowest mean IoU, the lowest first."""
        judged = [picture for picture in self.pictures if not math.isnan(picture.mean_iou)]
        return sorted(judged, key=lambda picture: picture.mean_iou)[:count]


def evaluate_pairs(
    probabilities: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    source: PairSource,
    num_classes: int,
    *,
    boundary: bool = False,
    seen: Callable[[int, NDArray[np.uint8]], None] | None = None,
    description: str = "evaluating",
) -> EvaluationResult:
    """Judges predictions on every pair of a source.

    Args:
      probabilities: From pictures uint8 `[B, H, W, 3]` to float32 `[B, H, W, C]`.
      source: Pictures and masks.
      boundary: Whether to compute boundary F1 too, which takes a while.
      seen: Called with each pair's number and its predicted classes, uint8 `[H, W]`.

    Raises DataError where no pixel can be judged.
    """
    began = time.perf_counter()
    matrix = np.zeros((num_classes, num_classes), np.int64)
    boundaries = BoundaryCounts(num_classes) if boundary else None
    losses, pictures = 0.0, []
    with Progress(description, total=len(source), unit="picture") as progress:
        for numbers, images, truths in _batches(source):
            predicted = probabilities(np.stack(images))
            for number, truth, one in zip(numbers, truths, predicted, strict=True):
                classes = np.argmax(one, axis=-1).astype(np.uint8)
                own = confusion_matrix(truth, classes, num_classes)
                matrix += own
                losses += _crossentropy(truth, one)
                scores = scores_of(own)
                pictures.append(PictureScore(number, source.names[number], scores.mean_iou, scores.pixel_accuracy))
                if boundaries is not None:
                    boundaries.add(truth, classes)
                if seen is not None:
                    seen(number, classes)
                progress.advance()
    if not matrix.sum():
        raise DataError("every pixel of every mask is void", "the data to evaluate on", "check the masks")
    return EvaluationResult(
        matrix=matrix,
        scores=scores_of(matrix),
        boundary_f1=boundaries.f1() if boundaries is not None else None,
        crossentropy=losses / int(matrix.sum()),
        pictures=pictures,
        seconds=time.perf_counter() - began,
    )


def _batches(source: PairSource) -> Iterator[tuple[list[int], list[Any], list[Any]]]:
    """Numbers, pictures and masks of neighbours of one size, as many as are not too much at a time."""
    numbers: list[int] = []
    images: list[Any] = []
    masks: list[Any] = []
    for number in range(len(source)):
        image, mask = source.read(number)
        if images and (image.shape != images[0].shape or (len(images) + 1) * mask.size > _PIXELS_AT_A_TIME):
            yield numbers, images, masks
            numbers, images, masks = [], [], []
        numbers.append(number)
        images.append(image)
        masks.append(mask)
    if images:
        yield numbers, images, masks


def _crossentropy(truth: NDArray[np.uint8], probabilities: NDArray[np.float32]) -> float:
    counts = truth != VOID
    of_truth = np.take_along_axis(probabilities[counts], truth[counts][:, np.newaxis].astype(np.intp), axis=-1)
    return float(-np.log(np.maximum(of_truth, np.finfo(np.float32).tiny)).sum(dtype=np.float64))
