"""One page of plots of what is in a data set."""

import io
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, StrMethodFormatter
from numpy.typing import NDArray

from tfod.explore.statistics import Contents, class_table, cooccurrence
from tfod.files import write_bytes
from tfod.visualize.colours import class_colour
from tfod.visualize.figures import as_svg, draw_shares, figure_style, short_name
from tfod.visualize.letters import drawable

__all__ = ["PlotName", "plot", "write_plots"]

PlotName = Literal["classes", "objects", "sizes", "ratios", "positions", "together"]

_MOST_CLASSES = 25  # shown one by one
_MOST_NUMBERED = 12  # of them, beyond which the cells of a table have no room for numbers
_GRID = 64  # cells of the heat map along each side
_SMALL, _LARGE = 32, 96  # pixels, where COCO's small and medium objects end


def write_plots(contents: Contents, title: str, path: Path | str, shapes: NDArray[np.float64] | None = None) -> None:
    """Writes six plots on one page, as PNG: classes, objects a picture, sizes, aspect ratios, positions, classes seen
    together.

    `contents` holds at least one object. `shapes` `[K, 2]` are widths and heights in pixels of a picture, drawn among
    the sizes: the anchors that fit. Raises OutputError where `path` cannot be written.
    """
    buffer = io.BytesIO()
    with figure_style([title, *class_table(contents).index[:_MOST_CLASSES]]):
        _page(contents, drawable(title), shapes).savefig(buffer, format="png")
    write_bytes(path, buffer.getvalue())


def plot(contents: Contents, name: PlotName) -> str:
    """One of the plots as SVG; `contents` holds at least one object."""
    classes = list(class_table(contents).index)[:_MOST_CLASSES]
    with figure_style():
        figure = Figure(figsize=(5.6, 4.0), layout="constrained", dpi=110)
        _draw(name, figure, figure.subplots(), contents, classes)
        return as_svg(figure)


def _page(contents: Contents, title: str, shapes: NDArray[np.float64] | None) -> Figure:
    figure = Figure(figsize=(15, 9.5), layout="constrained", dpi=110)
    axes = figure.subplots(2, 3)
    figure.suptitle(title, fontsize=13)
    classes = list(class_table(contents).index)[:_MOST_CLASSES]
    for name, own in zip(get_args(PlotName), axes.flat, strict=True):
        _draw(name, figure, own, contents, classes, shapes)
    return figure


def _draw(
    name: PlotName,
    figure: Figure,
    axes: Axes,
    contents: Contents,
    classes: list[str],
    shapes: NDArray[np.float64] | None = None,
) -> None:
    if name == "classes":
        _classes(axes, contents, classes)
    elif name == "objects":
        _objects_a_picture(axes, contents)
    elif name == "sizes":
        _sizes(axes, contents, classes, shapes)
    elif name == "ratios":
        _ratios(axes, contents)
    elif name == "positions":
        _positions(axes, contents)
    else:
        _together(figure, axes, contents, classes)


def _classes(axes: Axes, contents: Contents, classes: list[str]) -> None:
    counts = class_table(contents).objects
    shown = counts[classes]
    labels = [short_name(drawable(name)) for name in classes]
    bars = axes.barh(labels, shown, color=[_colour(number) for number in range(len(classes))])
    axes.bar_label(bars, padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    more = f" (the commonest {len(classes)} of {len(counts)} classes)" if len(counts) > len(classes) else ""
    axes.set(title=f"objects of each class{more}", xlabel="objects")


def _objects_a_picture(axes: Axes, contents: Contents) -> None:
    counts = contents.pictures.objects
    step = max(1, -(-int(counts.max()) // 40))
    axes.hist(counts, bins=list(np.arange(0, counts.max() + step + 1, step) - 0.5), color="0.45", edgecolor="white")
    axes.axvline(counts.mean(), color="black", linestyle=":")
    axes.set(title=f"objects in a picture (mean {counts.mean():.1f})", xlabel="objects", ylabel="pictures")


def _sizes(axes: Axes, contents: Contents, classes: list[str], shapes: NDArray[np.float64] | None) -> None:
    objects = contents.objects
    if len(objects) > 5000:
        objects = objects.sample(5000, random_state=0)
    for number, name in enumerate(classes):
        own = objects[objects.class_name == name]
        axes.plot(own.width, own.height, ".", markersize=4, alpha=0.5, color=_colour(number), rasterized=True)
    for side in (_SMALL, _LARGE):
        widths = np.geomspace(1, max(2.0, float(objects.width.max())), 50)
        axes.plot(widths, side**2 / widths, color="0.6", linewidth=0.8)
    if shapes is not None:
        axes.plot(shapes[:, 0], shapes[:, 1], "k+", markersize=11, markeredgewidth=2)
    axes.set(xscale="log", yscale="log", xlabel="width in pixels", ylabel="height in pixels")
    axes.set_xlim(0.8 * objects.width.min(), 1.25 * objects.width.max())
    axes.set_ylim(0.8 * objects.height.min(), 1.25 * objects.height.max())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
    axes.set_title("sizes (grey: areas of 32² and 96²" + ("; +: anchors that fit)" if shapes is not None else ")"))


def _ratios(axes: Axes, contents: Contents) -> None:
    ratios = np.log2(contents.objects.ratio.clip(1 / 16, 16))
    axes.hist(ratios, bins=list(np.arange(-4, 4.26, 0.25)), color="0.45", edgecolor="white")
    ticks = range(-4, 5)
    axes.set_xticks(list(ticks), [f"1:{2**-tick}" if tick < 0 else f"{2**tick}:1" for tick in ticks])
    axes.set(title="aspect ratios, width : height", xlabel="tall  ←   → wide", ylabel="objects")


def _positions(axes: Axes, contents: Contents) -> None:
    heat, _, _ = np.histogram2d(contents.objects.y, contents.objects.x, bins=_GRID, range=((0, 1), (0, 1)))
    axes.imshow(_blurred(heat), cmap="magma", extent=(0, 1, 1, 0))
    axes.set(title="where the centres of objects lie", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])


def _together(figure: Figure, axes: Axes, contents: Contents, classes: list[str]) -> None:
    """Rows: pictures with this class; columns: how many of them show the other too."""
    table = cooccurrence(contents, classes).to_numpy()
    shares = table / np.maximum(np.diag(table)[:, None], 1)
    labels = [drawable(name) for name in classes]
    image = draw_shares(axes, labels, shares, table if len(classes) <= _MOST_NUMBERED else None)
    axes.set(title="of the pictures with a class, how many show another", ylabel="pictures with")
    figure.colorbar(image, ax=axes, shrink=0.7)


def _blurred(heat: NDArray[Any]) -> NDArray[Any]:
    """Averaged with its neighbours: single objects would be single dots."""
    kernel = np.array([1, 4, 6, 4, 1]) / 16
    for axis in (0, 1):
        heat = np.apply_along_axis(np.convolve, axis, heat, kernel, mode="same")
    return heat


def _colour(number: int) -> tuple[float, ...]:
    return tuple(channel / 255 for channel in class_colour(number + 1))
