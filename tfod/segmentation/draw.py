"""Masks drawn for people: colours laid over the picture, and picture | truth | prediction side by side."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tfod.segmentation.classes import VOID, ClassTable

__all__ = ["coloured", "overlaid", "side_by_side"]

_OPACITY = 0.5
_VOID_COLOUR = (224, 224, 224)
_GAP = 4


def coloured(classes: NDArray[np.uint8], table: ClassTable) -> NDArray[np.uint8]:
    """Each pixel in its class's colour, void in light grey: uint8 `[H, W]` to `[H, W, 3]`."""
    return _palette(table)[classes]


def overlaid(
    picture: NDArray[np.uint8], classes: NDArray[np.uint8], table: ClassTable, opacity: float = _OPACITY
) -> NDArray[np.uint8]:
    """The picture, uint8 `[H, W, 3]`, tinted by its classes, uint8 `[H, W]`, with lines between them.

    A class whose colour is black, as a background's is, is left as it is.
    """
    colours = coloured(classes, table).astype(np.float32)
    shown = colours.any(axis=-1, keepdims=True)
    tinted = np.where(shown, (1.0 - opacity) * picture + opacity * colours, picture)
    edges = cv2.morphologyEx(classes, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    return np.where(edges[..., np.newaxis] & shown, colours, tinted).astype(np.uint8)


def side_by_side(pictures: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures of one height in a row, with white lines between them: `[H, W, 3]` each."""
    line = np.full((pictures[0].shape[0], _GAP, 3), 255, np.uint8)
    return np.concatenate([part for picture in pictures for part in (line, picture)][1:], axis=1)


def _palette(table: ClassTable) -> NDArray[np.uint8]:
    palette = np.full((256, 3), _VOID_COLOUR, np.uint8)
    palette[: len(table.colours)] = table.colours
    palette[VOID] = _VOID_COLOUR
    return palette
