"""The weights, pictures and samples of a parity case, by rules that anybody can follow: nothing is stored.

Imports NumPy alone, since programs of both sides and the tests use it.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["ellipse", "flattened", "pictures", "sample", "untied", "weight"]

_SMALL_GAIN = (
    "_box_encoder_layers", "_class_predictor_layers", "_prediction_head_dict", "_first_stage_box_predictor",
    "Predictor",  # of TensorFlow 1
)  # fmt: skip
_SAMPLES = 4096
_WHOLE = 200_000
_TIE = 1e-5


def flattened(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors of a prediction by name; those of a list by their numbers, as `class_predictions/0`."""
    flat: dict[str, Any] = {}
    for name, value in tensors.items():
        in_list = isinstance(value, (list, tuple))
        flat |= {f"{name}/{number}": one for number, one in enumerate(value)} if in_list else {name: value}
    return flat


def weight(key: str, shape: tuple[int, ...], kernel_gain: float = 1.0) -> np.ndarray:
    """The float32 value of the variable of a checkpoint key (without suffix)."""
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    leaf = key.rsplit("/", 1)[-1]
    if leaf == "moving_variance":
        value = rng.uniform(0.5, 1.5, shape)
    elif leaf == "gamma":
        value = rng.uniform(0.8, 1.2, shape)
    elif leaf in ("moving_mean", "beta", "bias", "biases"):
        value = 0.1 * rng.standard_normal(shape)
    else:
        gain = kernel_gain * (0.3 if any(part in key for part in _SMALL_GAIN) else 1.0)
        value = gain * np.sqrt(2 / _fan_in(leaf, shape)) * rng.standard_normal(shape)
    return np.asarray(value, np.float32)


def _fan_in(leaf: str, shape: tuple[int, ...]) -> int:
    if leaf in ("depthwise_kernel", "depthwise_weights") and len(shape) == 4:
        return shape[0] * shape[1]
    return int(np.prod(shape[:-1])) if len(shape) >= 2 else 1


def pictures(height: int, width: int) -> np.ndarray:
    """Two pictures, float32 `[2, H, W, 3]` of 0..255: ramps and blocks."""
    k, y, x, c = np.meshgrid(np.arange(2), np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    ramp = (x * (c + 2) + y * (5 - c) + 37 * k) // 2
    blocks = 64 * ((x // 32 + y // 24 + c + k) % 3)
    return ((ramp + blocks) % 256).astype(np.float32)


def ellipse(box: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mask of an object, float32 `[height, width]`: 1 in the ellipse that touches the sides of a box `[4]`, yxyx,
    relative to the image."""
    ymin, xmin, ymax, xmax = (float(side) for side in box)
    if ymax <= ymin or xmax <= xmin:
        return np.zeros([height, width], np.float32)
    rows, columns = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    y = (rows - (ymin + ymax) / 2) / ((ymax - ymin) / 2)
    x = (columns - (xmin + xmax) / 2) / ((xmax - xmin) / 2)
    return (y[:, np.newaxis] ** 2 + x[np.newaxis] ** 2 <= 1).astype(np.float32)


def sample(name: str, array: np.ndarray) -> np.ndarray:
    """What a case keeps of an array."""
    if name == "preprocessed":
        return array[:, ::16, ::16]
    is_detection = name.startswith("detection/") and not name.startswith("detection/raw_")
    if name == "prediction/anchors" or (is_detection and array.size <= _WHOLE):
        return array
    if name.startswith(("prediction/", "detection/")) and array.size > _SAMPLES:
        return array.reshape(-1)[:: max(1, array.size // _SAMPLES)][:_SAMPLES]
    return array


def untied(scores: np.ndarray, tie: float = _TIE) -> np.ndarray:
    """Where scores `[..., N]`, descending, differ enough from their neighbours for their order to be certain.

    Of the last one it is not known: its neighbour may be one for which there was no place.
    """
    certain = np.ones(scores.shape, bool)
    close = np.abs(np.diff(scores, axis=-1)) < tie
    certain[..., 1:] &= ~close
    certain[..., :-1] &= ~close
    certain[..., -1] = False
    return certain
