"""A SavedModel that detects objects and needs TensorFlow alone, with the original's inputs and outputs."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfod import names
from tfod.errors import ConfigError
from tfod.export.fold import folded
from tfod.export.known import remember
from tfod.models.detection_model import DetectionModel, Tensors
from tfod.training.disk import writing

__all__ = ["CONSTANTS", "INPUT_TYPES", "Shape", "captured_by", "save_module", "serving_module", "write_saved_model"]

Shape = Sequence[int | None]


def _decode(encoded: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_image(encoded, channels=3, expand_animations=False)


def _decode_example(example: tf.Tensor) -> tf.Tensor:
    features = {names.IMAGE_ENCODED: tf.io.FixedLenFeature([], tf.string)}
    return _decode(tf.io.parse_single_example(example, features)[names.IMAGE_ENCODED])


_LONGEST = 1 << 16  # pixels, and images of a batch
CONSTANTS = 20_000_000
"""How many numbers of an exported model are constants. They make it up to a tenth faster, and are copied a dozen times
while TensorFlow optimises the graph: so many take one to two gigabytes while a model is loaded."""

# What an exported model takes: the signature of `input_tensor`, and how one of its rows becomes an image.
INPUT_TYPES: dict[str, tuple[tf.TensorSpec, Callable[[tf.Tensor], tf.Tensor]]] = {
    "image_tensor": (tf.TensorSpec([1, None, None, 3], tf.uint8), tf.identity),
    "float_image_tensor": (tf.TensorSpec([None, None, None, 3], tf.float32), tf.identity),
    "encoded_image_string_tensor": (tf.TensorSpec([None], tf.string), _decode),
    "tf_example": (tf.TensorSpec([None], tf.string), _decode_example),
}


def write_saved_model(
    model: DetectionModel, folder: Path, input_type: str = "image_tensor", input_shape: Shape | None = None
) -> None:
    """Writes the model with its present weights; `folder` is made. See `serving_module` for what it takes."""
    # Saving may trace once more, so that has to happen with the weights folded too.
    with folded(model, constants=CONSTANTS, winograd=True) as variables:
        module = serving_module(model, variables, input_type, input_shape)
        save_module(module, folder, module.signature)


def save_module(module: tf.Module, folder: Path, signature: Callable[..., Tensors]) -> None:
    """Writes a SavedModel with one signature, and remembers that it is one of ours; `folder` is made.

    Raises:
      OutputError: It cannot be written.
    """
    with writing(folder):
        tf.saved_model.save(module, str(folder), signatures=signature)
    remember(folder)


def captured_by(function: Any, variables: Iterable[tf.Variable]) -> list[tf.Variable]:
    """Those of the `variables` that a concrete function reads; what is folded it has as constants."""
    captured = {id(tensor) for tensor in function.captured_inputs}
    return [variable for variable in variables if id(variable.handle) in captured]


def serving_module(
    model: DetectionModel,
    variables: Sequence[tf.Variable] = (),
    input_type: str = "image_tensor",
    input_shape: Shape | None = None,
) -> tf.Module:
    """A module whose call, and `signature`, detect objects as an exported model of the original does.

    It takes `input_tensor`, one of INPUT_TYPES, and gives what `DetectionModel.detections` gives, float32; padding has
    class 1, score 0. Anything but the signature is refused, by the call with the TypeError that names it.

    Args:
      variables: What `folded`, within which the module is made, has put in the place of the model's own.
      input_shape: `[B, H, W, 3]` of the images, None for any number, in the place of the input type's own.

    Raises:
      ConfigError: The input type is unknown, or takes no such shape.
    """
    spec, read = _input(input_type, input_shape)

    @tf.function(autograph=False, input_signature=[spec])
    def detect(input_tensor: tf.Tensor) -> Tensors:
        # A signature does not compare shapes when it is called, and would answer for the first image alone.
        return model.detect_inputs(*_preprocess(model, read, tf.ensure_shape(input_tensor, spec.shape)))

    module = _ServingModule(detect)
    module.signature = detect.get_concrete_function()
    module.variables_needed = captured_by(module.signature, (*variables, *model.variables))
    return module


class _ServingModule(tf.Module):
    """What `tf.saved_model.load` gives back can be called."""

    def __init__(self, detect: Callable[[tf.Tensor], Tensors]) -> None:
        super().__init__(name="detector")
        self._detect = detect

    @property
    def __call__(self) -> Callable[[tf.Tensor], Tensors]:  # a property, because TensorFlow saves attributes
        return self._detect


def _input(input_type: str, input_shape: Shape | None) -> tuple[tf.TensorSpec, Callable[[tf.Tensor], tf.Tensor]]:
    """The signature of `input_tensor`, and how one of its rows becomes an image."""
    if input_type not in INPUT_TYPES:
        raise ConfigError(
            f"the input type {input_type!r} is not available", "--input_type", "use one of " + ", ".join(INPUT_TYPES)
        )
    spec, read = INPUT_TYPES[input_type]
    if input_shape is not None and spec.dtype == tf.string:
        cure = "leave it out, or use --input_type image_tensor or float_image_tensor"
        raise ConfigError(f"{input_type} takes files of images, which have no shape", "--input_shape", cure)
    shape = spec.shape if input_shape is None else tf.TensorShape(input_shape)
    is_possible = all(side is None or 1 <= side <= _LONGEST for side in shape)
    if not spec.shape[1:].is_compatible_with(shape[1:]) or not is_possible:
        cure = "give batch, height, width and channels: 1,320,320,3; -1 stands for any number"
        raise ConfigError(f"images cannot have the shape {shape.as_list()}", "--input_shape", cure)
    return tf.TensorSpec(shape, spec.dtype, names.INPUT_TENSOR), read


def _preprocess(
    model: DetectionModel, read: Callable[[tf.Tensor], tf.Tensor], batch: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    if batch.shape[0] is None:
        # Before everything else: a convolution would fail too, and speak of its filters.
        some = tf.debugging.assert_positive(tf.shape(batch)[0], f"{names.INPUT_TENSOR} holds no image")
        with tf.control_dependencies([some]):
            batch = tf.identity(batch)
    if read is tf.identity:
        return model.preprocess(batch)
    resizer = model.preprocess.resizer
    signature = (tf.TensorSpec([*resizer.output_shape, resizer.channels]), tf.TensorSpec([3], tf.int32))
    return tf.map_fn(lambda row: model.preprocess.image(read(row)), batch, fn_output_signature=signature)
