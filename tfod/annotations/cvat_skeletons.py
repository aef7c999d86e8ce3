"""Skeletons in CVAT's XML: a label of type skeleton, labels of its points, and a drawing with the lines between them.

An object that has a box or a mask beside its skeleton is two shapes of one group, as CVAT itself groups shapes.
"""

import re
from collections.abc import Iterator, Sequence
from html import unescape
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from tfod.annotations.annotated_image import AnnotatedObject, Keypoint, Skeleton, labelled
from tfod.annotations.shapes import Box

__all__ = ["Grouped", "extent_of_points", "joined", "label_xml", "points_xml", "read_points", "read_skeletons"]

_TAG = re.compile(r"<(line|circle)\b([^>]*)>")
_SAID = re.compile(r"([\w-]+)\s*=\s*[\"']([^\"']*)[\"']")
_SVG_SIDE = 100


class Grouped(NamedTuple):
    """An object, the group of its shape (0: none), and whether the shape is a skeleton."""

    item: AnnotatedObject
    group: int
    is_skeleton: bool


def read_skeletons(labels: Sequence[etree._Element]) -> dict[str, Skeleton]:
    """The skeletons of a task, by their labels' names."""
    points: dict[str, list[str]] = {}
    for label in labels:
        if parent := (label.findtext("parent") or "").strip():
            points.setdefault(parent, []).append((label.findtext("name") or "").strip())
    drawn = {(label.findtext("name") or "").strip(): label.findtext("svg") or "" for label in labels}
    return {name: Skeleton(tuple(names), _edges(drawn.get(name, ""), names)) for name, names in points.items()}


def read_points(shape: etree._Element, skeleton: Skeleton | None) -> tuple[Keypoint, ...]:
    """The keypoints of a <skeleton>, in the order of the task's labels; ValueError for what cannot be understood."""
    found: dict[str, Keypoint] = {}
    for element in shape.iterfind("points"):
        x, y = (float(number) for number in (element.get("points") or "").split(","))
        seen = 0 if element.get("outside") == "1" else 1 if element.get("occluded") == "1" else 2
        name = (element.get("label") or "").strip()
        if name in found:
            raise ValueError(f"it has two points {name!r}")
        found[name] = Keypoint(x, y, seen)
    names = skeleton.names if skeleton else tuple(found)
    if unknown := found.keys() - set(names):
        raise ValueError(f"its label has no point {min(unknown)!r}")
    return labelled([found.get(name, Keypoint(0, 0, 0)) for name in names])


def extent_of_points(points: Sequence[Keypoint]) -> Box:
    """The box around the labelled keypoints; ValueError where there is none."""
    there = [point for point in points if point.visibility]
    if not there:
        raise ValueError("none of its points is labelled")
    xs, ys = [point.x for point in there], [point.y for point in there]
    return min(xs), min(ys), max(xs), max(ys)


def joined(shapes: Sequence[Grouped]) -> Iterator[AnnotatedObject]:
    """The objects of one image; a skeleton and the one other shape of its group and label are one object."""
    skeletons = {(shape.group, shape.item.class_name): shape.item for shape in shapes if shape.is_skeleton}
    others: dict[tuple[int, str], int] = {}
    for shape in shapes:
        key = shape.group, shape.item.class_name
        others[key] = others.get(key, 0) + (not shape.is_skeleton)
    for shape in shapes:
        key = shape.group, shape.item.class_name
        together = shape.group and key in skeletons and others[key] == 1
        if together and not shape.is_skeleton:
            yield shape.item._replace(keypoints=skeletons[key].keypoints)
        elif not together:
            yield shape.item


def label_xml(name: str, skeleton: Skeleton | None) -> str:
    """The <label> elements of a class."""
    if skeleton is None:
        return f"<label><name>{escape(name)}</name></label>"
    points = "".join(
        f"<label><name>{escape(point)}</name><type>points</type><parent>{escape(name)}</parent></label>"
        for point in skeleton.names
    )
    svg = escape(_svg(skeleton))
    return f"<label><name>{escape(name)}</name><type>skeleton</type><svg>{svg}</svg></label>{points}"


def points_xml(points: Sequence[Keypoint], skeleton: Skeleton) -> str:
    """The <points> of a <skeleton>."""
    return "".join(
        f'<points label={quoteattr(name)} source="manual" outside="{int(point.visibility == 0)}" '
        f'occluded="{int(point.visibility == 1)}" points="{point.x:.6g},{point.y:.6g}"></points>'
        for name, point in zip(skeleton.names, points, strict=False)
    )


def _edges(svg: str, names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """The lines of a drawing, whose nodes have numbers and the names of labels, or come in their order."""
    tags = [(tag, dict(_SAID.findall(said))) for tag, said in _TAG.findall(unescape(svg))]
    nodes: dict[str, int] = {}
    for tag, said in tags:
        if tag == "circle" and "data-node-id" in said:
            name = said.get("data-label-name", "")
            nodes[said["data-node-id"]] = names.index(name) if name in names else len(nodes)
    lines = [(nodes.get(said.get("data-node-from", "")), nodes.get(said.get("data-node-to", "")))
             for tag, said in tags if tag == "line"]  # fmt: skip
    return tuple((start, end) for start, end in lines if start is not None and end is not None and
                 max(start, end) < len(names))  # fmt: skip


def _svg(skeleton: Skeleton) -> str:
    """A drawing as CVAT's: the points one after the other on a diagonal, and the lines."""
    step = _SVG_SIDE / (len(skeleton.names) + 1)
    places = [step * (number + 1) for number in range(len(skeleton.names))]
    lines = "".join(
        f'<line x1="{places[start]:.4g}" y1="{places[start]:.4g}" x2="{places[end]:.4g}" y2="{places[end]:.4g}" '
        f'data-type="edge" data-node-from="{start + 1}" data-node-to="{end + 1}"></line>'
        for start, end in skeleton.edges
    )
    circles = "".join(
        f'<circle r="0.75" cx="{place:.4g}" cy="{place:.4g}" data-type="element node" data-element-id="{number}" '
        f'data-node-id="{number}" data-label-name={quoteattr(name)}></circle>'
        for number, (name, place) in enumerate(zip(skeleton.names, places, strict=True), start=1)
    )
    return lines + circles
