"""Small figures for pages, drawn by matplotlib: curves, a table of shares, a U-Net."""

import io
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike

from tfod.visualize.colours import class_colour
from tfod.visualize.letters import fonts_of

__all__ = ["as_svg", "curves", "draw_shares", "figure_style", "share_matrix", "short_name", "u_shape"]

_MOST_NUMBERED = 20  # classes along a side, beyond which the cells of a table have no room for numbers
_LONGEST_NAME = 24
_MOST_KEYS = 18  # names below each other beside curves


def figure_style(texts: Sequence[str] = ()) -> AbstractContextManager[None]:
    """How figures look here. A class may be called `$x$`, which is no formula.

    Args:
      texts: What an image shows, for which fonts are searched; an SVG is shown in the fonts of who reads it.
    """
    style: Any = {"font.size": 9, "axes.titlesize": 11, "axes.spines.top": False, "axes.spines.right": False,
                  "text.parse_math": False}  # fmt: skip
    if texts:
        style["font.family"] = [_family(path) for path in fonts_of(texts)]
    return matplotlib.rc_context(style)


def _family(font: Path) -> str:
    """The name under which matplotlib knows the font in a file."""
    font_manager.fontManager.addfont(font)
    return FT2Font(str(font)).family_name


def short_name(name: str) -> str:
    """A name that leaves room for the figure.

    >>> short_name("a bicycle that leans against a wall")
    'a bicycle that leans a...'
    """
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 2]}..."


def curves(series: Mapping[str, Sequence[tuple[float, float]]], across: str, up: str) -> str:
    """Lines through points (x, y), one for each name, as SVG.

    Args:
      series: Points by name; those of one name in the order of x.
      across: What x is.
      up: What y is.
    """
    with figure_style():
        columns = -(-len(series) // _MOST_KEYS)
        figure = Figure(figsize=(5.8 + 1.8 * columns, 3.2), layout="constrained")
        axes = figure.subplots()
        for number, (name, points) in enumerate(series.items(), start=1):
            colour = [channel / 255 for channel in class_colour(number)]
            axes.plot(*zip(*points, strict=True), ".-", color=colour, label=short_name(name))
        axes.set(xlabel=across, ylabel=up)
        axes.grid(color="0.9")
        figure.legend(loc="outside right upper", frameon=False, ncols=columns)
        return as_svg(figure)


def share_matrix(names: Sequence[str], shares: ArrayLike, across: str, down: str) -> str:
    """A square table as SVG, darker where a share is larger: `[N, N]` in [0, 1], NaN for an empty cell."""
    shares = np.asarray(shares, np.float64)
    per_cent = np.where(np.isnan(shares), "", np.char.mod("%.0f", 100 * shares))
    texts = per_cent if len(names) <= _MOST_NUMBERED else None
    with figure_style():
        side = 2.0 + min(6.0, 0.5 * len(names))
        figure = Figure(figsize=(side, side), layout="constrained")
        axes = figure.subplots()
        draw_shares(axes, names, shares, texts)
        axes.set(xlabel=across, ylabel=down)
        return as_svg(figure)


def draw_shares(axes: Axes, names: Sequence[str], shares: ArrayLike, texts: ArrayLike | None) -> AxesImage:
    """Draws cells for `shares`, `[N, N]` in [0, 1], with `texts`, `[N, N]`, in them; the names are along both sides."""
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    short = [short_name(name) for name in names]
    axes.set_xticks(range(len(names)), short, rotation=90)
    axes.set_yticks(range(len(names)), short)
    for (row, column), text in [] if texts is None else np.ndenumerate(np.asarray(texts)):
        colour = "white" if np.asarray(shares)[row, column] > 0.6 else "black"
        axes.text(column, row, str(text), ha="center", va="center", color=colour)
    return image


def u_shape(channels: Sequence[tuple[int, int]]) -> str:
    """The drawing of a U-Net as SVG: the way down at the left, the way up at the right, skips across.

    Args:
      channels: Of the features going down and going up, from full resolution to the deepest, where the latter is 0.
    """
    depth = len(channels)
    with figure_style():
        figure = Figure(figsize=(1.3 * depth + 1, 0.7 * depth))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-depth - 0.4, depth - 0.2), ylim=(depth - 0.5, -0.5))
        axes.set_axis_off()
        for level, (down, up) in enumerate(channels):
            side = depth - 1 - level
            axes.text(-depth - 0.3, level, f"1/{2**level}", va="center")
            _layer(axes, -side, level, down)
            if up:
                _layer(axes, side, level, up)
                _arrow(axes, (-side, level), (side, level), linestyle="--")
            if level:
                _arrow(axes, (-side - 1, level - 1), (-side, level))
                _arrow(axes, (side, level), (side + 1, level - 1))
        return as_svg(figure)


def _layer(axes: Axes, x: float, y: float, channels: int) -> None:
    box = {"boxstyle": "round,pad=0.5", "facecolor": "#dbe7ff", "edgecolor": "#4a6fb5"}
    axes.text(x, y, f"{channels:^5}", ha="center", va="center", bbox=box)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], **style: Any) -> None:
    arrow = {"arrowstyle": "-|>", "color": "#666677", "shrinkA": 18, "shrinkB": 18, **style}
    axes.annotate("", xy=end, xytext=start, arrowprops=arrow)


def as_svg(figure: Figure) -> str:
    """The figure as an `<svg>` element for a page, whose letters the page's reader chooses; the same at every call."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tfod"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # letters of a class that the font lacks
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return buffer.getvalue().partition("<svg")[2].join(("<svg", ""))
