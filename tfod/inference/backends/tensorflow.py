"""Detectors in TensorFlow: SavedModels, frozen graphs of TensorFlow 1, and models in memory."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from tfod import names
from tfod.checkpoints.frozen_graph import FrozenGraph
from tfod.errors import CheckpointError, ConfigError, DataError
from tfod.export.known import warn_of_stranger
from tfod.inference.detections import OUTPUTS
from tfod.inference.graph_function import ENCODERS, graph_function
from tfod.stores import plain_reason

if TYPE_CHECKING:
    from tfod.models.detection_model import DetectionModel

__all__ = ["TensorFlowDetector", "load_saved_model", "use_threads"]

_MISSING = re.compile(r"Op type not registered '(\w+)'")
_FITTING = "use the model with images of the size that it was made for"


class TensorFlowDetector:
    """A function of TensorFlow; see `tfod.inference.backends.backend.Backend`.

    Attributes:
      function: From images of its shape and dtype to all outputs by name.
      owner: What holds the variables: of a checkpoint the DetectionModel.
    """

    class_names: Mapping[int, str] = {}

    def __init__(
        self,
        function: Callable[[tf.Tensor], Mapping[str, tf.Tensor]],
        dtype: tf.DType,
        owner: object = None,
        shape: Sequence[int | None] | tf.TensorShape = (1, None, None, 3),
    ) -> None:
        """`function` takes images of `shape` and `dtype`; `owner` holds its variables and is kept alive."""
        self.function = function
        self._dtype = dtype
        self.owner = owner
        known = tf.TensorShape(shape)
        self.shape = (None, None, None, 3) if known.rank is None else tuple(known.as_list())
        self.dtypes = tuple(dict.fromkeys(("uint8", dtype.name)))

    @classmethod
    def of_saved_model(cls, path: str) -> "TensorFlowDetector":
        """Of the folder with `saved_model.pb`; CheckpointError where it is damaged, or no detector of images."""
        model, signature = load_saved_model(path)
        name, spec, encode = _image_input(signature, path)
        return cls(lambda images: signature(**{name: encode(images)}), spec.dtype, owner=model, shape=spec.shape)

    @classmethod
    def of_frozen_graph(cls, path: str) -> "TensorFlowDetector":
        """Of the file; CheckpointError where it is damaged, or takes or gives something else."""
        warn_of_stranger(path)
        function, spec, owner = graph_function(FrozenGraph.read(Path(path)))
        return cls(function, spec.dtype, owner, spec.shape)

    @classmethod
    def of_checkpoint(cls, pipeline_config: Any, checkpoint: Path | str) -> "TensorFlowDetector":
        """The model of a TrainEvalPipelineConfig with the weights of a checkpoint.

        Raises:
          ConfigError, CheckpointError: The model cannot be built, or the checkpoint is of another.
        """
        # Imported here: an exported model needs neither Keras nor the code of any architecture.
        from tfod.checkpoints.restore import restore_model
        from tfod.config.gray import with_gray
        from tfod.models.build import build_model

        model = build_model(with_gray(pipeline_config).model)
        restore_model(model, checkpoint)
        return cls.of_model(model)

    @classmethod
    def of_model(cls, model: "DetectionModel") -> "TensorFlowDetector":
        """A model in memory, with its present weights."""
        spec = tf.TensorSpec([1, None, None, 3], tf.uint8, names.INPUT_TENSOR)
        detect = tf.function(model.detect, autograph=False, input_signature=[spec])
        return cls(detect.get_concrete_function(), tf.uint8, owner=model)

    def __call__(self, images: NDArray[Any], wanted: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """See Backend."""
        try:
            found = self.function(tf.constant(images, self._dtype))
        except tf.errors.OpError as error:
            height, width = images.shape[1:3]
            what = f"the model cannot compute with an image of {height} x {width}: {_reason(error)}"
            raise DataError(what, "the images", _FITTING) from error
        return {name: value.numpy() for name, value in found.items() if wanted is None or name in wanted}


def _reason(error: tf.errors.OpError) -> str:
    """What an operation said: the line before the one that names its node, if there is one."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = next((before for before, line in pairwise(lines) if before and line.startswith("[[{{node")), None)
    return said or plain_reason(str(error))


def use_threads(count: int) -> None:
    """Has TensorFlow compute in so many threads; ConfigError where it has begun with another number of them."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)
    except RuntimeError as error:
        what = "TensorFlow has begun already, with another number of threads"
        raise ConfigError(what, "threads", "make the first Detector of the program with it") from error


def load_saved_model(path: str) -> tuple[Any, Any]:
    """The exported model in a folder, and its signature `serving_default`; says so where a stranger exported it.

    Raises CheckpointError where it is damaged, needs operations that are not there, or has no such signature.
    """
    warn_of_stranger(path)
    try:
        model = tf.saved_model.load(path)
    except (OSError, ValueError, KeyError, RuntimeError, tf.errors.OpError, DecodeError) as error:
        missing = _MISSING.search(str(error))
        if missing:
            what = f"this TensorFlow has no operation {missing[1]}, which the model needs"
            cure = "import the package that brings it, before; or export the model again without it"
            raise CheckpointError(what, path, cure) from error
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"the exported model is damaged: {reason}", path, "export the model again") from error
    signature = model.signatures.get("serving_default")
    if signature is None:
        cure = "export it with exporter_main_v2.py --input_type image_tensor"
        raise CheckpointError("the model has no signature serving_default", path, cure)
    return model, signature


def _image_input(signature: Any, path: str) -> tuple[str, tf.TensorSpec, Callable[[tf.Tensor], tf.Tensor]]:
    """The name and the spec of the only input, which must be images; and what makes it of them.

    TensorFlow 1's exporter told by the name of a placeholder what files a model takes.
    """
    inputs = signature.structured_input_signature[1]
    missing = [name for name in OUTPUTS if name not in signature.structured_outputs]
    if missing:
        cure = "use the export of a detection model"
        raise CheckpointError(f"the model does not give {', '.join(missing)}", path, cure)
    name, spec = next(iter(inputs.items()))
    encode = ENCODERS.get(signature.inputs[0].name.partition(":")[0])
    if len(inputs) == 1 and spec.dtype == tf.string and encode:
        return name, tf.TensorSpec([None, None, None, 3], tf.uint8), encode
    if len(inputs) != 1 or spec.dtype not in (tf.uint8, tf.float32):
        takes = ", ".join(f"{name} ({spec.dtype.name})" for name, spec in inputs.items())
        cure = "export it with exporter_main_v2.py --input_type image_tensor"
        raise CheckpointError(f"the model does not take pixels but {takes}", path, cure)
    return name, spec, tf.identity
