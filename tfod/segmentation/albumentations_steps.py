"""Augmentation as an Albumentations pipeline in a YAML file, for those who have one.

It runs outside of TensorFlow's graph, picture by picture, and is slower than `tfod.segmentation.augment`.
"""

import copy
import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from tfod.annotations.yaml_text import shallow_text
from tfod.errors import ConfigError

__all__ = ["AlbumentationsSteps", "read_albumentations"]

_VERSION = "2.0.8"  # the last one with a free licence
_CURE = "write it with albumentations.save(pipeline, path, data_format='yaml')"


class AlbumentationsSteps:
    """Augments a crop and its mask alike. The same seed gives the same result, in any thread."""

    def __init__(self, pipeline: Any, where: str) -> None:
        for step in _steps(pipeline):
            # What comes from outside of the picture is void, and ids are never mixed; see `__call__`.
            for name in ("fill_mask", "mask_interpolation"):
                if hasattr(step, name):
                    setattr(step, name, 0)
        self._pipeline = pipeline
        self._where = where
        self._local = threading.local()

    def __call__(
        self, picture: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Picture uint8 `[h, w, 3]` and mask uint8 `[h, w]`, changed.

        Raises ConfigError where the pipeline changes the size or gives something else than bytes.
        """
        own = getattr(self._local, "pipeline", None)
        if own is None:
            own = self._local.pipeline = copy.deepcopy(self._pipeline)  # a pipeline has one state, threads are many
        own.set_random_seed(seed)
        # Void is 0 inside of the pipeline, and class ids count from 1: so that what steps fill with 0 is void.
        changed = own(image=np.ascontiguousarray(picture), mask=mask + np.uint8(1))
        result, ids = np.asarray(changed["image"]), np.asarray(changed["mask"])
        if result.shape != picture.shape or ids.shape != mask.shape or result.dtype != np.uint8:
            what = f"the pipeline makes {result.dtype} {result.shape} of uint8 {picture.shape}"
            cure = "leave out what changes the size or the type (Resize, Normalize, ToFloat, ...)"
            raise ConfigError(what, self._where, cure)
        return result, ids.astype(np.uint8) - np.uint8(1)


def read_albumentations(path: str) -> AlbumentationsSteps:
    """The pipeline in a YAML file, as `albumentations.save` writes it.

    Raises ConfigError where the file is no such pipeline, or the package is not installed.
    """
    # On import it would ask the network for its newest version.
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    try:
        import albumentations
    except ImportError as error:
        cure = f"pip install 'albumentations=={_VERSION}', or choose off, light, strong, or settings"
        raise ConfigError("albumentations is not installed", path, cure) from error
    try:
        pipeline = albumentations.from_dict(yaml.safe_load(shallow_text(path)))
    # The package raises whatever its pieces do for a file that it does not understand.
    except Exception as error:
        raise ConfigError(f"the pipeline cannot be read: {' '.join(str(error).split())}", path, _CURE) from error
    if not callable(pipeline) or not hasattr(pipeline, "set_random_seed"):
        raise ConfigError("the file holds a step, not a pipeline", path, "put the steps into a Compose")
    return AlbumentationsSteps(pipeline, path)


def _steps(pipeline: Any) -> Iterator[Any]:
    yield pipeline
    for step in getattr(pipeline, "transforms", ()):
        yield from _steps(step)
