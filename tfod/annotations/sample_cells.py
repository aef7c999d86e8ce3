"""Drawn cells as under a microscope, with a mask: a data set for lessons on segmentation, without a download.

Light, stain and sharpness differ from image to image. Cells touch and hide each other. Dirt is as dark as a nucleus, so
a network has to see what surrounds a spot.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["CELL_CLASSES", "draw_cells"]

CELL_CLASSES = ("background", "cell", "nucleus")

_SIDE = 160
_CORNERS = 40  # of an outline

Pixels = NDArray[np.float32]
_Rng = np.random.Generator


def draw_cells(rng: _Rng) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draws four to nine cells: an image, uint8 `[160, 160, 3]` RGB, and a mask, uint8 `[160, 160]`.

    A pixel of the mask is the number of its class in CELL_CLASSES.
    """
    stain = rng.uniform([0.55, 0.3, 0.55], [0.8, 0.55, 0.8]).astype(np.float32)
    image = _ground(rng)
    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    for _ in range(rng.integers(3, 9)):
        spot = _blob(rng, rng.uniform(0, _SIDE, 2), rng.uniform(2, 8))
        _blend(image, spot, stain * rng.uniform(0.4, 0.7), 0.9)
    for _ in range(rng.integers(4, 10)):
        centre, radius = rng.uniform(8, _SIDE - 8, 2), rng.uniform(13, 25)
        cell = _blob(rng, centre, radius)
        _blend(image, cell, stain * rng.uniform(1.05, 1.3), 0.85)
        rim = cell - cv2.erode(cell, np.ones((3, 3), np.uint8))
        _blend(image, rim, stain * 0.8, 0.6)
        nucleus = _blob(rng, centre + rng.normal(0, radius / 8, 2), radius * rng.uniform(0.3, 0.45)) * cell
        _blend(image, nucleus, stain * rng.uniform(0.45, 0.75), 0.9)
        mask[cell > 0.5] = 1
        mask[nucleus > 0.5] = 2
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.0)).astype(np.float32)
    image = image * rng.uniform(0.8, 1.1) + rng.normal(0, rng.uniform(0.01, 0.04), image.shape)
    return (np.clip(image, 0, 1) * 255).round().astype(np.uint8), mask


def _ground(rng: _Rng) -> Pixels:
    """Bright, a little tinted, brighter at one side; float32 `[H, W, 3]`, 0 to 1."""
    shade = rng.normal(0, 0.06, (4, 4, 1)).astype(np.float32)
    tint = rng.uniform(0.8, 0.95, 3).astype(np.float32)
    return (tint + cv2.resize(shade, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)[..., np.newaxis]).astype(np.float32)


def _blob(rng: _Rng, centre: NDArray[np.float64], radius: float) -> Pixels:
    """How much a roundish thing covers each pixel, float32 `[H, W]`, 0 to 1."""
    angles = np.linspace(0, 2 * math.pi, _CORNERS, endpoint=False)
    wave = sum(rng.normal(0, 0.06) * np.sin(k * angles + rng.uniform(0, 2 * math.pi)) for k in (2, 3, 4))
    corners = centre + radius * (1 + wave)[:, np.newaxis] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    covered = np.zeros((_SIDE, _SIDE), np.uint8)
    cv2.fillPoly(covered, [np.rint(corners * 16).astype(np.int32)], (255,), cv2.LINE_AA, shift=4)
    return (covered / 255).astype(np.float32)


def _blend(image: Pixels, covered: Pixels, colour: Pixels, opacity: float) -> None:
    """Lays a colour over the image, in place, where it is covered."""
    image += (np.minimum(colour, 1) - image) * (opacity * covered)[..., np.newaxis].astype(np.float32)
