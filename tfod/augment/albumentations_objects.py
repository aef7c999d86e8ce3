"""Augmentation of detectors' images by a pipeline of Albumentations: what belongs to an object goes with it.

Letters: `H W` pixels, `N` objects, `K` keypoints an object.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod import names
from tfod.augment.albumentations_pipeline import AlbumentationsPipeline, read_pipeline
from tfod.augment.example import Example, keep_rows
from tfod.errors import ConfigError

__all__ = ["ObjectAlbumentations", "read_object_albumentations"]

_PROBE = 1024  # pixels of a side: room for any crop
_EPSILON = 1e-6


class ObjectAlbumentations:
    """Augments examples by a pipeline; a function of an example and a seed as `tfod.augment.steps.augmentation` makes.

    Within a graph it calls Python, which has a price (see `runs_python`). Keypoints that leave the image are NaN.

    Raises ConfigError where the pipeline cannot be used at all.
    """

    runs_python = True
    """See `tfod.augment.in_python`."""

    def __init__(self, pipeline: AlbumentationsPipeline) -> None:
        self._pipeline = pipeline.with_objects()
        self._failed: Exception | None = None
        with self.failures_told():
            image, box = np.zeros((_PROBE, _PROBE, 3), np.uint8), np.array([[0.25, 0.25, 0.75, 0.75]], np.float32)
            self._change(0, 0, image, box, np.zeros((1, _PROBE, _PROBE), np.uint8), np.zeros((1, 1, 2), np.float32))

    def __call__(self, example: Example, seed: Any) -> Example:
        """The example after the pipeline; its image becomes uint8."""
        masks, points = (example.get(n) for n in (names.GROUNDTRUTH_INSTANCE_MASKS, names.GROUNDTRUTH_KEYPOINTS))
        if points is not None and self._pipeline.mirrors:
            what = f"{self._pipeline.mirrors[0]} exchanges left and right, but not the keypoints that are called so"
            raise ConfigError(what, self._pipeline.where, "leave the step out where images have keypoints")
        boxes = example[names.GROUNDTRUTH_BOXES]
        none = tf.zeros([0, 0, 0])
        given = [none if one is None else one for one in (masks, points)]
        inputs = [*tf.unstack(tf.cast(seed, tf.int64)), tf.cast(example[names.IMAGE], tf.uint8), boxes, *given]
        types = [tf.uint8, tf.float32, tf.int64, given[0].dtype, tf.float32]
        image, boxes, rows, *others = tf.numpy_function(self._told, inputs, types)
        changed = keep_rows(example, tf.ensure_shape(rows, [None]))
        changed[names.IMAGE] = tf.ensure_shape(image, [None, None, 3])
        changed[names.GROUNDTRUTH_BOXES] = tf.ensure_shape(boxes, [None, 4])
        if masks is not None:
            changed[names.GROUNDTRUTH_INSTANCE_MASKS] = tf.ensure_shape(others[0], [None, None, None])
        if points is not None:
            changed[names.GROUNDTRUTH_KEYPOINTS] = tf.ensure_shape(others[1], [None, *points.shape[1:]])
        return changed

    @contextmanager
    def failures_told(self) -> Iterator[None]:
        """Within it an error of the pipeline is a ConfigError, though TensorFlow tells it otherwise."""
        try:
            yield
        except ConfigError:
            raise
        except Exception as error:
            reason = self._failed or error
            if isinstance(reason, ConfigError):
                raise reason from None
            if self._failed is None and isinstance(error, tf.errors.OpError):
                raise
            what = f"the pipeline fails: {' '.join(str(reason).split())[:300]}"
            cure = "correct the step; a crop must fit into every image: put a PadIfNeeded before it"
            raise ConfigError(what, self._pipeline.where, cure) from error

    def _told(self, *inputs: Any) -> Any:
        try:
            return self._change(*inputs)
        except Exception as error:
            self._failed = error
            raise

    def _change(
        self, run: int, number: int, image: NDArray[np.uint8], boxes: NDArray[np.float32], masks: Any, points: Any
    ) -> Any:
        seed = int(np.random.default_rng((int(run), int(number))).integers(1 << 31))
        boxes = np.clip(boxes, 0.0, 1.0)
        rows = np.flatnonzero((boxes[:, 2:] - boxes[:, :2] > _EPSILON).all(axis=1))
        others: dict[str, Any] = {"bboxes": boxes[rows][:, [1, 0, 3, 2]], "rows": rows}
        if masks.size:
            others["masks"] = np.ascontiguousarray(masks > 0.5 if masks.dtype.kind == "f" else masks, np.uint8)
        places = points[..., ::-1].reshape(-1, 2) * image.shape[1::-1]
        there = np.flatnonzero(np.isfinite(places).all(axis=1)) if points.size else np.zeros(0, np.int64)
        others |= {"keypoints": places[there], "numbers": there}
        changed = self._pipeline(seed, image, **others)
        kept = np.asarray(changed["rows"], np.int64).reshape(-1)
        size = changed["image"].shape[:2]
        after = np.asarray(changed["bboxes"], np.float32).reshape(-1, 4)[:, [1, 0, 3, 2]]
        moved = np.asarray(changed["masks"], masks.dtype)[kept] if masks.size else np.zeros((0, *size), masks.dtype)
        return (
            changed["image"],
            after,
            kept,
            moved,
            _moved_points(points, changed, size)[kept if points.size else kept[:0]],
        )


def read_object_albumentations(path: str) -> ObjectAlbumentations:
    """The pipeline in a YAML or JSON file, for images with objects; ConfigError where it cannot be used."""
    return ObjectAlbumentations(read_pipeline(path))


def _moved_points(points: NDArray[np.float32], changed: dict[str, Any], size: Any) -> NDArray[np.float32]:
    moved = np.full((points.size // 2, 2), np.nan, np.float32)
    numbers = np.asarray(changed["numbers"], np.int64).reshape(-1)
    places = np.asarray(changed["keypoints"], np.float32).reshape(-1, 2)[:, ::-1] / np.asarray(size, np.float32)
    inside = ((places >= 0) & (places <= 1)).all(axis=1)
    moved[numbers[inside]] = places[inside]
    return moved.reshape(points.shape)
