"""Small figures as SVG: curves, a table of shares, the drawing of a U-Net. For pages."""

import html
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from tfod.visualize.colours import class_colour

__all__ = ["curves", "share_matrix", "u_shape"]

_WIDTH, _HEIGHT = 760, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 190, 20, 40
_LINES = 5


def curves(series: Mapping[str, Sequence[tuple[float, float]]], across: str, up: str) -> str:
    """Lines through points (x, y), one for each name, with axes from the least to the greatest value.

    Args:
      series: Points by name; those of one name in the order of x.
      across: What x is.
      up: What y is.
    """
    points = [point for line in series.values() for point in line]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    right = right if right > left else left + 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            _LEFT + (x - left) / (right - left) * (_WIDTH - _LEFT - _RIGHT),
            _TOP + (high - y) / (high - low) * (_HEIGHT - _TOP - _BOTTOM),
        )

    parts = []
    for number in range(_LINES):
        x, y = left + (right - left) * number / (_LINES - 1), low + (high - low) * number / (_LINES - 1)
        height = place(left, y)[1]
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{height:.1f}" y2="{height:.1f}" stroke="#dde"/>')
        parts.append(_text(_LEFT - 6, height + 4, f"{y:.3g}", "end"))
        parts.append(_text(place(x, low)[0], _HEIGHT - _BOTTOM + 18, f"{x:.4g}", "middle"))
    for number, (name, line) in enumerate(series.items(), start=1):
        red, green, blue = class_colour(number)
        colour = f"rgb({red},{green},{blue})"
        places = [place(x, y) for x, y in line]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5" fill="{colour}"/>' for a, b in places]
        key = _TOP + 18 * number
        parts.append(f'<line x1="{_WIDTH - _RIGHT + 12}" x2="{_WIDTH - _RIGHT + 30}" y1="{key}" y2="{key}" '
                     f'stroke="{colour}" stroke-width="3"/>')  # fmt: skip
        parts.append(_text(_WIDTH - _RIGHT + 36, key + 4, name, "start"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, across, "middle"))
    parts.append(_text(_LEFT, _TOP - 4, up, "start"))
    return _svg(_WIDTH, _HEIGHT, parts)


def share_matrix(names: Sequence[str], shares: Any, across: str, down: str) -> str:
    """A square table, darker where a share is larger: `shares[row][column]` in [0, 1], NaN for an empty cell."""
    cell = max(24, min(64, 640 // len(names)))
    edge = 150
    parts = [_text(edge, 14, across, "start"), _text(4, edge - 8, down, "start")]
    for row, name in enumerate(names):
        parts.append(_text(edge - 6, edge + cell * (row + 0.5) + 4, _short(name), "end"))
        x = edge + cell * (row + 0.5)
        parts.append(
            f'<g transform="translate({x + 4:.0f},{edge - 6}) rotate(-60)">{_text(0, 0, _short(name), "start")}</g>'
        )
        for column in range(len(names)):
            share = float(shares[row][column])
            known = share == share
            shade = round(255 - 190 * (share if known else 0.0))
            left, top = edge + column * cell, edge + row * cell
            parts.append(f'<rect x="{left}" y="{top}" width="{cell - 1}" height="{cell - 1}" '
                         f'fill="rgb({shade},{shade + (255 - shade) // 4},255)"/>')  # fmt: skip
            if known and cell >= 32:
                parts.append(_text(left + cell / 2, top + cell / 2 + 4, f"{100 * share:.0f}", "middle"))
    side = edge + cell * len(names) + 8
    return _svg(max(side, 320), side, parts)


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    font = 'font-family="system-ui, sans-serif" font-size="12" fill="#334"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>{"".join(parts)}</svg>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'


def _short(name: str) -> str:
    return name if len(name) <= 18 else name[:17] + "…"


def u_shape(channels: Sequence[tuple[int, int]]) -> str:
    """The drawing of a U-Net: the way down at the left, the way up at the right, skips across.

    Args:
      channels: Of the features going down and going up, from full resolution to the deepest, where the latter is 0.
    """
    step, low, box = 74, 40, 26
    width = 120 * len(channels) + 200
    parts, places = [], []
    for level, (down, up) in enumerate(channels):
        left, top = 40 + 60 * level, low + step * level
        right = width - 40 - 60 * level
        size = max(30, 150 - 26 * level)
        parts.append(_layer(left, top, size, box, f"{down}"))
        parts.append(_text(8, top + 17, f"1/{2**level}", "start"))
        if up:
            parts.append(_layer(right - size, top, size, box, f"{up}"))
            parts.append(_arrow(left + size, top + box / 2, right - size, top + box / 2, dashed=True))
        places.append((left + size / 2, right - size / 2, top))
    for level, (above, below) in enumerate(itertools.pairwise(places)):
        parts.append(_arrow(above[0], above[2] + box, below[0], below[2]))
        start = below[1] if channels[level + 1][1] else below[0] + max(30, 150 - 26 * (level + 1)) / 2
        height = below[2] if channels[level + 1][1] else below[2] + box / 2
        parts.append(_arrow(start, height, above[1], above[2] + box))
    return _svg(width, low + step * len(channels), parts)


def _layer(left: float, top: float, width: float, height: float, text: str) -> str:
    rectangle = f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="4" fill="#dbe7ff" stroke="#4a6fb5"/>'
    return rectangle + _text(left + width / 2, top + 17, text, "middle")


def _arrow(x1: float, y1: float, x2: float, y2: float, *, dashed: bool = False) -> str:
    angle = math.atan2(y2 - y1, x2 - x1)
    tip = " ".join(
        f"{x2 - 8 * math.cos(angle + turn):.1f},{y2 - 8 * math.sin(angle + turn):.1f}" for turn in (0.4, -0.4)
    )
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    line = f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#667"{dashes}/>'
    return line + f'<polygon points="{x2:.1f},{y2:.1f} {tip}" fill="#667"/>'
