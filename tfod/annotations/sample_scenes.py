"""Drawn scenes with known boxes: a data set for the demo, for lessons and for tests, without a download.

Every scene has its own light, texture and clutter; its objects differ in size, colour and angle, and hide
parts of each other. Colour tells nothing about the class, so a detector has to learn shapes.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASS_NAMES", "Scene", "SceneObject", "draw_scene", "draw_scenes"]

Picture = NDArray[np.float32]
_Rng = np.random.Generator

_SIZES = ((320, 240), (240, 320), (300, 300))  # width, height
_MOST_OBJECTS = 6
_SMALLEST, _LARGEST = 0.18, 0.55  # of the picture's shorter side
_LEAST_VISIBLE = 0.6  # of an object, when others hide it or the edge cuts it
_SUPERSAMPLING = 4


@dataclass(frozen=True)
class SceneObject:
    """One object: its class and its box `(xmin, ymin, xmax, ymax)` in pixels, as Pascal VOC writes it.

    The box encloses what is visible. `truncated`: the picture's edge cuts the object; `occluded`: another
    object or a stalk hides a part of it. `visible`, bool `[H, W]`, are its pixels that can be seen.
    """

    class_name: str
    box: tuple[int, int, int, int]
    truncated: bool
    occluded: bool
    visible: NDArray[np.bool_] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Scene:
    """A picture, uint8 `[H, W, 3]` RGB, and the objects in it."""

    image: NDArray[np.uint8]
    objects: tuple[SceneObject, ...]


def draw_scenes(count: int, seed: int) -> Iterator[Scene]:
    """Yields `count` scenes; the i-th depends on `seed` and i alone."""
    for index in range(count):
        yield draw_scene(np.random.default_rng((seed, index)))


def draw_scene(rng: _Rng) -> Scene:
    """Draws one scene with one to six objects."""
    width, height = _SIZES[rng.integers(len(_SIZES))]
    image = _background(rng, width, height)
    for _ in range(rng.integers(6, 16)):
        _add_clutter(rng, image)
    # For each object: class, its whole area in pixels, and the pixels that can still be seen.
    drawn: list[tuple[str, float, NDArray[np.bool_]]] = []
    for _ in range(rng.integers(1, _MOST_OBJECTS + 1)):
        _try_to_add_object(rng, image, drawn)
    _add_stalks(rng, image, drawn)
    objects = tuple(_scene_object(*entry) for entry in drawn)
    return Scene(_photograph(rng, image), objects)


def _try_to_add_object(rng: _Rng, image: Picture, drawn: list[tuple[str, float, NDArray[np.bool_]]]) -> None:
    """Adds an object at a place where enough of it and of all the others stays visible, if one is found."""
    height, width = image.shape[:2]
    for _ in range(20):
        size = int(min(height, width) * math.exp(rng.uniform(math.log(_SMALLEST), math.log(_LARGEST))))
        top = int(rng.integers(-size // 5, height - size + size // 5))
        left = int(rng.integers(-size // 5, width - size + size // 5))
        name = CLASS_NAMES[rng.integers(len(CLASS_NAMES))]
        patch = _SHAPES[name](rng, size)
        covered = np.zeros((height, width), np.float32)
        _paste(covered[..., None], np.ones((size, size, 1), np.float32), patch[..., 3:], top, left)
        mask = covered > 0.5
        area = float((patch[..., 3] > 0.5).sum())
        hidden_too_much = any((seen & ~mask).sum() < _LEAST_VISIBLE * whole for _, whole, seen in drawn)
        if hidden_too_much or mask.sum() < _LEAST_VISIBLE * area:
            continue
        shadow = np.zeros((size, size, 3), np.float32)
        _paste(image, shadow, cv2.GaussianBlur(patch[..., 3], (0, 0), size / 16)[..., None] * 0.45,
               top + size // 14, left + size // 18)  # fmt: skip
        _paste(image, patch[..., :3], patch[..., 3:], top, left)
        drawn[:] = [(other, whole, seen & ~mask) for other, whole, seen in drawn]
        drawn.append((name, area, mask))
        return


def _add_stalks(rng: _Rng, image: Picture, drawn: list[tuple[str, float, NDArray[np.bool_]]]) -> None:
    """Draws up to three thin stalks in front of everything."""
    height, width = image.shape[:2]
    for _ in range(rng.integers(0, 4)):
        hidden = np.zeros((height, width), np.uint8)
        start = (int(rng.integers(width)), height)
        end = (start[0] + int(rng.integers(-60, 61)), int(rng.integers(0, height // 2)))
        cv2.line(hidden, start, end, (1,), thickness=int(rng.integers(2, 6)), lineType=cv2.LINE_8)
        image[hidden > 0] = _colour(rng) * 0.8
        drawn[:] = [(name, whole, seen & (hidden == 0)) for name, whole, seen in drawn]


def _scene_object(name: str, area: float, visible: NDArray[np.bool_]) -> SceneObject:
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    height, width = visible.shape
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    truncated = box[0] == 0 or box[1] == 0 or box[2] == width or box[3] == height
    return SceneObject(name, box, truncated, bool(visible.sum() < 0.97 * area), visible)


def _background(rng: _Rng, width: int, height: int) -> Picture:
    """Two colours that run into each other, with a coarse and a fine texture; float32 `[H, W, 3]`, 0 to 1."""
    angle = rng.uniform(0, 2 * math.pi)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    along = (columns / width - 0.5) * math.cos(angle) + (rows / height - 0.5) * math.sin(angle) + 0.5
    first, second = _colour(rng, 0.5), _colour(rng, 0.5)
    image = first + (second - first) * np.clip(along, 0, 1)[..., None]
    for cells, strength in ((4, 0.1), (12, 0.05), (48, 0.035)):
        coarse = rng.normal(0, strength, (cells, cells, 3)).astype(np.float32)
        coarse = coarse.mean(axis=2, keepdims=True) * 1.5 + 0.3 * coarse
        image += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.3:  # planks, tiles
        wave = np.sin(along * rng.uniform(20, 60)) > rng.uniform(0.6, 0.95)
        image -= 0.12 * wave[..., None].astype(np.float32)
    return np.clip(image, 0, 1).astype(np.float32)


def _add_clutter(rng: _Rng, image: Picture) -> None:
    """Draws one thing that is of no class: a line, an arc, a speck, a splinter or a faint patch."""
    height, width = image.shape[:2]
    layer = image.copy()
    colour = tuple(float(channel) for channel in _colour(rng))
    centre = np.array([rng.integers(width), rng.integers(height)])
    extent = min(height, width) * rng.uniform(0.03, 0.2)
    kind = rng.integers(5)
    if kind == 0:
        end = centre + rng.normal(0, 2 * extent, 2)
        cv2.line(layer, _point(centre), _point(end), colour, int(rng.integers(1, 4)), cv2.LINE_AA)
    elif kind == 1:
        axes = _point(extent * rng.uniform(0.3, 1.2, 2))
        start = rng.uniform(0, 360)
        cv2.ellipse(layer, _point(centre), axes, rng.uniform(0, 360), start, start + rng.uniform(40, 150),
                    colour, int(rng.integers(1, 4)), cv2.LINE_AA)  # fmt: skip
    elif kind == 2:
        cv2.circle(layer, _point(centre), int(rng.integers(1, 5)), colour, -1, cv2.LINE_AA)
    else:
        corners = centre + rng.normal(0, extent * (0.4 if kind == 3 else 1.0), (3 if kind == 3 else 4, 2))
        cv2.fillPoly(layer, [np.rint(corners).astype(np.int32)], colour, cv2.LINE_AA)
    opacity = rng.uniform(0.15, 0.4) if kind == 4 else rng.uniform(0.5, 1.0)
    image += (layer - image) * np.float32(opacity)


def _photograph(rng: _Rng, image: Picture) -> NDArray[np.uint8]:
    """Light from one side, a colour cast, exposure, a little blur and noise; uint8."""
    height, width = image.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    slope = rng.normal(0, 0.15, 2)
    light = 1 + slope[0] * rows + slope[1] * columns - rng.uniform(0, 0.2) * (rows**2 + columns**2)
    lit = image * light[..., None] * rng.normal(1, 0.05, 3)
    lit = np.clip(lit, 0, 1) ** rng.uniform(0.75, 1.25)
    lit = cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.3, 0.9))
    lit += rng.normal(0, rng.uniform(0.005, 0.035), lit.shape)
    return (np.clip(lit, 0, 1) * 255).round().astype(np.uint8)


def _ball(rng: _Rng, size: int) -> Picture:
    """A shaded ball with a highlight."""
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    angle = rng.uniform(0, 2 * math.pi)
    to_light = np.hypot(rows - 0.4 * math.sin(angle), columns - 0.4 * math.cos(angle))
    shade = np.clip(1.15 - 0.55 * to_light**2, 0.3, None)[..., None]
    highlight = np.exp(-((to_light / 0.22) ** 2))[..., None] * rng.uniform(0.2, 0.6)
    return _patch(_ellipse_mask(size, 1.0), _colour(rng) * shade + highlight)


def _ring(rng: _Rng, size: int) -> Picture:
    """A ring that is brightest in the middle of its tube; the background shows through its hole."""
    hole = rng.uniform(0.42, 0.6)
    radius = np.hypot(*np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j])
    across = (radius - (1 + hole) / 2) / ((1 - hole) / 2)
    shade = np.clip(1.1 - 0.5 * across**2, 0.3, None)[..., None]
    return _patch(_ellipse_mask(size, 1.0) - _ellipse_mask(size, hole), _colour(rng) * shade)


def _star(rng: _Rng, size: int) -> Picture:
    """A star with five points, each half in light and half in shade."""
    turn, waist = rng.uniform(0, 2 * math.pi), rng.uniform(0.4, 0.5)
    angles = turn + np.arange(10) * math.pi / 5
    radii = np.where(np.arange(10) % 2 == 0, 1.0, waist)
    corners = np.stack([np.cos(angles) * radii, np.sin(angles) * radii], axis=1)
    colour = _colour(rng)
    image = np.zeros((size, size, 3), np.float32)
    for index in range(10):
        wedge = _polygon_mask(size, np.stack([np.zeros(2), corners[index], corners[(index + 1) % 10]]))
        image = np.maximum(image, wedge[..., None] * colour * (1.0 if index % 2 else 0.72))
    return _patch(_polygon_mask(size, corners), image)


def _cube(rng: _Rng, size: int) -> Picture:
    """A cube seen from one corner: three faces of three brightnesses."""
    angles = rng.uniform(0, 2 * math.pi) + np.arange(6) * math.pi / 3
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    middle = rng.uniform(-0.12, 0.12, 2)
    colour, shades = _colour(rng), rng.permutation([1.05, 0.75, 0.5])
    image = np.zeros((size, size, 3), np.float32)
    for face in range(3):
        outline = np.stack([middle, *(corners[(2 * face + step) % 6] for step in range(3))])
        image = np.maximum(image, _polygon_mask(size, outline)[..., None] * colour * shades[face])
    return _patch(_polygon_mask(size, corners), image)


_SHAPES: dict[str, Callable[[_Rng, int], Picture]] = {
    "ball": _ball,
    "cube": _cube,
    "ring": _ring,
    "star": _star,
}
CLASS_NAMES = tuple(_SHAPES)


def _patch(mask: Picture, colours: Picture) -> Picture:
    """float32 `[S, S, 4]`: colours in 0 to 1, and how much of each pixel the object covers."""
    return np.concatenate([np.clip(colours, 0, 1), mask[..., None]], axis=2).astype(np.float32)


def _polygon_mask(size: int, corners: NDArray[np.float64]) -> Picture:
    """Coverage, 0 to 1, of a polygon whose corners `[N, 2]` (x, y) are in -1 to 1."""
    fine = np.zeros((size * _SUPERSAMPLING,) * 2, np.float32)
    cv2.fillPoly(fine, [np.rint((corners + 1) / 2 * (size * _SUPERSAMPLING - 1)).astype(np.int32)], (1.0,))
    return cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)


def _ellipse_mask(size: int, radius: float) -> Picture:
    angles = np.linspace(0, 2 * math.pi, 90, endpoint=False)
    return _polygon_mask(size, radius * np.stack([np.cos(angles), np.sin(angles)], axis=1))


def _paste(image: Picture, colours: Picture, coverage: Picture, top: int, left: int) -> None:
    """Blends a patch `[S, S, D]` into `image` `[H, W, D]` at `(top, left)`, in place, cut at the edge."""
    size = colours.shape[0]
    rows = slice(max(top, 0), min(top + size, image.shape[0]))
    columns = slice(max(left, 0), min(left + size, image.shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    inside = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    image[rows, columns] += (colours[inside] - image[rows, columns]) * coverage[inside]


def _colour(rng: _Rng, most_saturated: float = 0.9) -> Picture:
    """A random colour, float32 `[3]`, neither black nor quite white."""
    hue, saturation, value = rng.uniform(0, 360), rng.uniform(0.1, most_saturated), rng.uniform(0.35, 0.95)
    pixel = np.array([[[hue, saturation, value]]], np.float32)
    return cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32)


def _point(values: NDArray[np.float64]) -> tuple[int, int]:
    return (round(float(values[0])), round(float(values[1])))
