"""Writing a detector in one format: a SavedModel, TFLite with TFLite's own post-processing, ONNX."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod import names
from tfod.errors import ConfigError
from tfod.export.converters import onnx_model, tflite_model
from tfod.export.fold import folded
from tfod.export.formats import file_of, precision_of
from tfod.export.onnx_detector import onnx_detector
from tfod.export.saved_model import Shape, captured_by, save_module, write_saved_model
from tfod.export.tflite_detector import OPERATION, OUTPUTS, Suppression, require_fixed_size, tflite_detector
from tfod.export.tflite_file import WITH_MASKS, in_order, with_metadata
from tfod.export.tflite_metadata import LABELS, ImageInput, detector_metadata, label_file
from tfod.export.tflite_two_stage import two_stage_tflite
from tfod.files import write_bytes
from tfod.inference.backends.onnx import CLASS_NAMES, names_as_text
from tfod.inference.preparation import PREPARATION, Preparation
from tfod.models.detection_model import DetectionModel
from tfod.models.faster_rcnn.detector import FasterRCNN
from tfod.models.preprocess import Preprocess
from tfod.models.resizer import ImageResizer

__all__ = ["pixels_of", "preparation_of", "write_detector", "write_tflite_graph"]


def write_detector(
    model: DetectionModel,
    kind: str,
    folder: Path,
    *,
    input_type: str = "image_tensor",
    input_shape: Shape | None = None,
    class_names: Mapping[int, str],
    calibration: Sequence[NDArray[np.uint8]] = (),
) -> Path:
    """Writes a model with its present weights.

    Args:
      kind: One of `tfod.export.formats.FORMATS`.
      input_type, input_shape: Of the SavedModel, see `serving_module`.
      class_names: Class id to name, which TFLite and ONNX files hold.
      calibration: Images, uint8 `[H, W, 3]`, to find the ranges for int8 by.

    Returns:
      The file or folder.

    Raises:
      ConfigError: The model cannot be written in that format.
    """
    path = folder / file_of(kind)
    if kind == "saved_model":
        write_saved_model(model, path, input_type, input_shape)
        return path
    # Tracing and converting have to happen with the weights folded.
    with folded(model):
        if kind == "onnx":
            function, spec = onnx_detector(model)
            write_bytes(path, onnx_model(function, [spec], {CLASS_NAMES: names_as_text(class_names)}))
        else:
            write_bytes(path, _tflite(model, precision_of(kind), class_names, calibration))
    return path


def write_tflite_graph(model: DetectionModel, path: Path, suppression: Suppression) -> None:
    """Writes a SavedModel of which TFLite's converter makes a detector; elsewhere its outputs are zeros."""
    detect: Any = tflite_detector(model, suppression)

    # In this order, backwards, the original names its outputs: output_0 is the number of detections.
    @tf.function(autograph=False, input_signature=detect.input_signature)
    def backwards(images: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(detect(images)[name] for name in reversed(OUTPUTS))

    module = tf.Module()
    with folded(model):
        function = backwards.get_concrete_function()
        module.variables_needed = captured_by(function, model.variables)
        save_module(module, path, function)


def pixels_of(model: DetectionModel, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image, uint8 `[H, W, 3]`, as int8 models take it: uint8 `[1, h, w, 3]`, resized and padded, not normalised."""
    inputs, _ = model.preprocess(tf.constant(image[np.newaxis]))
    pixels = model.preprocess.pixels.denormalize(inputs).numpy()
    return np.rint(np.clip(pixels, 0.0, 255.0)).astype(np.uint8)


def _tflite(
    model: DetectionModel, precision: str, class_names: Mapping[int, str], calibration: Sequence[NDArray[np.uint8]]
) -> bytes:
    takes_pixels = precision == "int8"
    preparation = preparation_of(model.preprocess, takes_pixels=takes_pixels)
    if isinstance(model, FasterRCNN):
        function: Any = _two_stage(model, precision, preparation)
        custom_op = ""
    else:
        function, custom_op = tflite_detector(model, takes_pixels=takes_pixels), OPERATION

    def examples() -> Iterator[list[NDArray[np.float32]]]:
        for image in calibration:
            pixels = pixels_of(model, image).astype(np.float32)
            # The darkest and the brightest pixel make a step of the input exactly a grey level.
            pixels[0, 0, 0], pixels[0, -1, -1] = 0.0, 255.0
            yield [pixels]

    concrete = function.get_concrete_function()
    outputs = [name for name in WITH_MASKS if name in concrete.structured_outputs]
    content = tflite_model(concrete, model, precision, examples if calibration else None, custom_op=custom_op)
    files = {LABELS: label_file(class_names), PREPARATION: preparation.to_json()}
    metadata = detector_metadata(_image_input(model, preparation), masks=names.DETECTION_MASKS in outputs)
    return with_metadata(in_order(content, outputs), metadata, files)


def _two_stage(model: FasterRCNN, precision: str, preparation: Preparation) -> Any:
    if precision == "int8":
        what = "the places of proposals, by which features are cropped, are too coarse in eight bits"
        raise ConfigError(what, "--formats tflite_int8", "use tflite_float16, which is half as large")
    return two_stage_tflite(model, preparation)


def preparation_of(preprocess: Preprocess, *, takes_pixels: bool = False) -> Preparation:
    """How images become the input of a TFLite model: normalised, or (`takes_pixels`) with pixels as they are."""
    resizer, pixels = preprocess.resizer, preprocess.pixels
    # Normalisation is linear, so that black and white tell it all.
    black, white = pixels.normalize(tf.constant([[0.0] * 3, [255.0] * 3])).numpy()
    deviations = 255.0 / (white - black)
    means = -black * deviations
    padding = np.array(resizer.pad_value) if preprocess.normalize_first else (resizer.pad_value - means) / deviations
    if takes_pixels:
        means, deviations, padding = np.zeros(3), np.ones(3), padding * deviations + means
    return Preparation(
        means=tuple(map(float, means)),
        deviations=tuple(map(float, deviations)),
        padding=tuple(map(float, padding)),
        shorter_side=_shorter_side(resizer),
        method=resizer.method,
        align_corners=resizer.align_corners,
    )


def _shorter_side(resizer: ImageResizer) -> int | None:
    """What images that keep their proportions are resized to, if they are."""
    if resizer.padded_size is None or resizer.new_size is None:
        return None
    square = tf.constant(1)
    return int(resizer.new_size((square, square))[0])


def _image_input(model: DetectionModel, preparation: Preparation) -> ImageInput:
    height, width = require_fixed_size(model)
    keeps = model.preprocess.resizer.padded_size is not None
    how = "keeping their proportions, and padded at the bottom and on the right" if keeps else "whatever their shape"
    return ImageInput(
        mean=preparation.means,
        deviation=preparation.deviations,
        height=height,
        width=width,
        is_grey=model.preprocess.resizer.grayscale,
        resizing=f"Images are resized to {width} x {height} pixels, {how}.",
    )
