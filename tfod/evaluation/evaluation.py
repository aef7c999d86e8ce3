"""An evaluation that is made again and again: while a run trains, beside it, or once by a command."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import tensorflow as tf

from tfod.evaluation.evaluate import EvaluationResult
from tfod.evaluation.report import print_table, write_summaries
from tfod.training.disk import writing

__all__ = ["Evaluation"]


class Evaluation:
    """Evaluates, and tells people and TensorBoard.

    Args:
      evaluate: One pass of a model over a data set, with whatever weights the model has when it is called.
      categories: Class id (1-based, as in the label map) to name.
      folder: Where scalars and images for TensorBoard go; None for nowhere.
      per_class: Whether the scalars have all numbers of each class.
    """

    def __init__(
        self,
        evaluate: Callable[[], EvaluationResult],
        categories: Mapping[int, str],
        *,
        folder: Path | None = None,
        per_class: bool = False,
    ) -> None:
        self._evaluate = evaluate
        self._categories = categories
        self._folder = folder
        self._per_class = per_class

    def run(self, step: int | None = None) -> EvaluationResult:
        """Evaluates the weights of a step (None: it is unknown), prints a table of all classes, writes summaries."""
        result = self._evaluate()
        if self._folder is not None:
            with writing(self._folder):
                write_summaries(self._writer, result, step or 0, per_class=self._per_class)
        print_table(result, self._categories)
        if not any(result.num_groundtruth.values()):
            print(
                f"none of the {result.images} images has an object of a class of the label map: there is nothing to "
                "judge by, and -1 stands for numbers that are not known"
            )
        return result

    @functools.cached_property
    def _writer(self) -> tf.summary.SummaryWriter:
        # Not before it is needed: nothing is written for an evaluation that fails.
        return tf.summary.create_file_writer(str(self._folder))
