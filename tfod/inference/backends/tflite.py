"""Detectors in LiteRT (TensorFlow Lite), whose last operation gives boxes of the input, padding and all.

Letters: `N` detections, `h w` the size of the input.
"""

import json
import os
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod import names
from tfod.errors import CheckpointError, ConfigError
from tfod.export.tflite_file import OPERATION, OUTPUTS, WITH_MASKS, normalization_of, outputs_of
from tfod.inference.preparation import PREPARATION, Preparation, grey

__all__ = ["TFLiteDetector", "boxes_of_image", "make_interpreter"]

_AGAIN = "export the model again: tfod export --formats tflite"


class TFLiteDetector:
    """See `tfod.inference.backends.backend.Backend`."""

    shape: tuple[int | None, ...] = (1, None, None, 3)
    dtypes: tuple[str, ...] = ("uint8",)
    class_names: Mapping[int, str]

    def __init__(self, path: str, threads: int | None) -> None:
        """Loads a file.

        Raises:
          ConfigError: No runtime is installed.
          CheckpointError: The file is damaged, no detector, or needs an operation that the runtime lacks.
        """
        try:
            self._interpreter = make_interpreter(path, threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            reason = (str(error).strip().splitlines() or ["it does not say why"])[0]
            raise CheckpointError(f"TFLite refuses the model: {reason}", path, _AGAIN) from error
        inputs = self._interpreter.get_input_details()
        if len(inputs) != 1 or len(inputs[0]["shape"]) != 4 or inputs[0]["shape"][3] not in (1, 3):
            takes = ", ".join(f"{one['name']} {one['shape'].tolist()}" for one in inputs)
            raise CheckpointError(f"the model does not take one image but {takes}", path, "use a detector")
        [self._input] = inputs
        self._outputs = _outputs(self._interpreter, path)
        self.class_names, self._prepare = _packed(path, self._input)
        self._grey = self._input["shape"][3] == 1

    def __call__(self, images: NDArray[Any], wanted: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """See Backend."""
        given, shares = self.prepared(images[0])
        self._interpreter.set_tensor(self._input["index"], given)
        self._interpreter.invoke()
        found = {name: self._interpreter.get_tensor(one["index"]) for name, one in self._outputs.items()}
        found = boxes_of_image(found, shares)
        return {name: values for name, values in found.items() if wanted is None or name in wanted}

    def prepared(self, image: NDArray[np.uint8]) -> tuple[NDArray[Any], tuple[float, float]]:
        """What the file takes, `[1, h, w, 3]`, of an image uint8 `[H, W, 3]`; and the shares of its sides that are no
        padding."""
        _, height, width, _ = self._input["shape"].tolist()
        values, size = self._prepare(image, height, width)
        return self._as_taken(values)[np.newaxis], (size[0] / height, size[1] / width)

    def _as_taken(self, prepared: NDArray[np.float32]) -> NDArray[Any]:
        dtype = self._input["dtype"]
        if self._grey:
            prepared = grey(prepared)
        if dtype == np.float32:
            return prepared
        # Models of eight bits take pixels as they are.
        scale, zero = self._input["quantization"] if dtype == np.int8 else (1.0, 0)
        if scale not in (0.0, 1.0) or zero:
            prepared = np.float32(1 / (scale or 1.0)) * prepared + np.float32(zero)
        limits = np.iinfo(dtype)
        return np.clip(np.rint(prepared), limits.min, limits.max).astype(dtype)


def make_interpreter(path: str, threads: int | None) -> Any:
    """LiteRT's interpreter, or else that of TensorFlow, which is slow to import.

    Raises:
      ConfigError: Neither is installed.
      ValueError, RuntimeError: The file is damaged.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:
            import tensorflow as tf
        except ImportError as error:
            what = "TFLite models need LiteRT, which is not installed"
            raise ConfigError(what, path, 'pip install "tfod[tflite]", or pip install ai-edge-litert') from error
        Interpreter = tf.lite.Interpreter  # noqa: N806  (a class)
    return Interpreter(path, num_threads=threads or os.cpu_count())


def boxes_of_image(outputs: Mapping[str, NDArray[np.float32]], shares: tuple[float, float]) -> dict[str, NDArray[Any]]:
    """The outputs, of one image, as a SavedModel has them.

    >>> given = {names.DETECTION_BOXES: np.float32([[[0, 0, 0.25, 0.6], [0.6, 0, 0.8, 1]]]), names.NUM_DETECTIONS: [2],
    ...          names.DETECTION_SCORES: np.float32([[0.9, 0.8]]), names.DETECTION_CLASSES: np.float32([[0, 4]])}
    >>> found = boxes_of_image(given, (0.5, 1.0))
    >>> found[names.DETECTION_BOXES][0, 0].round(2).tolist(), found[names.DETECTION_CLASSES].tolist()
    ([0.0, 0.0, 0.5, 0.6000000238418579], [[1.0, 0.0]])

    Args:
      outputs: float32, boxes `[1, N, 4]` relative to the input, not clipped; classes from 0; any others `[1, N, ...]`.
      shares: Of the input's height and width, what the image takes; the rest is padding.

    Returns:
      The same names and shapes; boxes relative to the image and clipped to it, without those that lie in padding;
      classes from 1.
    """
    count = int(np.ravel(outputs[names.NUM_DETECTIONS])[0])
    boxes = np.clip(outputs[names.DETECTION_BOXES][0, :count] / np.array([*shares, *shares], np.float32), 0.0, 1.0)
    kept = np.flatnonzero((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))

    def padded(values: NDArray[Any]) -> NDArray[np.float32]:
        filled = np.zeros([1, outputs[names.DETECTION_SCORES].shape[1], *values.shape[1:]], np.float32)
        filled[0, : len(kept)] = values[kept]
        return filled

    rows = {name: values[0, :count] for name, values in outputs.items() if name != names.NUM_DETECTIONS}
    rows |= {names.DETECTION_BOXES: boxes, names.DETECTION_CLASSES: rows[names.DETECTION_CLASSES] + 1}
    number = np.array([len(kept)], np.float32)
    return {name: padded(values) for name, values in rows.items()} | {names.NUM_DETECTIONS: number}


def _outputs(interpreter: Any, path: str) -> dict[str, Mapping[str, Any]]:
    """The outputs by name, as the file's signature has them.

    Elsewhere the operation that gives them tells: converters change their order and their names.
    """
    for name, signature in interpreter.get_signature_list().items():
        if set(OUTPUTS) <= set(signature["outputs"]):
            named = interpreter.get_signature_runner(name).get_output_details()
            return {output: named[output] for output in WITH_MASKS if output in named}
    details = interpreter.get_output_details()
    by_number = {one["index"]: one for one in details}
    numbers = outputs_of(Path(path).read_bytes(), OPERATION)
    if len(numbers) != len(OUTPUTS) or by_number.keys() != set(numbers):
        given = ", ".join(f"{one['name']} {one['shape'].tolist()}" for one in details)
        raise CheckpointError(f"the model does not end in {OPERATION}: it gives {given}", path, _AGAIN)
    return {name: by_number[number] for name, number in zip(OUTPUTS, numbers, strict=True)}


def _plain(path: str, taken: Mapping[str, Any]) -> Preparation:
    """How images are prepared for a file that this project did not write."""
    if taken["dtype"] != np.float32:
        return Preparation(means=(0.0,), deviations=(1.0,))
    try:
        told = normalization_of(Path(path).read_bytes())
    except (struct.error, TypeError, ValueError) as error:
        raise CheckpointError(f"the metadata within the model is damaged: {error}", path, _AGAIN) from error
    return Preparation() if told is None else Preparation(*told)


def _packed(path: str, taken: Mapping[str, Any]) -> tuple[dict[int, str], Preparation]:
    """The names of the classes, and how images are prepared, from the files within the model's file."""
    plain = _plain(path, taken)
    if not zipfile.is_zipfile(path):
        return {}, plain
    with zipfile.ZipFile(path) as archive:
        inside = archive.namelist()
        labels = [name for name in inside if name.endswith(".txt")]
        lines = archive.read(labels[0]).decode("utf-8", "replace").splitlines() if labels else []
        class_names = {number: line for number, line in enumerate(lines, 1) if line != "???"}
        if PREPARATION not in inside:
            return class_names, plain
        try:
            return class_names, Preparation.from_json(archive.read(PREPARATION).decode())
        except (json.JSONDecodeError, TypeError) as error:
            raise CheckpointError(f"{PREPARATION} within the model is damaged: {error}", path, _AGAIN) from error
