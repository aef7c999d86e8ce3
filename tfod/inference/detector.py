"""One detector over exported models and checkpoints."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from tfod import names
from tfod.checkpoints.frozen_graph import FROZEN_GRAPH, FrozenGraph, find_frozen_graph
from tfod.errors import CheckpointError, DataError
from tfod.export.known import GRAPH_FILE, warn_of_stranger
from tfod.inference.detections import OUTPUTS, Detections
from tfod.inference.graph_function import ENCODERS, graph_function
from tfod.stores import is_file, normal

if TYPE_CHECKING:
    from tfod.models.detection_model import DetectionModel

__all__ = ["Detector", "find_exported_model", "find_saved_model", "load_saved_model"]


class Detector:
    """Finds objects on one image at a time.

    `Detector.from_saved_model("exported_models/raccoons").detect(image).best(10, min_score=0.5)` gives the ten
    surest objects of an image.
    """

    def __init__(
        self,
        function: Callable[[tf.Tensor], Mapping[str, tf.Tensor]],
        dtype: tf.DType,
        owner: object = None,
        shape: Sequence[int | None] | tf.TensorShape = (1, None, None, 3),
    ) -> None:
        """`function` takes images of `shape` and `dtype`; `owner` holds its variables and is kept alive."""
        self._function = function
        self._dtype = dtype
        self._owner = owner
        self._shape = tf.TensorShape(shape)

    @classmethod
    def from_saved_model(cls, directory: Path | str) -> "Detector":
        """An exported model that takes images: ours, or one that the original exported, with TensorFlow 1 too.

        Args:
          directory: holds `saved_model.pb`, or a folder `saved_model` with it, as the exporter writes; or
            `frozen_inference_graph.pb`, which may be named itself.

        Raises:
          CheckpointError: there is no exported model, it is damaged, or it takes something else.
        """
        path = find_exported_model(directory)
        if is_file(path):
            warn_of_stranger(path)
            function, spec, owner = graph_function(FrozenGraph.read(Path(path)))
            return cls(function, spec.dtype, owner, spec.shape)
        model, signature = load_saved_model(path)
        name, spec, encode = _image_input(signature, path)
        return cls(lambda images: signature(**{name: encode(images)}), spec.dtype, owner=model, shape=spec.shape)

    @classmethod
    def from_checkpoint(cls, pipeline_config: Any, checkpoint: Path | str) -> "Detector":
        """The model of a pipeline config with the weights of a checkpoint.

        Args:
          pipeline_config: a TrainEvalPipelineConfig.
          checkpoint: a checkpoint's prefix (`.../ckpt-3`), or a folder, of which the latest is taken.

        Raises:
          ConfigError, CheckpointError: the model cannot be built, or the checkpoint is of another.
        """
        # Imported here: an exported model needs neither Keras nor the code of any architecture.
        from tfod.checkpoints.restore import restore_model
        from tfod.config.gray import with_gray
        from tfod.models.build import build_model

        model = build_model(with_gray(pipeline_config).model)
        restore_model(model, checkpoint)
        return cls.from_model(model)

    @classmethod
    def from_model(cls, model: "DetectionModel") -> "Detector":
        """A model in memory, with its present weights."""
        spec = tf.TensorSpec([1, None, None, 3], tf.uint8, names.INPUT_TENSOR)
        detect = tf.function(model.detect, autograph=False, input_signature=[spec])
        return cls(detect.get_concrete_function(), tf.uint8, owner=model)

    @property
    def image_size(self) -> tuple[int | None, int | None]:
        """Height and width of the images that it takes, in pixels; None for any."""
        return (None, None) if self._shape.rank is None else (self._shape[1], self._shape[2])

    def __call__(self, images: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """The model's outputs by name, float32 `[1, N, ...]`, classes from 1, of images uint8 `[1, H, W, 3]`, RGB.

        Raises DataError, which names what the model takes, where they are something else.
        """
        return {name: value.numpy() for name, value in self._outputs(images).items()}

    def detect(self, image: NDArray[np.uint8]) -> Detections:
        """What is on one image, uint8 `[H, W, 3]`, RGB; DataError where it is something else."""
        outputs = self._outputs(np.asarray(image)[np.newaxis])
        arrays = {name: outputs[name].numpy() for name in OUTPUTS}
        return Detections.from_outputs(arrays, *image.shape[:2])

    def _outputs(self, images: NDArray[np.uint8]) -> Mapping[str, tf.Tensor]:
        images = np.asarray(images)
        # TensorFlow would cut other numbers to the model's type, or fail in words of its own.
        fits = images.dtype == np.uint8 or (self._dtype == tf.float32 and images.dtype == np.float32)
        if not fits or not self._shape.is_compatible_with(images.shape):
            wanted, given = map(_sides, (self._shape.as_list(), images.shape))
            types = " or ".join(dict.fromkeys(("uint8", self._dtype.name)))
            what = f"the model takes images of {wanted} (batch, height, width, channels), {types}, and got"
            cure = f"bring the images to that size, 0 to 255 in {types}, or export the model without --input_shape"
            raise DataError(f"{what} {given}, {images.dtype}", "the images", cure)
        return self._function(tf.constant(images, self._dtype))


def find_exported_model(place: Path | str) -> str:
    """The folder with `saved_model.pb`, or the file of a frozen graph of TensorFlow 1; else CheckpointError.

    A folder that holds both, as the archives of the zoo do, stands for the SavedModel.
    """
    graph = find_frozen_graph(place)
    return str(graph) if graph and _saved_model_in(place) is None else find_saved_model(place)


def find_saved_model(directory: Path | str) -> str:
    """The folder with `saved_model.pb`, here or in a store: `directory` or its `saved_model`; else CheckpointError."""
    found = _saved_model_in(directory)
    if found is None:
        cure = f"name the folder that holds {GRAPH_FILE}, as exporter_main_v2.py writes it, or a {FROZEN_GRAPH}"
        raise CheckpointError("no exported model there", normal(directory), cure)
    return found


def _saved_model_in(directory: Path | str) -> str | None:
    folder = normal(directory)
    places = (folder, os.path.join(folder, "saved_model"))
    return next((place for place in places if is_file(os.path.join(place, GRAPH_FILE))), None)


def load_saved_model(path: str) -> tuple[Any, Any]:
    """The exported model in a folder, and its signature `serving_default`; says so where a stranger exported it.

    Raises CheckpointError where it is damaged or has no such signature.
    """
    warn_of_stranger(path)
    try:
        model = tf.saved_model.load(path)
    except (OSError, ValueError, KeyError, tf.errors.OpError, DecodeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"the exported model is damaged: {reason}", path, "export the model again") from error
    signature = model.signatures.get("serving_default")
    if signature is None:
        cure = "export it with exporter_main_v2.py --input_type image_tensor"
        raise CheckpointError("the model has no signature serving_default", path, cure)
    return model, signature


def _image_input(signature: Any, path: str) -> tuple[str, tf.TensorSpec, Callable[[tf.Tensor], tf.Tensor]]:
    """The name and the spec of the only input, which must be images, one at a time at least; and what makes it of them.

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
    if spec.shape.rank == 4 and spec.shape[0] not in (None, 1):
        cure = "export it with a batch of 1 or any: --input_shape 1,..., or without that flag"
        raise CheckpointError(f"the model takes {spec.shape[0]} images at a time, not one", path, cure)
    return name, spec, tf.identity


def _sides(shape: Sequence[int | None]) -> str:
    return " x ".join("any" if side is None else str(side) for side in shape)
