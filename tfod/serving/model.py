"""The model that is served: what it takes, and what it gives.

Letters: `B` images of one size, `H W` pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tfod import names
from tfod.serving.worker import Outputs

__all__ = ["VERSION", "ServedModel", "Source"]

VERSION = 1
_TRIED = 320  # pixels of the side of the first image, where the model takes any
_TYPES = {"f": "DT_FLOAT", "i": "DT_INT64", "u": "DT_UINT8"}


class Source(Protocol):
    """What is needed of a detector."""

    @property
    def image_size(self) -> tuple[int | None, int | None]:
        """Height and width of the images that it takes; None for any."""

    @property
    def batch_size(self) -> int | None:
        """How many images it takes at once; None for any number."""

    def outputs(self, images: NDArray[np.uint8]) -> Outputs:
        """Arrays `[B, ...]` by name, of images uint8 `[B, H, W, 3]`."""


@dataclass
class ServedModel:
    """A detector under a name.

    Attributes:
      name: In addresses.
      source: The detector.
      class_names: By id, from 1.
      example: What it gives for one image, arrays `[1, ...]`.
    """

    name: str
    source: Source
    class_names: Mapping[int, str]
    example: Outputs = field(init=False)

    def __post_init__(self) -> None:
        """Runs the model once: the first client need not wait until its graph is ready."""
        height, width = (size or _TRIED for size in self.source.image_size)
        self.example = self.source.outputs(np.zeros([1, height, width, 3], np.uint8))

    @property
    def takes_batches(self) -> bool:
        """Whether it takes several images at once."""
        return self.source.batch_size != 1

    def metadata(self) -> dict[str, Any]:
        """The signature, as TensorFlow Serving tells it."""
        batch = -1 if self.takes_batches else 1
        height, width = (size or -1 for size in self.source.image_size)
        signature = {
            "inputs": {names.INPUT_TENSOR: _tensor(names.INPUT_TENSOR, "DT_UINT8", (batch, height, width, 3))},
            "outputs": {
                name: _tensor(name, _TYPES.get(values.dtype.kind, "DT_INVALID"), (batch, *values.shape[1:]))
                for name, values in self.example.items()
            },
            "method_name": "tensorflow/serving/predict",
        }
        spec = {"name": self.name, "signature_name": "", "version": str(VERSION)}
        return {
            "model_spec": spec,
            "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
        }


def _tensor(name: str, dtype: str, shape: tuple[int, ...]) -> dict[str, Any]:
    sides = [{"size": str(side), "name": ""} for side in shape]
    return {"dtype": dtype, "tensor_shape": {"dim": sides, "unknown_rank": False}, "name": f"{name}:0"}
