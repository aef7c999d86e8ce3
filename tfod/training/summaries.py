"""What a run tells TensorBoard, under the original's tags."""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orbit
import tensorflow as tf
from numpy.typing import NDArray

from tfod import names
from tfod.training.disk import writing
from tfod.training.watch import Batch

__all__ = ["MOST_IMAGES", "TrainingSummaries", "draw_batch", "first_replica"]

MOST_IMAGES = 3
_SHAPES = (names.GROUNDTRUTH_INSTANCE_MASKS, names.GROUNDTRUTH_KEYPOINTS, names.GROUNDTRUTH_KEYPOINT_VISIBILITIES)


class TrainingSummaries(orbit.utils.SummaryManagerInterface):
    """Writes the scalars and images of training to one folder, at every `every_n`-th step and at `last_step`.

    Args:
      folder: Where to; made by the first summary.
      step: int64 scalar variable.
      every_n: The steps between two summaries.
      last_step: The step at which the run ends.
      batch_size: Images a step, for `images_per_sec`.
      images: Gives input images with what is in them, uint8 `[N, h, w, 3]`; None for no images.
    """

    def __init__(
        self,
        folder: Path,
        step: tf.Variable,
        *,
        every_n: int,
        last_step: int,
        batch_size: int,
        images: Callable[[], NDArray[np.uint8]] | None,
    ) -> None:
        self._step = step
        self._every_n = every_n
        self._last_step = last_step
        self._batch_size = batch_size
        self._images = images
        self._folder = folder

    @functools.cached_property
    def _writer(self) -> tf.summary.SummaryWriter:
        # Not before it is needed: nothing is written for a run that turns out not to start.
        return tf.summary.create_file_writer(str(self._folder))

    def summary_writer(self, relative_path: str = "") -> tf.summary.SummaryWriter:
        """The one writer; orbit makes it the default one while training."""
        with writing(self._folder):
            return self._writer

    def flush(self) -> None:
        """Hands what was written to the operating system, where a kill cannot take it back."""
        with writing(self._folder):
            self._writer.flush()

    def write_summaries(self, summary_dict: Mapping[str, Any]) -> None:
        """Writes the values if a summary is due; orbit calls this after each of its inner loops.

        orbit's `steps_per_second` becomes the original's `steps_per_sec`.
        """
        step = int(self._step.numpy())
        if step % self._every_n and step != self._last_step:
            return
        scalars = dict(summary_dict)
        rate = scalars.pop("steps_per_second")
        scalars |= {"steps_per_sec": rate, "images_per_sec": rate * self._batch_size}
        with writing(self._folder), self._writer.as_default(step=step):
            for tag, value in scalars.items():
                tf.summary.scalar(tag, value)
            if self._images is not None:
                tf.summary.image("train_input_images", self._images(), max_outputs=MOST_IMAGES)


def draw_batch(
    batch: Batch,
    denormalize: Callable[[tf.Tensor], tf.Tensor],
    class_names: Mapping[int, str],
    keypoint_edges: Sequence[tuple[int, int]] = (),
) -> NDArray[np.uint8]:
    """The first three images of a batch as the network sees them, with their objects: uint8 `[3, h, w, 3]`.

    Args:
      batch: Of `tfod.input.dataset.training_dataset`; masks and keypoints are drawn if it has them.
      denormalize: Takes network inputs, float32 of any shape, to 0..255.
      class_names: By class id, which counts from 1.
      keypoint_edges: Pairs of numbers of keypoints, from 0, between which there is a line.
    """
    # Imported here: only a run that draws pays for the drawing library.
    from tfod.visualize.draw import draw_boxes
    from tfod.visualize.shapes import Skeletons

    first = [first_replica(batch.features[names.IMAGE]), *map(first_replica, _groundtruth(batch))]
    inputs, boxes, classes, counts = (tensor[:MOST_IMAGES] for tensor in first)
    images = np.clip(np.rint(denormalize(inputs).numpy()), 0, 255).astype(np.uint8)
    masks, points, visible = (_rows(batch, name) for name in _SHAPES)
    drawn = []
    for number, (image, box, one_hot, count) in enumerate(zip(images, boxes, classes, counts, strict=True)):
        ids = [int(index) + 1 for index in np.argmax(one_hot.numpy()[:count], axis=-1)]
        labels = [class_names.get(identity, str(identity)) for identity in ids]
        drawn.append(
            draw_boxes(
                image,
                box.numpy()[:count],
                labels,
                class_ids=ids,
                masks=None if masks is None else masks[number][:count],
                skeletons=None
                if points is None
                else Skeletons(points[number], None if visible is None else visible[number], keypoint_edges),
            )
        )
    return np.stack(drawn)


def first_replica(value: tf.Tensor) -> tf.Tensor:
    """The part of a batch's tensor `[B, ...]` that the first replica on this machine has; of any dtype."""
    return tf.distribute.get_strategy().experimental_local_results(value)[0]


def _rows(batch: Batch, name: str) -> NDArray[Any] | None:
    return first_replica(batch.labels[name])[:MOST_IMAGES].numpy() if name in batch.labels else None


def _groundtruth(batch: Batch) -> list[tf.Tensor]:
    keys = (names.GROUNDTRUTH_BOXES, names.GROUNDTRUTH_CLASSES, names.NUM_GROUNDTRUTH_BOXES)
    return [batch.labels[key] for key in keys]
