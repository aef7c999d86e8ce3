"""Anchors beside the objects that they are to find: those of a config, and those that k-means finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tfod.doctor.anchor_overlaps import best_overlaps
from tfod.explore.anchor_shapes import Fit, cluster_sizes, fit_of
from tfod.explore.statistics import Contents

if TYPE_CHECKING:
    from tfod.doctor.network import Network

__all__ = ["AnchorReport", "compare_anchors"]

_MOST_SIZES = 20_000


@dataclass(frozen=True)
class AnchorReport:
    """How well anchors fit the objects of a data set.

    `shapes` `[K, 2]` are what k-means found, widths and heights in pixels of the network's input (of the pictures,
    without a config: `resized` says which). `found` is how those fit, `config` how the config's `config_count` shapes
    do, None where it has no anchors that are known here.
    """

    shapes: NDArray[np.float64]
    found: Fit
    config: Fit | None = None
    config_count: int = 0
    resized: bool = False

    def text(self) -> str:
        """The comparison for people."""
        unit = "pixels of the network's input" if self.resized else "pixels of the pictures"
        lines = [f"{'anchors':34}{'best overlap':>14}{'at least 0.5':>14}"]
        if self.config:
            lines.append(_line(f"the config's {self.config_count} shapes", self.config))
        elif self.resized:
            lines.append("the config's model is no SSD: its anchors, if it has any, are not compared")
        lines.append(_line(f"{len(self.shapes)} shapes by k-means", self.found))
        shapes = "  ".join(f"{width:.0f} x {height:.0f}" for width, height in self.shapes)
        return "\n".join([*lines, f"width x height by k-means, in {unit}:", f"  {shapes}"])


def compare_anchors(contents: Contents, count: int, network: "Network | None" = None) -> AnchorReport:
    """The `count` shapes that fit the objects best, and with a `network` how its own anchors do.

    The best overlap (IoU) of an object is that with a shape around the same centre: no anchor of that shape, wherever
    it lies, does better. Given is the mean over all objects, and the share of objects for which it is at least 0.5.
    """
    objects, pictures = contents.objects, contents.pictures
    sizes = objects[["width", "height"]].to_numpy(float)
    if network is None:
        shapes = cluster_sizes(_sample(sizes), count)
        return AnchorReport(shapes, fit_of(sizes, shapes))
    of_pictures = [*zip(pictures.width.tolist(), pictures.height.tolist(), strict=True)]
    scales = np.array([network.scale(*size) for size in of_pictures])
    sizes = sizes * scales[objects.picture]
    shapes = cluster_sizes(_sample(sizes), count)
    found = fit_of(sizes, shapes)
    if not network.has_anchors:
        return AnchorReport(shapes, found, resized=True)
    inputs = [network.input_size(*size) for size in of_pictures]
    best, config_count = _config_overlaps(sizes, [inputs[number] for number in objects.picture], network)
    return AnchorReport(shapes, found, Fit(float(best.mean()), float((best >= 0.5).mean())), config_count, resized=True)


def _config_overlaps(
    sizes: NDArray[np.float64], inputs: Sequence[tuple[int, int]], network: "Network"
) -> tuple[NDArray[np.float64], int]:
    """Each object's best overlap with the config's anchors, which may depend on the size of the input."""
    best = np.zeros(len(sizes))
    count = 0
    own = np.array(inputs)
    for size in dict.fromkeys(inputs):
        here = (own == size).all(axis=1)
        shapes = network.anchor_shapes(size)
        best[here] = best_overlaps(sizes[here], shapes)
        count = len(shapes)
    return best, count


def _sample(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """k-means learns no more from millions of sizes than from some."""
    if len(sizes) <= _MOST_SIZES:
        return sizes
    return sizes[np.random.default_rng(0).choice(len(sizes), _MOST_SIZES, replace=False)]


def _line(name: str, fit: Fit) -> str:
    return f"{name:34}{fit.mean_overlap:14.3f}{fit.matched:14.1%}"
