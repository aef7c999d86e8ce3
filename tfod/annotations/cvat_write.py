"""CVAT's XML written, as "CVAT for images 1.1", which CVAT imports."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Skeleton
from tfod.annotations.cvat_skeletons import extent_of_points, label_xml, points_xml
from tfod.annotations.format import Writing
from tfod.annotations.masks import RunLengths, bitmap, extent
from tfod.annotations.voc_write import decimal

__all__ = ["write_cvat"]


def write_cvat(images: Iterable[AnnotatedImage], folder: Path, writing: Writing) -> None:
    """Writes annotations.xml; pictures are in images/SUBSET."""
    with open(folder / "annotations.xml", "w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n')
        labels = "".join(label_xml(name, writing.skeletons.get(name)) for name in writing.class_ids)
        file.write(f"  <meta><task><labels>{labels}</labels></task></meta>\n")
        for number, image in enumerate(images):
            _write_image(file, number, image, writing.skeletons)
        file.write("</annotations>\n")


def _write_image(file: TextIO, number: int, image: AnnotatedImage, skeletons: Mapping[str, Skeleton]) -> None:
    subset = f" subset={quoteattr(image.subset)}" if image.subset else ""
    name = f"{image.subset}/{image.filename}" if image.subset else image.filename
    size = f'width="{image.width}" height="{image.height}"'
    file.write(f'  <image id="{number}" name={quoteattr(name)}{subset} {size}>\n')
    for group, item in enumerate(image.objects, start=1):
        attributes = "".join(
            f"<attribute name={quoteattr(key)}>{escape(text)}</attribute>" for key, text in _attributes(item).items()
        )
        occluded = int(("occluded", "1") in item.fields)
        head = f'label={quoteattr(item.class_name)} source="manual" occluded="{occluded}" z_order="0"'
        points = points_xml(item.keypoints, skeletons[item.class_name]) if item.keypoints else ""
        alone = points and item.mask is None and tuple(item[1:5]) == extent_of_points(item.keypoints)
        together = f' group_id="{group}"' if points and not alone else ""
        if not alone:
            tag, form = _form(item)
            file.write(f"    <{tag} {head}{together} {form}>{attributes}</{tag}>\n")
        if points:
            file.write(f"    <skeleton {head}{together}>{points}{attributes}</skeleton>\n")
    file.write("  </image>\n")


def _attributes(item: AnnotatedObject) -> Mapping[str, str]:
    said = {"difficult": item.difficult, "truncated": item.truncated, "crowd": item.crowd}
    attributes = {name: "1" for name, value in said.items() if value}
    if item.pose != "Unspecified":
        attributes["pose"] = item.pose
    return attributes | {name: text for name, text in item.fields if name != "occluded"}


def _form(item: AnnotatedObject) -> tuple[str, str]:
    """The element's name and its geometry."""
    if isinstance(item.mask, RunLengths):
        return "mask", _rows(item.mask)
    if item.mask:
        points = ";".join(f"{x:.6g},{y:.6g}" for x, y in zip(item.mask[0][0::2], item.mask[0][1::2], strict=True))
        return "polygon", f'points="{points}"'
    corners = (("xtl", item.xmin), ("ytl", item.ymin), ("xbr", item.xmax), ("ybr", item.ymax))
    return "box", " ".join(f'{name}="{decimal(value)}"' for name, value in corners)


def _rows(mask: RunLengths) -> str:
    left, top, right, bottom = map(int, extent(mask) or (0, 0, 1, 1))
    pixels = bitmap(mask, mask.height, mask.width)[top:bottom, left:right].ravel()
    edges = np.concatenate([[0], np.flatnonzero(np.diff(pixels)) + 1, [pixels.size]])
    counts = np.diff(edges).tolist()
    text = ", ".join(map(str, [0, *counts] if pixels[0] else counts))
    return f'rle="{text}" left="{left}" top="{top}" width="{right - left}" height="{bottom - top}"'
