"""What a detector asks of a runtime.

Letters: `B` images, `H W` pixels, `N` detections of each.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

__all__ = ["Backend"]


class Backend(Protocol):
    """A loaded model.

    Attributes:
      shape: Of the images that it takes, `(B, H, W, 3)`, None for any.
      dtypes: Of the images that it takes: `uint8`, `float32`.
      class_names: Class id to name, as its file has them; empty where that has none.
    """

    shape: tuple[int | None, ...]
    dtypes: tuple[str, ...]
    class_names: Mapping[int, str]

    def __call__(self, images: NDArray[Any], wanted: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """The outputs, float32 `[B, N, ...]`, by the original's names, of images uint8 or float32 `[B, H, W, 3]`.

        Images fit the model, and are RGB, 0 to 255. Boxes are relative to them, and classes count from 1, whatever the
        format has.

        Args:
          wanted: Outputs that are needed, of which those are given that there are; None for all.

        Raises:
          DataError: The model cannot compute with images of this size.
        """
