"""Exporting a U-Net: SavedModel, TFLite and ONNX, each of which runs without tfod, and proof that they agree.

All take pictures and give `probabilities`, float `[B, h, w, C]`. A SavedModel takes any size; TFLite and ONNX one size.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod.errors import ConfigError, OutputError
from tfod.export.converters import onnx_model, tflite_model
from tfod.export.fold import folded
from tfod.export.formats import file_of, precision_of
from tfod.export.saved_model import captured_by, save_module
from tfod.export.tflite_file import with_metadata
from tfod.export.tflite_metadata import LABELS, ImageInput, label_file, segmenter_metadata
from tfod.files import check_folder, contents, write_bytes, write_text
from tfod.segmentation.settings import TrainingSettings
from tfod.segmentation.unet import UNet

__all__ = ["MODEL_FILE", "Exporter", "input_of", "require_replaceable"]

MODEL_FILE = "model.json"


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
      class_names: In the order of the model's classes; they go into TFLite models.
    """

    def __init__(
        self,
        model: UNet,
        folder: Path,
        *,
        height: int,
        width: int,
        examples: Sequence[NDArray[np.uint8]],
        class_names: Sequence[str],
    ) -> None:
        if height % model.multiple or width % model.multiple or min(height, width) < 1:
            cure = f"give multiples of {model.multiple}"
            raise ConfigError(f"the network cannot halve {height} x {width} pixels", "--height, --width", cure)
        self._model = model
        self._folder = folder
        self._size = (height, width)
        self._examples = examples
        self._class_names = class_names

    def write(self, kind: str) -> Path:
        """Writes one of `tfod.export.formats.FORMATS`; returns the file or folder."""
        path = self._folder / file_of(kind)
        if kind == "saved_model":
            self._saved_model(path)
        else:
            # Tracing and converting have to happen with the weights folded.
            with folded(self._model):
                write_bytes(path, self._onnx() if kind == "onnx" else self._tflite(precision_of(kind)))
        return path

    def write_about(self, settings: TrainingSettings) -> None:
        """Writes `model.json`: classes, colours, sizes, and what the files take and give."""
        about = _About(
            settings.class_names, settings.class_colours, self._model.multiple, self._model.context, *self._size
        )
        write_text(self._folder / MODEL_FILE, json.dumps(asdict(about), indent=2, ensure_ascii=False) + "\n")

    def _saved_model(self, path: Path) -> None:
        spec = tf.TensorSpec([None, None, None, 3], tf.uint8, "images")

        @tf.function(autograph=False, input_signature=[spec])
        def serve(images: Any) -> dict[str, Any]:
            images = tf.ensure_shape(images, spec.shape)  # a signature does not compare shapes when it is called
            logits = self._model(tf.cast(images, tf.float32) / 255.0, training=False)
            return {"probabilities": tf.nn.softmax(logits), "classes": tf.argmax(logits, axis=-1)}

        module = tf.Module()
        # Saving may trace once more, so all of it has to happen with the weights folded.
        with folded(self._model):
            function = serve.get_concrete_function()
            module.variables_needed = captured_by(function, self._model.variables)
            save_module(module, path, function)

    def _fixed(self) -> Any:
        """A function of float32 `[1, height, width, 3]` in [0, 1]."""

        @tf.function(autograph=False, input_signature=[tf.TensorSpec([1, *self._size, 3], tf.float32, "images")])
        def probabilities(images: Any) -> Any:
            return tf.identity(tf.nn.softmax(self._model(images, training=False)), "probabilities")

        return probabilities

    def _tflite(self, precision: str) -> bytes:
        function = self._fixed().get_concrete_function()
        content = tflite_model(function, self._model, precision, self._calibration, integer_output=True)
        height, width = self._size
        image = ImageInput(
            mean=(0.0,) * 3,
            deviation=(1.0 if precision == "int8" else 255.0,) * 3,
            height=height,
            width=width,
            is_grey=False,
            resizing=f"Images are {width} x {height} pixels, resized to that or cut.",
        )
        # Files count the names of classes from 1, for detectors' sake, and a model counts its classes from 0.
        files = {LABELS: label_file(dict(enumerate(self._class_names, 1)))}
        return with_metadata(content, segmenter_metadata(image), files)

    def _calibration(self) -> Iterator[list[NDArray[np.float32]]]:
        for example in self._examples:
            yield [input_of(example, "tflite_float32")]

    def _onnx(self) -> bytes:
        return onnx_model(self._fixed(), [tf.TensorSpec([1, *self._size, 3], tf.float32, name="images")])


def input_of(picture: NDArray[np.uint8], kind: str) -> NDArray[Any]:
    """What the exported format takes for a picture, uint8 `[h, w, 3]`: uint8 or float32 in [0, 1], `[1, h, w, 3]`."""
    takes_bytes = kind in ("saved_model", "tflite_int8")
    return picture[np.newaxis] if takes_bytes else picture[np.newaxis].astype(np.float32) / 255.0


def require_replaceable(output: Path) -> None:
    """Raises OutputError unless the folder is new, empty or an earlier export, which may be replaced whole."""
    check_folder(output)
    if output.is_dir() and (not contents(output) or (output / MODEL_FILE).is_file()):
        return
    if output.exists():
        cure = "name a folder that is new, empty or an earlier export"
        raise OutputError("the output is there and no export", str(output), cure)
