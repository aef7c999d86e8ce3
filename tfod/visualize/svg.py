"""Small figures as SVG: curves and a table of shares. No library, no script; a page or a browser shows them."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from tfod.visualize.colours import class_colour

__all__ = ["curves", "share_matrix"]

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
