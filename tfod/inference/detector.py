"""One detector over exported models and checkpoints, in whatever format.

Letters: `B` images, `H W` pixels, `N` detections of an image.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tfod import names
from tfod.config.keypoints import keypoint_edges
from tfod.errors import ConfigError, DataError
from tfod.inference.backends.backend import Backend
from tfod.inference.class_names import config_beside, edges_beside, names_beside, names_in_config
from tfod.inference.detections import WITH_SHAPES, Detections
from tfod.inference.images import read_image
from tfod.inference.recognition import Format, ModelPlace, find_exported_model, find_model
from tfod.stores import is_file

if TYPE_CHECKING:
    from tfod.models.detection_model import DetectionModel

__all__ = ["Detector"]

Image = NDArray[np.uint8] | Path | str
"""Pixels, uint8 `[H, W, 3]`, RGB; or a file, which is turned as its EXIF says."""

Edges = Sequence[tuple[int, int]]

# Of a model that takes any number of images: more at once need more memory, and are hardly faster.
_AT_ONCE = 8
_THREE_CHANNELS = "give images of three channels, red, green and blue: uint8 [H, W, 3]"


class Detector:
    """Finds objects on images.

    `Detector("exported_models/raccoons")("photo.jpg").best(10, min_score=0.5)` gives the ten surest objects of a photo.

    Attributes:
      format: `saved_model`, `frozen_graph`, `checkpoint` (or a model in memory), `tflite` or `onnx`.
      class_names: Class id to name; empty where nothing tells them.
      backend: What runs the model, in batches as they are given.
    """

    format: Format
    class_names: Mapping[int, str]
    backend: Backend

    def __init__(
        self,
        model: Path | str,
        *,
        pipeline_config: Any = None,
        label_map: Path | str | None = None,
        threads: int | None = None,
    ) -> None:
        """Loads a model, which is recognised by what it is, not by its name.

        Args:
          model: An exported model: its folder, a frozen graph of TensorFlow 1, a `.tflite` or `.onnx` file; or a
            checkpoint: its folder, of which the newest is taken, or a prefix (`.../ckpt-3`).
          pipeline_config: A file or a TrainEvalPipelineConfig; None for the `pipeline.config` in the model's folder or
            in the one above. A checkpoint needs one; of other models it names classes and lines between keypoints.
          label_map: Names the classes; None for the names in the model's file, or a `label_map.pbtxt` beside it, or
            those of the config there.
          threads: How many it computes in; None for as many as there are processors.

        Raises:
          CheckpointError: There is no model, or one that is damaged, detects nothing or needs what is not here.
          ConfigError: The config, the label map or a package that the format needs is missing or damaged.
        """
        if threads is not None and threads < 1:
            raise ConfigError(f"nothing computes in {threads} threads", "threads", "give 1 or more")
        place = find_model(model)
        given = os.fspath(model)
        if place.format == "checkpoint":
            pipeline_config = pipeline_config or _config_of(place.path, given)
        if isinstance(pipeline_config, str | Path):
            from tfod.config.pipeline import read_pipeline_config

            pipeline_config = read_pipeline_config(pipeline_config)
        self.format = place.format
        self.backend = _opened(place, pipeline_config, threads)
        self.class_names = _class_names(self.backend, label_map, pipeline_config, place.path)
        self._find_edges = _edges_finder(pipeline_config, place.path)

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
        place = ModelPlace("frozen_graph" if is_file(path) else "saved_model", path)
        return cls._of(place.format, _opened(place, None, None), find_edges=_edges_finder(None, path))

    @classmethod
    def from_checkpoint(cls, pipeline_config: Any, checkpoint: Path | str) -> "Detector":
        """The model of a pipeline config with the weights of a checkpoint.

        Args:
          pipeline_config: a TrainEvalPipelineConfig.
          checkpoint: a checkpoint's prefix (`.../ckpt-3`), or a folder, of which the latest is taken.

        Raises:
          ConfigError, CheckpointError: the model cannot be built, or the checkpoint is of another.
        """
        place = ModelPlace("checkpoint", os.fspath(checkpoint))
        class_names, find_edges = names_in_config(pipeline_config), _edges_finder(pipeline_config, place.path)
        return cls._of("checkpoint", _opened(place, pipeline_config, None), class_names, find_edges)

    @classmethod
    def from_model(cls, model: "DetectionModel") -> "Detector":
        """A model in memory, with its present weights."""
        from tfod.inference.backends.tensorflow import TensorFlowDetector

        return cls._of("checkpoint", TensorFlowDetector.of_model(model))

    @classmethod
    def _of(
        cls,
        kind: Format,
        backend: Backend,
        class_names: Mapping[int, str] | None = None,
        find_edges: Callable[[], Edges] = tuple,
    ) -> "Detector":
        detector = cls.__new__(cls)
        detector.format, detector.backend, detector.class_names = kind, backend, class_names or {}
        detector._find_edges = find_edges
        return detector

    @cached_property
    def keypoint_edges(self) -> Edges:
        """Pairs of numbers of keypoints, from 0, between which there is a line: those of `eval_config.keypoint_edge`.

        Empty where there is no config. Raises ConfigError where the one beside the model is damaged.
        """
        # Not before there are keypoints: a model without any needs no config.
        return self._find_edges()

    @property
    def image_size(self) -> tuple[int | None, int | None]:
        """Height and width of the images that it takes, in pixels; None for any."""
        return self.backend.shape[1], self.backend.shape[2]

    @property
    def batch_size(self) -> int | None:
        """How many images it takes at once; None for any number. Others are brought to it."""
        return self.backend.shape[0]

    def __call__(self, image: Image | Sequence[Image] | NDArray[np.uint8]) -> Detections | list[Detections]:
        """What is on an image; or on several, a list in their order.

        Args:
          image: Pixels, uint8 `[H, W, 3]`, RGB, or a file; or several of these, whose sizes may differ, or uint8
            `[B, H, W, 3]`. Files are turned as their EXIF says.

        Raises:
          DataError: A file cannot be read, or the model takes other images, which it says.
        """
        if isinstance(image, str | Path):
            return self.detect(read_image(image))
        if not isinstance(image, np.ndarray):
            several = image if isinstance(image, Iterable) else [image]
            return self.detect_all([_pixels(one) for one in several])
        if image.ndim == 4:
            return self.detect_all(list(image))
        return self.detect(image)

    def detect(self, image: NDArray[np.uint8]) -> Detections:
        """What is on one image, uint8 `[H, W, 3]`, RGB; DataError where it is something else."""
        return self.detect_all([np.asarray(image)])[0]

    def outputs(self, images: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """The model's outputs by name, float32 `[B, N, ...]`, classes from 1, of images uint8 `[B, H, W, 3]`, RGB.

        Raises DataError, which names what the model takes, where they are something else.
        """
        return self._outputs(np.asarray(images), None)

    def detect_all(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """What is on each of some images, uint8 `[H, W, 3]`, RGB; those of one size go through the model together."""
        by_size: dict[tuple[int | str, ...], list[int]] = defaultdict(list)
        for number, image in enumerate(images):
            by_size[(*image.shape, image.dtype.str)].append(number)
        found: dict[int, Detections] = {}
        for rows in by_size.values():
            outputs = self._outputs(np.stack([images[number] for number in rows]), WITH_SHAPES)
            for row, number in enumerate(rows):
                height, width = images[number].shape[:2]
                one = {name: values[row : row + 1] for name, values in outputs.items()}
                edges = self.keypoint_edges if names.DETECTION_KEYPOINTS in one else ()
                found[number] = Detections.from_outputs(one, height, width, self.class_names, edges)
        return [found[number] for number in range(len(images))]

    def _outputs(self, images: NDArray[Any], wanted: Sequence[str] | None) -> dict[str, NDArray[Any]]:
        self._require_fit(images)
        parts = [self.backend(chunk, wanted) for chunk in _chunks(images, self.backend.shape[0])]
        if len(parts) == 1:
            return {name: values[: len(images)] for name, values in parts[0].items()}
        return {name: np.concatenate([part[name] for part in parts])[: len(images)] for name in parts[0]}

    def _require_fit(self, images: NDArray[Any]) -> None:
        """Raises DataError, since runtimes would cut other numbers to their type, or fail in words of their own."""
        shape = self.backend.shape
        fits = len(images.shape) == 4 and all(
            wanted in (None, given) for wanted, given in zip(shape[1:], images.shape[1:], strict=True)
        )
        if not fits or str(images.dtype) not in self.backend.dtypes:
            wanted, given = _sides(shape), _sides(images.shape)
            types = " or ".join(self.backend.dtypes)
            what = f"the model takes images of {wanted} (batch, height, width, channels), {types}, and got"
            cure = f"bring the images to that size, 0 to 255 in {types}, or export the model without --input_shape"
            raise DataError(f"{what} {given}, {images.dtype}", "the images", cure)
        if 0 in images.shape:
            what = f"there is no pixel in images of {_sides(images.shape)} (batch, height, width, channels)"
            raise DataError(what, "the images", "leave out images without pixels")


def _pixels(image: Any) -> NDArray[np.uint8]:
    if isinstance(image, str | Path):
        return read_image(image)
    if isinstance(image, np.ndarray):
        return image
    what = f"an image is given as {type(image).__name__}"
    raise DataError(what, "the images", f"name its file, or {_THREE_CHANNELS}")


def _chunks(images: NDArray[Any], exactly: int | None) -> Iterator[NDArray[Any]]:
    """As many images at a time as a model takes, the last one repeated where there are fewer; None: any number."""
    for start in range(0, len(images), exactly or _AT_ONCE):
        chunk = images[start : start + (exactly or _AT_ONCE)]
        yield chunk if exactly is None else np.pad(chunk, [(0, exactly - len(chunk)), *[(0, 0)] * 3], mode="edge")


def _opened(place: ModelPlace, pipeline_config: Any, threads: int | None) -> Backend:
    """The model in its runtime, which is imported here: each needs its own alone."""
    if place.format == "tflite":
        from tfod.inference.backends.tflite import TFLiteDetector

        return TFLiteDetector(place.path, threads)
    if place.format == "onnx":
        from tfod.inference.backends.onnx import ONNXDetector

        return ONNXDetector(place.path, threads)
    from tfod.inference.backends.tensorflow import TensorFlowDetector, use_threads

    if threads is not None:
        use_threads(threads)
    if place.format == "checkpoint":
        return TensorFlowDetector.of_checkpoint(pipeline_config, place.path)
    if place.format == "frozen_graph":
        return TensorFlowDetector.of_frozen_graph(place.path)
    return TensorFlowDetector.of_saved_model(place.path)


def _config_of(checkpoint: str, given: str) -> str:
    """The file of the config beside a checkpoint."""
    path = config_beside(given) or config_beside(checkpoint) or config_beside(os.path.dirname(checkpoint))
    if path is None:
        what = "a checkpoint alone is no model: there is no pipeline.config beside it"
        raise ConfigError(what, checkpoint, "give its config: Detector(..., pipeline_config=...)")
    return path


def _class_names(backend: Backend, label_map: Path | str | None, pipeline_config: Any, path: str) -> Mapping[int, str]:
    if label_map is not None:
        from tfod.config.label_map import read_label_map

        return read_label_map(label_map).names
    if backend.class_names:
        return backend.class_names
    return names_beside(path) if pipeline_config is None else names_in_config(pipeline_config)


def _edges_finder(pipeline_config: Any, path: str) -> Callable[[], Edges]:
    if pipeline_config is None:
        return partial(edges_beside, path)
    return partial(keypoint_edges, pipeline_config.eval_config)


def _sides(shape: Sequence[int | None]) -> str:
    return " x ".join("any" if side is None else str(side) for side in shape)
