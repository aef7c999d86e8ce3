"""A pipeline of Albumentations in a file, for those who have one: the one door to that package.

It runs outside of TensorFlow's graph, image by image, and is slower than the steps of this room.
"""

from __future__ import annotations

import copy
import json
import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from tfod.annotations.yaml_text import shallow_text
from tfod.errors import ConfigError

__all__ = ["AlbumentationsPipeline", "read_pipeline"]

_VERSION = "2.0.8"  # the last one with a free licence
_CURE = "write it with albumentations.save(pipeline, path, data_format='yaml')"
_LIMITS = ("min_area", "min_visibility", "min_width", "min_height", "max_accept_ratio")
# They exchange left and right, and Albumentations does not exchange the keypoints that are called so.
_MIRRORS = ("D4", "HorizontalFlip", "SquareSymmetry", "Transpose", "VerticalFlip")


class AlbumentationsPipeline:
    """Changes an image and what belongs to it. The same seed gives the same result, in any thread.

    Attributes:
      where: The file that it was read from.
      mirrors: The names of its steps that exchange left and right, or above and below.
    """

    def __init__(self, pipeline: Any, where: str) -> None:
        for step in _steps(pipeline):
            # What comes from outside of the image is 0 in masks, and values of masks are never mixed.
            for name in ("fill_mask", "mask_interpolation"):
                if hasattr(step, name):
                    setattr(step, name, 0)
        self.where = where
        self.mirrors = [name for step in _steps(pipeline) if (name := type(step).__name__) in _MIRRORS]
        self._pipeline = pipeline
        self._local = threading.local()

    def __call__(self, seed: int, image: NDArray[np.uint8], **others: Any) -> dict[str, Any]:
        """The image uint8 `[H, W, 3]` and the `others`, by the package's names, changed alike.

        Raises ConfigError where the image becomes something else than bytes of three channels.
        """
        own = getattr(self._local, "pipeline", None)
        if own is None:
            own = self._local.pipeline = copy.deepcopy(self._pipeline)  # a pipeline has one state, threads are many
        own.set_random_seed(seed)
        changed: dict[str, Any] = own(image=np.ascontiguousarray(image), **others)
        result = changed["image"] = np.asarray(changed["image"])
        if result.dtype != np.uint8 or result.ndim != 3 or result.shape[2] != 3:
            self.refuse(image, result)
        return changed

    def refuse(self, before: NDArray[Any], after: NDArray[Any]) -> None:
        """Raises ConfigError for what the pipeline makes of an image."""
        what = f"the pipeline makes {after.dtype} {after.shape} of {before.dtype} {before.shape}"
        cure = "leave out what changes the size or the type (Resize, Normalize, ToFloat, ...)"
        raise ConfigError(what, self.where, cure)

    def with_objects(self) -> AlbumentationsPipeline:
        """The same steps for boxes and keypoints.

        They take `bboxes` float `[N, 4]`, xyxy relative to the image, with `rows` `[N]`, and `keypoints` float
        `[M, 2]`, xy in pixels, with `numbers` `[M]`. The least area or visibility of boxes that the file asks for stay.
        """
        import albumentations

        asked = getattr(self._pipeline, "processors", {}).get("bboxes")
        limits = {name: getattr(asked.params, name) for name in _LIMITS} if asked else {}
        boxes = albumentations.BboxParams(
            "albumentations", label_fields=["rows"], clip=True, filter_invalid_bboxes=True, **limits
        )
        points = albumentations.KeypointParams("xy", label_fields=["numbers"], remove_invisible=False)
        # The step that does nothing knows boxes and keypoints, where none of the others do.
        steps = [copy.deepcopy(self._pipeline), albumentations.NoOp(p=1)]
        pipeline = albumentations.Compose(steps, bbox_params=boxes, keypoint_params=points)
        return AlbumentationsPipeline(pipeline, self.where)


def read_pipeline(path: str) -> AlbumentationsPipeline:
    """The pipeline in a YAML or JSON file, as `albumentations.save` writes it.

    Raises ConfigError where the file is no such pipeline, or the package is not installed.
    """
    # On import it would ask the network for its newest version.
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    try:
        import albumentations
    except ImportError as error:
        cure = f"pip install 'albumentations=={_VERSION}', or augment without it"
        raise ConfigError("albumentations is not installed", path, cure) from error
    try:
        text = shallow_text(path)
        pipeline = albumentations.from_dict(json.loads(text) if path.endswith(".json") else yaml.safe_load(text))
    # The package raises whatever its pieces do for a file that it does not understand.
    except Exception as error:
        raise ConfigError(f"the pipeline cannot be read: {' '.join(str(error).split())}", path, _CURE) from error
    if not callable(pipeline) or not hasattr(pipeline, "set_random_seed"):
        raise ConfigError("the file holds a step, not a pipeline", path, "put the steps into a Compose")
    return AlbumentationsPipeline(pipeline, path)


def _steps(pipeline: Any) -> Iterator[Any]:
    yield pipeline
    for step in getattr(pipeline, "transforms", ()):
        yield from _steps(step)
