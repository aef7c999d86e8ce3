"""Values between those of an array."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["mixed"]


def mixed(
    values: NDArray[np.float32] | NDArray[np.uint8], places: NDArray[np.float32], axis: int
) -> NDArray[np.float32]:
    """The values at fractions of an axis, mixed linearly of both neighbours; beyond the last one it counts alone.

    >>> mixed(np.float32([[0, 10, 20]]), np.float32([0, 0.25, 1.5, 2.5]), axis=1).tolist()
    [[0.0, 2.5, 15.0, 20.0]]

    Args:
      values: float32 or uint8, of any shape.
      places: float32 `[P]`, at least 0, in steps of the axis.

    Returns:
      float32, with `P` values along the axis.
    """
    last = values.shape[axis] - 1
    lower = np.minimum(np.floor(places).astype(np.int64), last)
    part = (places - lower).astype(np.float32).reshape([-1 if one == axis else 1 for one in range(values.ndim)])
    mixture = np.take(values, lower, axis).astype(np.float32, copy=False)
    if part.any():  # not where every second value is taken, say
        change = np.subtract(np.take(values, np.minimum(lower + 1, last), axis), mixture, dtype=np.float32)
        change *= part
        mixture += change
    return mixture
