"""Exported detectors beside the model that they were made of, on the same images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod.export.detector import pixels_of
from tfod.export.detector_parity import (
    HEADINGS,
    compare,
    detections_of,
    mean_average_precision,
    print_mask_parity,
)
from tfod.export.parity import Parity, print_parity, write_parity
from tfod.export.run import measured
from tfod.export.samples import Sample
from tfod.export.saved_model import INPUT_TYPES, Shape
from tfod.inference.detector import Detector
from tfod.inference.graph_function import ENCODERS
from tfod.inference.images import fitted
from tfod.models.detection_model import DetectionModel
from tfod.models.faster_rcnn.detector import FasterRCNN
from tfod.models.suppression import true_windows

__all__ = ["verify_detector"]


def verify_detector(
    model: DetectionModel,
    paths: Mapping[str, Path],
    samples: Sequence[Sample],
    class_names: Mapping[int, str],
    *,
    input_type: str = "image_tensor",
    input_shape: Shape | None = None,
) -> list[Parity]:
    """Runs a model and its exports, by format, on the samples; prints the table and writes it beside the exports.

    A SavedModel for images of one size is compared, and all others with it, on images of that size.
    """
    images = [_of_size(sample.image, input_shape) for sample in samples]
    windows = [_window(model, image) for image in images]
    detector = Detector.from_model(model)
    source = [detector.detect(image) for image in images]
    precision = mean_average_precision(samples, source, class_names)
    rows = []
    for kind, path in paths.items():
        run = measured(kind, path, (_input(kind, model, image, input_type, input_shape) for image in images))
        found = [detections_of(kind, *one) for one in zip(run.outputs, images, windows, strict=True)]
        other = None if precision is None else mean_average_precision(samples, found, class_names)
        both = None if precision is None or other is None else (precision, other)
        rows.append(compare(kind, run.cost, found, source, both, by_mean=isinstance(model, FasterRCNN)))
    print_parity(rows, len(images), HEADINGS)
    print_mask_parity(rows)
    folder = next(iter(paths.values())).parent
    write_parity(folder, rows, len(images))
    return rows


def _window(model: DetectionModel, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The part of the input that is no padding, `[4]`, yxyx, for an image, uint8 `[H, W, 3]`."""
    inputs, true_shapes = model.preprocess(tf.constant(image[np.newaxis]))
    return np.asarray(true_windows(true_shapes, *inputs.shape[1:3])[0])


def _of_size(image: NDArray[np.uint8], shape: Shape | None) -> NDArray[np.uint8]:
    if shape is None:
        return image
    return fitted(image, shape[1] or image.shape[0], shape[2] or image.shape[1])


def _input(
    kind: str, model: DetectionModel, image: NDArray[np.uint8], input_type: str, input_shape: Shape | None
) -> NDArray[Any]:
    """What a format takes for an image, uint8 `[H, W, 3]`."""
    if kind == "tflite_int8":
        return pixels_of(model, image)
    if kind.startswith("tflite"):
        return np.asarray(model.preprocess(tf.constant(image[np.newaxis]))[0])
    if kind == "onnx":
        return image[np.newaxis]
    spec, _ = INPUT_TYPES[input_type]
    if spec.dtype == tf.string:
        [encoded] = ENCODERS[input_type](tf.constant(image[np.newaxis])).numpy()
        return np.frombuffer(encoded, np.uint8)
    batch = (input_shape[0] if input_shape else None) or 1
    return np.repeat(image[np.newaxis], batch, axis=0).astype(spec.dtype.as_numpy_dtype)
