"""Exporting a model: a SavedModel that needs TensorFlow alone, the checkpoint in the zoo's layout, the config."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import tensorflow as tf

from tfod import names
from tfod.checkpoints.restore import restore_model
from tfod.config.pipeline import write_pipeline_config
from tfod.errors import ConfigError, OutputError
from tfod.files import replacing_directory
from tfod.models.detection_model import DetectionModel, Tensors
from tfod.models.factory import build_model
from tfod.models.layer_list import FoldedWeights, folded_weights
from tfod.protos import pipeline_pb2

__all__ = ["INPUT_TYPES", "export_model", "serving_module", "serving_weights"]

_PARTS = ("saved_model", "checkpoint", "pipeline.config")


def _decode(picture: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_image(picture, channels=3, expand_animations=False)


def _decode_example(example: tf.Tensor) -> tf.Tensor:
    features = {names.IMAGE_ENCODED: tf.io.FixedLenFeature([], tf.string)}
    return _decode(tf.io.parse_single_example(example, features)[names.IMAGE_ENCODED])


# Constants of the graph make a model up to a tenth faster, and are copied a dozen times while TensorFlow optimises it.
# So many numbers take one to two gigabytes while a model is loaded.
_CONSTANTS = 20_000_000

# What an exported model takes: the signature of `input_tensor`, and how one of its rows becomes a picture.
INPUT_TYPES: dict[str, tuple[tf.TensorSpec, Callable[[tf.Tensor], tf.Tensor]]] = {
    "image_tensor": (tf.TensorSpec([1, None, None, 3], tf.uint8), tf.identity),
    "float_image_tensor": (tf.TensorSpec([None, None, None, 3], tf.float32), tf.identity),
    "encoded_image_string_tensor": (tf.TensorSpec([None], tf.string), _decode),
    "tf_example": (tf.TensorSpec([None], tf.string), _decode_example),
}


def export_model(
    config: pipeline_pb2.TrainEvalPipelineConfig,
    checkpoint: str | Path,
    output_directory: str | Path,
    input_type: str = "image_tensor",
) -> str:
    """Writes `saved_model/`, `checkpoint/ckpt-0` and `pipeline.config`, all or nothing; an earlier export is replaced.

    Returns:
      The prefix of the checkpoint that was exported.

    Raises:
      CheckpointError: the checkpoint does not fit the config.
      OutputError: the folder cannot be written, or holds something that is no export.
    """
    output = Path(output_directory)
    _require_replaceable(output)
    model = build_model(config.model)
    prefix, _ = restore_model(model, checkpoint)
    # Saving may trace once more, so all of it has to happen with the weights folded.
    with replacing_directory(output) as folder, serving_weights() as folded:
        module = serving_module(model, folded, input_type)
        tf.saved_model.save(module, str(folder / "saved_model"), signatures=module.signature)
        checkpoints = tf.train.CheckpointManager(
            tf.train.Checkpoint(model=model), str(folder / "checkpoint"), max_to_keep=1
        )
        checkpoints.save(checkpoint_number=0)
        write_pipeline_config(config, folder / "pipeline.config")
    return prefix


def serving_weights() -> AbstractContextManager[FoldedWeights]:
    """`folded_weights` with as many constants as an exported model can afford."""
    return folded_weights(_CONSTANTS)


def serving_module(model: DetectionModel, folded: FoldedWeights, input_type: str = "image_tensor") -> tf.Module:
    """A module whose call, and `signature`, detect objects as an exported model of the original does.

    It takes `input_tensor` and gives float32 tensors; classes count from 1, and padding has class 1, score 0.
    Made, and saved, inside `serving_weights()`, whose variables it keeps: the model's own do not go with it.
    """
    if input_type not in INPUT_TYPES:
        raise ConfigError(
            f"the input type {input_type!r} is not available", "--input_type", "use one of " + ", ".join(INPUT_TYPES)
        )
    spec, read = INPUT_TYPES[input_type]

    @tf.function(autograph=False, input_signature=[tf.TensorSpec(spec.shape, spec.dtype, names.INPUT_TENSOR)])
    def detect(input_tensor: tf.Tensor) -> Tensors:
        inputs, true_shapes = _preprocess(model, read, input_tensor)
        detections = model.postprocess(model.predict(inputs, true_shapes, training=False), true_shapes)
        detections[names.DETECTION_CLASSES] += model.label_id_offset
        return {name: tf.cast(value, tf.float32) for name, value in detections.items()}

    module = _ServingModule()
    module.signature = detect.get_concrete_function()
    module.folded = folded.variables
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
    signature = (tf.TensorSpec([*model.resizer.output_shape, 3]), tf.TensorSpec([3], tf.int32))
    return tf.map_fn(lambda row: model.preprocess_image(read(row)), batch, fn_output_signature=signature)


def _require_replaceable(output: Path) -> None:
    if not output.exists():
        return
    others = [] if not output.is_dir() else [p.name for p in output.iterdir() if p.name not in _PARTS]
    if not output.is_dir() or others:
        raise OutputError(
            f"the output folder holds other things ({others[0]})" if others else "the output is a file",
            str(output),
            "name a folder that is new, empty or an earlier export",
        )
