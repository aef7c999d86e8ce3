"""Exporting a U-Net: SavedModel, TFLite and ONNX, each of which runs without tfod, and proof that they agree.

All take pictures and give `probabilities`, float `[B, h, w, C]`. A SavedModel takes any size; TFLite and ONNX one size.
"""

import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod.errors import ConfigError, OutputError
from tfod.export.fold import folded
from tfod.export.saved_model import save_module
from tfod.files import check_folder, contents, write_bytes, write_text
from tfod.segmentation.settings import TrainingSettings
from tfod.segmentation.unet import UNet

__all__ = ["FORMATS", "MODEL_FILE", "Exporter", "fitted", "load_exported", "require_replaceable"]

FORMATS = ("saved_model", "tflite_float32", "tflite_float16", "tflite_int8", "onnx")
MODEL_FILE = "model.json"
_OPSET = 17
_NEEDS = 'pip install "tfod[onnx]"'

Run = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From pictures, uint8 `[1, h, w, 3]`, to probabilities, float32 `[1, h, w, C]`."""


@dataclass(frozen=True)
class _About:
    """What stands in model.json beside the exported files."""

    class_names: tuple[str, ...]
    class_colours: tuple[tuple[int, int, int], ...]
    multiple: int
    context: int
    height: int
    width: int
    saved_model_input: str = "images: uint8 [B, H, W, 3], any size; probabilities: float32 [B, H, W, C]"
    tflite_input: str = "float32 [1, height, width, 3] in [0, 1]; int8 models: uint8, and probabilities times 256"
    onnx_input: str = "images: float32 [B, height, width, 3] in [0, 1]; probabilities: float32 [B, height, width, C]"


class Exporter:
    """Writes one model in several formats into a folder.

    Args:
      model: With its weights, built in float32.
      height: Of the pictures that TFLite and ONNX models take; a multiple of `model.multiple`.
      width: The same.
      examples: Pictures uint8 `[height, width, 3]` of the kind that the model will see, to calibrate int8 by.
    """

    def __init__(
        self, model: UNet, folder: Path, *, height: int, width: int, examples: Sequence[NDArray[np.uint8]]
    ) -> None:
        if height % model.multiple or width % model.multiple or min(height, width) < 1:
            cure = f"give multiples of {model.multiple}"
            raise ConfigError(f"the network cannot halve {height} x {width} pixels", "--height, --width", cure)
        self._model = model
        self._folder = folder
        self._size = (height, width)
        self._examples = examples

    def write(self, kind: str) -> Path:
        """Writes one of FORMATS; returns the file or folder."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of TensorFlow's own converters, about themselves
            if kind == "saved_model":
                return self._saved_model()
            return self._onnx() if kind == "onnx" else self._tflite(kind.removeprefix("tflite_"))

    def write_about(self, settings: TrainingSettings) -> None:
        """Writes `model.json`: classes, colours, sizes, and what the files take and give."""
        about = _About(
            settings.class_names, settings.class_colours, self._model.multiple, self._model.context, *self._size
        )
        write_text(self._folder / MODEL_FILE, json.dumps(asdict(about), indent=2, ensure_ascii=False) + "\n")

    def _saved_model(self) -> Path:
        spec = tf.TensorSpec([None, None, None, 3], tf.uint8, "images")

        @tf.function(autograph=False, input_signature=[spec])
        def serve(images: Any) -> dict[str, Any]:
            images = tf.ensure_shape(images, spec.shape)  # a signature does not compare shapes when it is called
            logits = self._model(tf.cast(images, tf.float32) / 255.0, training=False)
            return {"probabilities": tf.nn.softmax(logits), "classes": tf.argmax(logits, axis=-1)}

        path = self._folder / "saved_model"
        module = tf.Module()
        # Saving may trace once more, so all of it has to happen with the weights folded.
        with folded(self._model):
            function = serve.get_concrete_function()
            captured = {id(tensor) for tensor in function.captured_inputs}
            # What is folded is saved as constants, and would be there twice as variables.
            module.kept = [variable for variable in self._model.variables if id(variable.handle) in captured]
            save_module(module, path, function)
        return path

    def _fixed(self) -> Any:
        """A function of float32 `[1, height, width, 3]` in [0, 1]."""

        @tf.function(autograph=False, input_signature=[tf.TensorSpec([1, *self._size, 3], tf.float32, "images")])
        def probabilities(images: Any) -> Any:
            return tf.identity(tf.nn.softmax(self._model(images, training=False)), "probabilities")

        return probabilities

    def _tflite(self, precision: str) -> Path:
        with folded(self._model):
            function = self._fixed().get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], self._model)
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if precision == "int8":
            converter.representative_dataset = self._calibration
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.uint8
        path = self._folder / f"model_{precision}.tflite"
        write_bytes(path, converter.convert())
        return path

    def _calibration(self) -> Iterator[list[NDArray[np.float32]]]:
        for example in self._examples:
            yield [example[np.newaxis].astype(np.float32) / 255.0]

    def _onnx(self) -> Path:
        try:
            import tf2onnx
        except ImportError as error:
            raise ConfigError("ONNX needs packages that are not installed", "--formats onnx", _NEEDS) from error
        with folded(self._model):
            function = self._fixed()
            signature = [tf.TensorSpec([1, *self._size, 3], tf.float32, name="images")]
            path = self._folder / "model.onnx"
            model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=_OPSET)
        write_bytes(path, model.SerializeToString())
        return path


def load_exported(kind: str, path: Path) -> Run:
    """What runs an exported file, for comparison; ONNX needs onnxruntime."""
    if kind == "saved_model":
        signature = tf.saved_model.load(str(path)).signatures["serving_default"]
        return lambda pictures: signature(images=tf.constant(pictures))["probabilities"].numpy()
    if kind == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda pictures: session.run(None, {name: pictures.astype(np.float32) / 255.0})[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions announce another package
        interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    return lambda pictures: _run_tflite(interpreter, pictures)


def _run_tflite(interpreter: Any, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    given, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    is_integer = given["dtype"] == np.uint8
    interpreter.set_tensor(given["index"], pictures if is_integer else pictures.astype(np.float32) / 255.0)
    interpreter.invoke()
    values = interpreter.get_tensor(result["index"])
    if not is_integer:
        return np.asarray(values)
    scale, zero = result["quantization"]
    return np.asarray((values.astype(np.float32) - zero) * scale)


def fitted(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """A picture, uint8 `[H, W, 3]`, resized to the size that a model takes."""
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def require_replaceable(output: Path) -> None:
    """Raises OutputError unless the folder is new, empty or an earlier export, which may be replaced whole."""
    check_folder(output)
    if output.is_dir() and (not contents(output) or (output / MODEL_FILE).is_file()):
        return
    if output.exists():
        cure = "name a folder that is new, empty or an earlier export"
        raise OutputError("the output is there and no export", str(output), cure)
