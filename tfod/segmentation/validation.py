"""Evaluation while a run trains: the averaged weights on all validation pairs, shown in TensorBoard."""

import functools
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from tfod.segmentation.classes import ClassTable
from tfod.segmentation.draw import overlaid, side_by_side
from tfod.segmentation.evaluate import EvaluationResult, evaluate_pairs
from tfod.segmentation.predictor import predictor_of
from tfod.segmentation.sources import PairSource
from tfod.segmentation.unet import UNet
from tfod.training.averages import averaged_weights
from tfod.training.disk import writing

__all__ = ["MEAN_IOU", "Validation", "columns"]

MEAN_IOU = "mean_iou"
_IMAGES = 4


class Validation:
    """Evaluates as often as asked; the graph is built once.

    Args:
      model: Its weights are replaced by their averages meanwhile.
      optimizer: Keeps the averages; one without them changes nothing.
      folder: Where scalars and images for TensorBoard go.
    """

    def __init__(
        self,
        model: UNet,
        optimizer: keras.optimizers.legacy.Optimizer,
        source: PairSource,
        classes: ClassTable,
        folder: Path,
    ) -> None:
        self._model = model
        self._optimizer = optimizer
        self._source = source
        self._classes = classes
        self._folder = folder
        self._predictor = predictor_of(model)
        count = min(_IMAGES, len(source))
        self._drawn = {round(place) for place in np.linspace(0, len(source) - 1, count)}

    def evaluate(self, step: int) -> EvaluationResult:
        """One pass over all pairs, at original resolution."""
        drawn: list[NDArray[np.uint8]] = []

        def draw(number: int, predicted: NDArray[np.uint8]) -> None:
            if number in self._drawn:
                image, truth = self._source.read(number)
                overlays = [overlaid(image, classes, self._classes) for classes in (truth, predicted)]
                drawn.append(side_by_side([image, *overlays]))

        with averaged_weights(self._optimizer, self._model.variables):
            result = evaluate_pairs(self._predictor.probabilities, self._source, len(self._classes.names), seen=draw)
        self._write(result, drawn, step)
        return result

    @functools.cached_property
    def _writer(self) -> tf.summary.SummaryWriter:
        return tf.summary.create_file_writer(str(self._folder))

    def _write(self, result: EvaluationResult, drawn: list[NDArray[np.uint8]], step: int) -> None:
        with writing(self._folder), self._writer.as_default(step=step):
            for tag, value in columns(result, self._classes).items():
                tf.summary.scalar(tag, value)
            for number, image in enumerate(drawn):
                tf.summary.image(f"picture, truth, prediction/{number}", image[np.newaxis])
            self._writer.flush()


def columns(result: EvaluationResult, classes: ClassTable) -> dict[str, float]:
    """The numbers of an evaluation by their tags in TensorBoard, which are the columns of log.csv.

    A class that is nowhere has none.
    """
    scores = result.scores
    per_class = {f"IoU/{name}": float(iou) for name, iou in zip(classes.names, scores.iou, strict=True)}
    return {
        MEAN_IOU: scores.mean_iou,
        "mean_dice": scores.mean_dice,
        "pixel_accuracy": scores.pixel_accuracy,
        "Loss/crossentropy": result.crossentropy,
        **{tag: value for tag, value in per_class.items() if not np.isnan(value)},
    }
