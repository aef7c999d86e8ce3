"""A detector that is to be measured: what kind it is, and how it is run from pixels to boxes.

Nothing here imports TensorFlow before it is needed: the memory of a runtime is its own.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.errors import CheckpointError
from tfod.export.run import Loaded, bytes_of, load_model
from tfod.inference.images import fitted

__all__ = ["KINDS", "Pixels", "Subject", "kind_of", "load_subject", "place_of"]

KINDS = ("saved_model", "tflite", "onnx", "frozen_graph", "checkpoint")

Images = NDArray[np.uint8]


def kind_of(place: str) -> str:
    """One of KINDS, by what lies there.

    Raises:
      CheckpointError: No model does.
    """
    path = Path(place)
    suffix = path.suffix.lower()
    if suffix in (".tflite", ".onnx") and path.is_file():
        return suffix.removeprefix(".")
    if (path / "saved_model.pb").is_file() or (path / "saved_model" / "saved_model.pb").is_file():
        return "saved_model"
    if (suffix == ".pb" and path.is_file()) or (path / "frozen_inference_graph.pb").is_file():
        return "frozen_graph"
    if Path(f"{place}.index").is_file() or (path.is_dir() and any(path.glob("*.index"))):
        return "checkpoint"
    cure = "name a folder with saved_model.pb, a .tflite, an .onnx or a frozen graph, or a checkpoint (run/ckpt-3)"
    raise CheckpointError("there is no model to measure", place, cure)


def place_of(place: str) -> Path:
    """The file or folder that is run: a SavedModel may lie in the folder that the exporter made."""
    path = Path(place)
    if not (path / "saved_model.pb").is_file() and (path / "saved_model" / "saved_model.pb").is_file():
        return path / "saved_model"
    graph = path / "frozen_inference_graph.pb"
    return graph if graph.is_file() and not (path / "saved_model.pb").is_file() else path


@dataclass(frozen=True)
class Pixels:
    """How pixels 0..255 become the input of a TFLite model of floats: `scale * pixel + offset`, by channel."""

    scale: tuple[float, ...] = (2 / 255,)
    offset: tuple[float, ...] = (-1.0,)


@dataclass
class Subject:
    """A model that runs.

    Attributes:
      run: From images uint8 `[B, H, W, 3]` to its outputs by name.
      prepare: From images uint8 `[B, H, W, 3]` to what the runtime takes, where that is done outside of the model.
      shape: Of the runtime's input, None for any number.
      loaded: The runtime, for models that have one.
      detection_model: A model in memory, for a checkpoint.
      owner: What has to be kept alive.
    """

    kind: str
    place: Path
    shape: tuple[int | None, ...]
    run: Callable[[Images], Mapping[str, Any]]
    prepare: Callable[[Images], NDArray[Any]]
    load_seconds: float
    loaded: Loaded | None = None
    detection_model: Any = None
    owner: object = None

    @property
    def megabytes(self) -> float:
        """Of its file, files or folder."""
        if self.kind == "checkpoint" and not self.place.is_dir():
            return sum(map(bytes_of, self.place.parent.glob(f"{self.place.name}.*"))) / 1e6
        return bytes_of(self.place) / 1e6

    def refusal(self, batch_size: int) -> str | None:
        """Why a batch of that size cannot be run; None if it can."""
        only = self.shape[0] if self.shape else None
        if only in (None, batch_size):
            return None
        return f"the model takes {only} image{'s' if only != 1 else ''} at a time"


def load_subject(place: str, threads: int, pipeline_config: Any = None, pixels: Pixels | None = None) -> Subject:
    """Loads a model with a number of threads; of TensorFlow nothing may have run before in this process.

    Raises:
      CheckpointError, ConfigError: It cannot be loaded, or takes no images.
    """
    kind, path = kind_of(place), place_of(place)
    began = time.perf_counter()
    if kind in ("checkpoint", "frozen_graph"):
        _limit_threads(threads)
        subject = _checkpoint(place, pipeline_config) if kind == "checkpoint" else _frozen_graph(path)
    else:
        subject = _exported(kind, path, load_model(kind, str(path), threads), pixels or Pixels())
    subject.load_seconds = time.perf_counter() - began
    return subject


def _limit_threads(threads: int) -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def _exported(kind: str, path: Path, loaded: Loaded, pixels: Pixels) -> Subject:
    if len(loaded.shape) != 4 or loaded.dtype not in ("uint8", "float32"):
        taken = f"{loaded.dtype} {[side or 'any' for side in loaded.shape]}"
        cure = "export it for images: exporter_main_v2.py --input_type image_tensor"
        raise CheckpointError(f"the model does not take images but {taken}", str(path), cure)

    def prepare(images: Images) -> NDArray[Any]:
        return _prepared(images, loaded, pixels if kind == "tflite" else None)

    return Subject(kind, path, loaded.shape, lambda images: loaded.run(prepare(images)), prepare, 0.0, loaded)


def _prepared(images: Images, loaded: Loaded, pixels: Pixels | None) -> NDArray[Any]:
    height, width = (wanted or given for wanted, given in zip(loaded.shape[1:3], images.shape[1:3], strict=True))
    if images.shape[1:3] != (height, width):
        images = np.stack([fitted(image, height, width) for image in images])
    if loaded.dtype == "uint8":
        return images
    values = images.astype(np.float32)
    return values * np.float32(pixels.scale) + np.float32(pixels.offset) if pixels else values


def _frozen_graph(path: Path) -> Subject:
    import tensorflow as tf

    from tfod.checkpoints.frozen_graph import FrozenGraph
    from tfod.inference.graph_function import graph_function

    function, spec, owner = graph_function(FrozenGraph.read(path))
    shape = tuple(spec.shape.as_list())

    def run(images: Images) -> Mapping[str, Any]:
        return {name: value.numpy() for name, value in function(tf.constant(images, spec.dtype)).items()}

    return Subject("frozen_graph", path, shape, run, lambda images: images, 0.0, owner=owner)


def _checkpoint(place: str, pipeline_config: Any) -> Subject:
    import tensorflow as tf

    from tfod.checkpoints.restore import restore_model
    from tfod.config.gray import with_gray
    from tfod.models.build import build_model

    if pipeline_config is None:
        cure = "give --pipeline_config_path, the config of the training run"
        raise CheckpointError("a checkpoint holds weights alone", place, cure)
    model = build_model(with_gray(pipeline_config).model)
    restore_model(model, place)
    spec = tf.TensorSpec([None, None, None, 3], tf.uint8)
    detect = tf.function(model.detect, autograph=False, input_signature=[spec])

    def run(images: Images) -> Mapping[str, Any]:
        return {name: value.numpy() for name, value in detect(tf.constant(images)).items()}

    return Subject(
        "checkpoint", Path(place), (None, None, None, 3), run, lambda images: images, 0.0, detection_model=model
    )
