"""CVAT's XML ("CVAT for images 1.1" and "CVAT for video 1.1"): one file for all pictures of a task."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from lxml import etree

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Fields, Keypoint, Skeleton
from tfod.annotations.cvat_skeletons import Grouped, extent_of_points, joined, read_points, read_skeletons
from tfod.annotations.format import Dataset, PassedOverError, Reading, SpoiltImageError, StrayError
from tfod.annotations.masks import MOST_PIXELS, Mask, RunLengths, checked_counts, extent, run_lengths
from tfod.annotations.pictures import find_picture, other_name, plain_name
from tfod.annotations.repeats import each_once
from tfod.annotations.shapes import ellipse, rectangle, turned
from tfod.annotations.untrusted import as_pixels, as_text, content, read_each, read_xml, subset_of
from tfod.errors import DataError

__all__ = ["read_cvat"]

_REPAIR = "correct the file in the annotation tool, or remove it"
# Shapes that are no object with a box; each is an error with its line, since leaving one out would be silent.
_REFUSED = ("cuboid",)
_FLAGS = {"difficult", "truncated", "crowd"}


def read_cvat(path: str, reading: Reading) -> Dataset:
    """The XML files of a folder, or one. Pictures are found as `find_picture` does, also in images beside the file.

    Of polygons, ellipses, masks, lines and points the extent is the box, of what has a `rotation` that of the turned
    shape. Turned boxes are polygons. Of a video each frame that shows an object is a picture called frame_000012.
    A skeleton is an object with keypoints, whose box is their extent, unless one other shape is of its group and label.
    Cuboids are refused.
    A picture or a frame of which a shape cannot be understood is given as its error, with the line. Files of another
    kind are passed over. Raises DataError where no file is an XML of CVAT's.
    """
    roots, errors, remarks = read_each(path, (".xml",), _root)
    found: list[tuple[str, list[AnnotatedImage | DataError]]] = [("", [*errors])]
    class_ids: dict[str, int] = {}
    skeletons: dict[str, Skeleton] = {}
    for file, root in roots:
        labels = root.findall("meta//labels/label")
        own = read_skeletons(labels)
        skeletons = {**own, **skeletons}
        for label in labels:
            if label.find("name") is None or label.find("parent") is not None:
                continue
            try:
                name = as_text(label.findtext("name"), "the label", f"{file}, line {label.sourceline}")
                class_ids.setdefault(name, len(class_ids) + 1)
            except DataError as error:
                found.append((file, [StrayError(error.what, error.where, error.cure)]))
        found.append((file, [*_pictures(root, file, reading, own), *_frames(root, file, reading, own)]))
    images, repeats = each_once(found)
    return Dataset(images, len(images), class_ids, [*remarks, *repeats], skeletons)


def _root(file: str) -> tuple[str, etree._Element]:
    root = read_xml(content(file), file, "annotations", "annotation of CVAT's")
    if len(root) and not {"image", "track", "meta", "version"} & {child.tag for child in root}:
        what = f"the XML is no annotation of CVAT's: it has neither images nor tracks, but <{root[0].tag}>"
        raise PassedOverError(what, file, "name a file of CVAT's, or export the annotations as Pascal VOC or COCO")
    return file, root


def _pictures(
    root: etree._Element, file: str, reading: Reading, skeletons: Mapping[str, Skeleton]
) -> Iterator[AnnotatedImage | DataError]:
    for element in root.iterfind("image"):
        try:
            yield _image(element, file, reading, skeletons)
        except DataError as error:
            name = element.get("name") or ""
            yield SpoiltImageError.of(error, _find(name, file, element.get("subset") or "", reading))


def _image(element: etree._Element, file: str, reading: Reading, skeletons: Mapping[str, Skeleton]) -> AnnotatedImage:
    name = as_text(element.get("name"), "the picture's name", f"{file}, line {element.sourceline}")
    width, height = as_pixels(element.get("width")), as_pixels(element.get("height"))
    shapes = [
        _object(shape, shape.get("label"), (width, height), file, skeletons)
        for shape in element
        if shape.tag != "tag"  # says something of the whole picture
    ]
    objects = tuple(joined(shapes))
    subset = element.get("subset") or ""
    picture = _find(name, file, subset, reading)
    filename = plain_name(picture or name) or "picture"
    return AnnotatedImage(
        file,
        filename,
        picture,
        objects,
        width,
        height,
        subset_of(f"{subset}/") or subset_of(name),
        line=element.sourceline,
        written=other_name(name, filename) if picture else "",
    )


def _frames(
    root: etree._Element, file: str, reading: Reading, skeletons: Mapping[str, Skeleton]
) -> Iterator[AnnotatedImage | DataError]:
    """The frames of a video in which an object is to be seen; of one with an object that cannot be used, its error."""
    size = as_pixels(root.findtext("meta//original_size/width")), as_pixels(root.findtext("meta//original_size/height"))
    frames: dict[int, list[Grouped]] = {}
    errors: dict[int, DataError] = {}
    for track in root.iterfind("track"):
        for shape in track:
            number = as_pixels(shape.get("frame"))
            if number is None or number < 0:
                where = f"{file}, line {shape.sourceline}"
                yield StrayError("the shape of a track has no frame's number", where, _REPAIR)
            elif shape.get("outside") != "1":
                try:
                    item = _object(shape, track.get("label"), size, file, skeletons)
                    frames.setdefault(number, []).append(item._replace(group=as_pixels(track.get("group_id")) or 0))
                except DataError as error:
                    errors.setdefault(number, error)
    for number in sorted(frames.keys() | errors.keys()):
        name = f"frame_{number:06d}.png"
        picture = _find(name, file, "", reading)
        found = plain_name(picture or name)
        image = AnnotatedImage(file, found, picture, tuple(joined(frames.get(number, ()))), *size)
        yield errors.get(number, image)


def _find(name: str, file: str, subset: str, reading: Reading) -> str | None:
    if reading.image_dir:
        return find_picture(name, "", reading.image_dir)
    folder = file.rpartition("/")[0] or "."
    inside = [f"images/{plain_name(subset)}"] if plain_name(subset) else []
    places = (folder, *(f"{folder}/{sub}" for sub in (*inside, "images", "data")))
    return next((found for place in places if (found := find_picture(name, "", place))), None)


def _object(
    shape: etree._Element,
    label: str | None,
    size: tuple[int | None, int | None],
    file: str,
    skeletons: Mapping[str, Skeleton],
) -> Grouped:
    where = f"{file}, line {shape.sourceline}"
    if shape.tag in _REFUSED:
        raise DataError(f"a <{shape.tag}> is no object with a box", where, "export the task without such shapes")
    points: tuple[Keypoint, ...] = ()
    try:
        if shape.tag == "skeleton":
            points = read_points(shape, skeletons.get((label or "").strip()))
            mask, box = None, extent_of_points(points)
        else:
            mask, box = _form(shape, size)
    except (KeyError, ValueError, OverflowError, TypeError) as error:
        raise DataError(f"the <{shape.tag}> cannot be understood: {str(error)[:100]}", where, _REPAIR) from error
    attributes = _attributes(shape, where)
    raised = {flag for flag in _FLAGS if (attributes.get(flag) or "").lower() in ("1", "true", "yes")}
    item = AnnotatedObject(
        as_text(label, "the label", where),
        *box,
        difficult="difficult" in raised,
        truncated="truncated" in raised,
        pose=attributes.get("pose") or "Unspecified",
        line=shape.sourceline,
        crowd="crowd" in raised,
        mask=mask,
        fields=_fields(shape, attributes),
        keypoints=points,
    )
    return Grouped(item, as_pixels(shape.get("group_id")) or 0, shape.tag == "skeleton")


def _attributes(shape: etree._Element, where: str) -> dict[str | None, str]:
    attributes: dict[str | None, str] = {}
    for item in shape.iterfind("attribute"):
        text = (item.text or "").strip()
        if attributes.setdefault(item.get("name"), text) != text:
            raise DataError(f"the <{shape.tag}> has two attributes {item.get('name')!r}", where, _REPAIR)
    return attributes


def _fields(shape: etree._Element, attributes: Mapping[str | None, str]) -> Fields:
    occluded = (("occluded", "1"),) if shape.get("occluded") == "1" else ()
    kept = (item for item in attributes.items() if item[0] not in (*_FLAGS, "pose", "occluded", None))
    return (*occluded, *((str(name), text) for name, text in kept))


def _form(
    shape: etree._Element, size: tuple[int | None, int | None]
) -> tuple[Mask | None, tuple[float, float, float, float]]:
    """The mask, if the shape has one, and the box."""
    said = dict(shape.attrib)
    turn = float(said.get("rotation") or 0)
    if shape.tag == "mask":
        if turn:
            raise ValueError("a mask cannot be turned")
        runs = _run_lengths(said, size)
        return runs, _known(extent(runs))
    if shape.tag == "box":
        box = float(said["xtl"]), float(said["ytl"]), float(said["xbr"]), float(said["ybr"])
        if not turn:
            return None, box
        outline = turned(rectangle(box), turn)
    elif shape.tag == "ellipse":
        x, y, rx, ry = (float(said[name]) for name in ("cx", "cy", "rx", "ry"))
        outline = ellipse(x, y, rx, ry, turn)
    elif shape.tag in ("polygon", "polyline", "points"):
        outline = tuple(float(number) for point in said["points"].split(";") for number in _pair(point))
        outline = turned(outline, turn) if turn else outline
    else:
        raise ValueError("there is no such shape")
    mask = None if shape.tag in ("polyline", "points") else (outline,)
    return mask, _known(extent((outline,)))


def _pair(point: str) -> Sequence[str]:
    pair = point.split(",")
    if len(pair) != 2:
        raise ValueError("a point is no pair of numbers")
    return pair


def _known(box: tuple[float, float, float, float] | None) -> tuple[float, float, float, float]:
    if box is None:
        raise ValueError("it is empty")
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


def _run_lengths(said: Mapping[str, str], size: tuple[int | None, int | None]) -> RunLengths:
    """CVAT's run lengths go row by row inside the mask's own box; ours column by column through the picture."""
    width, height = size
    left, top, columns, rows = (int(said[name]) for name in ("left", "top", "width", "height"))
    if not width or not height or not 0 < width * height <= MOST_PIXELS:
        raise ValueError("the picture's size is missing or too large")
    if min(left, top) < 0 or min(columns, rows) < 1 or left + columns > width or top + rows > height:
        raise ValueError("the mask reaches out of the picture")
    counts = checked_counts([int(count) for count in said["rle"].split(",")], columns * rows)
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(rows, columns)
    pixels = np.zeros((height, width), bool)
    pixels[top : top + rows, left : left + columns] = inside
    return run_lengths(pixels)
