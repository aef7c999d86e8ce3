"""Augmentation of a U-Net's crops by a pipeline of Albumentations."""

import numpy as np
from numpy.typing import NDArray

from tfod.augment.albumentations_pipeline import AlbumentationsPipeline, read_pipeline

__all__ = ["AlbumentationsSteps", "read_albumentations"]


class AlbumentationsSteps:
    """Augments a crop and its mask alike. The same seed gives the same result, in any thread."""

    def __init__(self, pipeline: AlbumentationsPipeline) -> None:
        self._pipeline = pipeline

    def __call__(
        self, picture: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Picture uint8 `[h, w, 3]` and mask uint8 `[h, w]`, changed.

        Raises ConfigError where the pipeline changes the size or gives something else than bytes.
        """
        # Void is 0 inside of the pipeline, and class ids count from 1: so that what steps fill with 0 is void.
        changed = self._pipeline(seed, picture, mask=mask + np.uint8(1))
        result, ids = changed["image"], np.asarray(changed["mask"])
        if result.shape != picture.shape or ids.shape != mask.shape:
            self._pipeline.refuse(picture, result)
        return result, ids.astype(np.uint8) - np.uint8(1)


def read_albumentations(path: str) -> AlbumentationsSteps:
    """The pipeline in a YAML or JSON file; see `read_pipeline`, which raises ConfigError."""
    return AlbumentationsSteps(read_pipeline(path))
