"""A SavedModel that detects objects and needs TensorFlow alone, with the original's inputs and outputs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import tensorflow as tf

from tfod import names
from tfod.errors import ConfigError
from tfod.export.fold import folded
from tfod.models.detection_model import DetectionModel, Tensors

__all__ = ["CONSTANTS", "INPUT_TYPES", "serving_module", "write_saved_model"]


def _decode(encoded: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_image(encoded, channels=3, expand_animations=False)


def _decode_example(example: tf.Tensor) -> tf.Tensor:
    features = {names.IMAGE_ENCODED: tf.io.FixedLenFeature([], tf.string)}
    return _decode(tf.io.parse_single_example(example, features)[names.IMAGE_ENCODED])


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


def write_saved_model(model: DetectionModel, folder: Path, input_type: str = "image_tensor") -> None:
    """Writes the model with its present weights; `folder` is made. Raises ConfigError for an unknown input type."""
    # Saving may trace once more, so that has to happen with the weights folded too.
    with folded(model, constants=CONSTANTS) as variables:
        module = serving_module(model, variables, input_type)
        tf.saved_model.save(module, str(folder), signatures=module.signature)


def serving_module(
    model: DetectionModel, variables: Sequence[tf.Variable] = (), input_type: str = "image_tensor"
) -> tf.Module:
    """A module whose call, and `signature`, detect objects as an exported model of the original does.

    It takes `input_tensor`, one of INPUT_TYPES, and gives what `DetectionModel.detections` gives, float32; padding has
    class 1, score 0.

    Args:
      variables: What `folded`, within which the module is made, has put in the place of the model's own.

    Raises:
      ConfigError: The input type is unknown.
    """
    if input_type not in INPUT_TYPES:
        raise ConfigError(
            f"the input type {input_type!r} is not available", "--input_type", "use one of " + ", ".join(INPUT_TYPES)
        )
    spec, read = INPUT_TYPES[input_type]

    @tf.function(autograph=False, input_signature=[tf.TensorSpec(spec.shape, spec.dtype, names.INPUT_TENSOR)])
    def detect(input_tensor: tf.Tensor) -> Tensors:
        return model.detect_inputs(*_preprocess(model, read, input_tensor))

    module = _ServingModule()
    module.signature = detect.get_concrete_function()
    captured = {id(tensor) for tensor in module.signature.captured_inputs}
    module.variables_needed = [one for one in (*variables, *model.variables) if id(one.handle) in captured]
    return module


class _ServingModule(tf.Module):
    """What `tf.saved_model.load` gives back can be called."""

    def __init__(self) -> None:
        super().__init__(name="detector")

    @property
    def __call__(self) -> Callable[[tf.Tensor], Tensors]:  # a property, because TensorFlow saves attributes
        return self.signature


def _preprocess(
    model: DetectionModel, read: Callable[[tf.Tensor], tf.Tensor], batch: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    if batch.shape[0] == 1:
        return model.preprocess(read(batch[0])[tf.newaxis])
    resizer = model.preprocess.resizer
    signature = (tf.TensorSpec([*resizer.output_shape, resizer.channels]), tf.TensorSpec([3], tf.int32))
    return tf.map_fn(lambda row: model.preprocess.image(read(row)), batch, fn_output_signature=signature)
