"""Comparing what two computations of one model detect."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfod import names

__all__ = ["assert_same_detections"]


def assert_same_detections(found: Mapping[str, Any], expected: Mapping[str, Any], tolerance: float = 2e-5) -> None:
    """Equal but for rounding, `tolerance` of the largest value, that two orders of summation or two CPUs give.

    What suppression keeps can turn on the last digit of a score. So what it chooses from is compared, and its first
    choice.
    """
    pairs = {name: (found[name], expected[name]) for name in (names.RAW_DETECTION_BOXES, names.RAW_DETECTION_SCORES)}
    pairs["best"] = found[names.DETECTION_SCORES][:, 0], expected[names.DETECTION_SCORES][:, 0]
    for name, (actual, desired) in pairs.items():
        limit = tolerance * np.abs(desired).max()
        np.testing.assert_allclose(actual, desired, rtol=0, atol=limit, err_msg=name)
