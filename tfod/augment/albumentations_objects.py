"""Augmentation of detectors' images by a pipeline of Albumentations: what belongs to an object goes with it.

Letters: `H W` pixels, `N` objects, `K` keypoints an object.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod import names
from tfod.augment.albumentations_pipeline import AlbumentationsPipeline, read_pipeline
from tfod.augment.example import Example, keep_rows
from tfod.augment.flip import checked_permutation, permuted
from tfod.errors import ConfigError

__all__ = ["ObjectAlbumentations", "read_object_albumentations"]

_PROBE = 1024  # pixels of a side: room for any crop
_EPSILON = 1e-6


class ObjectAlbumentations:
    """Augments examples by a pipeline; a function of an example and a seed as `tfod.augment.steps.augmentation` makes.

    Within a graph it calls Python, which has a price (see `runs_python`). Keypoints that leave the image are NaN; where
    the image is mirrored they take each other's places by `flip_permutation`, without which this is refused.

    Raises ConfigError where the pipeline cannot be used at all.
    """

    runs_python = True
    """See `tfod.augment.in_python`."""

    def __init__(self, pipeline: AlbumentationsPipeline, flip_permutation: Sequence[int] = ()) -> None:
        self._pipeline = pipeline.with_objects()
        self._permutation = list(flip_permutation)
        self._failed: Exception | None = None
        with self.failures_told():
            image, box = np.zeros((_PROBE, _PROBE, 3), np.uint8), np.array([[0.25, 0.25, 0.75, 0.75]], np.float32)
            self._change(0, 0, image, box, np.zeros((1, _PROBE, _PROBE), np.uint8), np.zeros((1, 1, 2), np.float32))

    def __call__(self, example: Example, seed: Any) -> Example:
        """The example after the pipeline; its image becomes uint8."""
        masks, points = (example.get(n) for n in (names.GROUNDTRUTH_INSTANCE_MASKS, names.GROUNDTRUTH_KEYPOINTS))
        if points is not None:
            self._require_permutation(example)
        boxes = example[names.GROUNDTRUTH_BOXES]
        none = tf.zeros([0, 0, 0])
        given = [none if one is None else one for one in (masks, points)]
        inputs = [*tf.unstack(tf.cast(seed, tf.int64)), tf.cast(example[names.IMAGE], tf.uint8), boxes, *given]
        types = [tf.uint8, tf.float32, tf.int64, given[0].dtype, tf.float32, tf.bool]
        image, boxes, rows, *others, mirrored = tf.numpy_function(self._told, inputs, types)
        changed = keep_rows(example, tf.ensure_shape(rows, [None]))
        changed[names.IMAGE] = tf.ensure_shape(image, [None, None, 3])
        changed[names.GROUNDTRUTH_BOXES] = tf.ensure_shape(boxes, [None, 4])
        if masks is not None:
            changed[names.GROUNDTRUTH_INSTANCE_MASKS] = tf.ensure_shape(others[0], [None, None, None])
        if points is not None:
            changed[names.GROUNDTRUTH_KEYPOINTS] = tf.ensure_shape(others[1], [None, *points.shape[1:]])
            if self._permutation:
                stay = tf.range(len(self._permutation))
                changed = permuted(changed, tf.where(tf.ensure_shape(mirrored, []), self._permutation, stay))
        return changed

    def _require_permutation(self, example: Example) -> None:
        if self._pipeline.mirrors and not self._permutation:
            what = f"{self._pipeline.mirrors[0]} exchanges left and right, but not the keypoints that are called so"
            cure = "say it in the config: --set 'train_config.data_augmentation_options={ random_horizontal_flip { "
            raise ConfigError(
                what, self._pipeline.where, cure + "keypoint_flip_permutation: [...] } }'; or leave it out"
            )
        checked_permutation("random_horizontal_flip", "keypoint_flip_permutation", self._permutation, example)

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
        corner = _corner(image.shape[:2])
        others["keypoints"] = np.concatenate([places[there], corner])
        others["numbers"] = np.concatenate([there, np.arange(len(corner)) + len(places)])
        changed = self._pipeline(seed, image, **others)
        kept = np.asarray(changed["rows"], np.int64).reshape(-1)
        size = changed["image"].shape[:2]
        after = np.asarray(changed["bboxes"], np.float32).reshape(-1, 4)[:, [1, 0, 3, 2]]
        moved = np.asarray(changed["masks"], masks.dtype)[kept] if masks.size else np.zeros((0, *size), masks.dtype)
        new_places = np.full((len(places) + len(corner), 2), np.nan, np.float32)
        new_places[np.asarray(changed["numbers"], np.int64)] = np.asarray(changed["keypoints"])[:, :2]
        new_points = _relative(new_places[: len(places)], size).reshape(points.shape)[kept if points.size else kept[:0]]
        return changed["image"], after, kept, moved, new_points, _mirrored(new_places[len(places) :])


def read_object_albumentations(path: str, flip_permutation: Sequence[int] = ()) -> ObjectAlbumentations:
    """The pipeline in a YAML or JSON file, for images with objects; ConfigError where it cannot be used."""
    return ObjectAlbumentations(read_pipeline(path), flip_permutation)


def _relative(places: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    """Points xy in pixels as yx relative to the image; NaN for those outside."""
    points = places[:, ::-1] / np.asarray(size, np.float32)
    return np.where(((points >= 0) & (points <= 1)).all(axis=1, keepdims=True), points, np.nan).astype(np.float32)


def _corner(size: tuple[int, ...]) -> NDArray[np.float32]:
    """The middle of the image, a place to the right of it and one below, xy: they tell later if it was mirrored."""
    middle, aside, below = (0.5, 0.5), (0.75, 0.5), (0.5, 0.75)
    return np.array([middle, aside, below], np.float32) * np.asarray(size[::-1], np.float32)


def _mirrored(corner: NDArray[np.float32]) -> np.bool_:
    (right_x, right_y), (down_x, down_y) = corner[1] - corner[0], corner[2] - corner[0]
    return np.bool_(right_x * down_y - right_y * down_x < 0)
