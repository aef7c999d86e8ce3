"""YOLO's text files read: one a picture, a line an object, coordinates as fractions of the picture as it is shown.

A line is `class cx cy width height`, or `class x1 y1 x2 y2 x3 y3 ...`, an outline. Where data.yaml says `kpt_shape`,
keypoints follow the box, `x y` or `x y visibility` each. Where pictures and class names are says `yolo_layout`, where
labels are `yolo_labels`.
"""

from collections.abc import Mapping, Sequence

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Keypoint, Skeleton, labelled
from tfod.annotations.format import Dataset, Joined, Reading
from tfod.annotations.masks import Polygons, extent
from tfod.annotations.pictures import picture_sizes, plain_name
from tfod.annotations.untrusted import Roots, as_pixels, each_file, read_text, snapped
from tfod.annotations.yolo_labels import match_labels
from tfod.annotations.yolo_layout import find_layout
from tfod.errors import DataError

__all__ = ["parse_labels", "read_yolo"]

_CURE = "correct the line, or take it out"
_PIXELS = "divide x and width by the picture's width, y and height by its height"


def read_yolo(path: str, reading: Reading) -> Dataset:
    """A folder with images/ and labels/, or with pictures and text files side by side, or a data.yaml.

    A picture without a text file has no objects; a text file without a picture is told. Raises DataError where there
    is no picture, or where the yaml cannot be used; a picture with a line that cannot be understood is yielded as its
    error.
    """
    layout = find_layout(path, reading)
    names = layout.names or dict(reading.class_names)
    subsets: dict[str, str] = {}
    for subset, pictures in layout.pictures.items():
        for picture in pictures:
            # One that is in both train and val, as Ultralytics asks of sets without parts, is in none.
            subsets[picture] = "" if picture in subsets else subset
    roots = Roots(layout.root, reading, path)
    labels, told = match_labels(subsets, layout.folders, roots, layout.lists)

    def read_one(picture: str) -> AnnotatedImage:
        label = labels[picture]
        _, (width, height) = picture_sizes(picture)
        objects: tuple[AnnotatedObject, ...] = ()
        if label:
            objects = parse_labels(read_text(roots.check(label)), label, names, (width, height), layout.pose)
        return AnnotatedImage(
            label or picture, plain_name(picture), picture, objects, width, height, subset=subsets[picture]
        )

    images = Joined(layout.errors, each_file(read_one, list(subsets), layout.root, reading))
    ids = {name: number + 1 for number, name in sorted(names.items())}
    skeletons = {names[number]: Skeleton(points) for number, points in layout.keypoint_names.items() if number in names}
    return Dataset(images, len(layout.errors) + len(subsets), ids, [*layout.remarks, *told], skeletons)


def parse_labels(
    text: str, path: str, names: Mapping[int, str], size: tuple[int, int], pose: tuple[int, int] = (0, 0)
) -> tuple[AnnotatedObject, ...]:
    """The objects of one text file for a picture of `size`, width and height. After a box's four numbers come the
    keypoints of a `pose`, so many of so many numbers. Classes without a name are called by their number.

    >>> (found,) = parse_labels("0 0.5 0.5 0.25 0.5", "a.txt", {0: "cat"}, (80, 40))
    >>> found[:5]
    ('cat', 30.0, 10.0, 50.0, 30.0)
    """
    objects = []
    for line, words in enumerate(map(str.split, text.splitlines()), start=1):
        if words:
            try:
                objects.append(_object(words, names, size, pose)._replace(line=line))
            except (ValueError, OverflowError) as error:
                cure = _PIXELS if "pixels" in str(error) else _CURE
                raise DataError(f"the label cannot be read: {error}", f"{path}, line {line}", cure) from error
    return tuple(objects)


def _object(
    words: Sequence[str], names: Mapping[int, str], size: tuple[int, int], pose: tuple[int, int]
) -> AnnotatedObject:
    number = as_pixels(words[0])
    if number is None or float(words[0]) != number or number < 0:
        raise ValueError(f"the class is no whole number: {words[0][:40]!r}")
    if names and number not in names:
        raise ValueError(f"there is no class {number}; there are {len(names)} names, counted from 0")
    name = names.get(number, str(number))
    keypoints = pose[0] * pose[1]
    values = [float(word) for word in words[1 : 5 + keypoints if keypoints else None]]
    is_box = len(values) == 4 + keypoints
    if beyond := [value for value in values[: 4 if is_box else None] if not -1 <= value < 2]:
        other = "" if is_box else ", or points of a pose (kpt_shape in data.yaml)"
        raise ValueError(f"{beyond[0]:g} is no fraction of the picture, from 0 to 1; are these pixels{other}?")
    if is_box:
        return _from_box(name, values[:4], size)._replace(keypoints=_keypoints(values[4:], pose[1], size))
    if len(values) < 6 or len(values) % 2:
        raise ValueError(f"it has {len(words)} numbers; a box has 5, an outline 7 or more, an odd count")
    points = tuple(snapped(value * size[index % 2]) for index, value in enumerate(values))
    xmin, ymin, xmax, ymax = extent((points,)) or (0.0, 0.0, 0.0, 0.0)
    mask: Polygons | None = None if _is_box(points) else (points,)
    return AnnotatedObject(name, xmin, ymin, xmax, ymax, mask=mask)


def _from_box(name: str, values: Sequence[float], size: tuple[int, int]) -> AnnotatedObject:
    (x, y, width, height), (across, down) = values, size
    xmin, xmax = (snapped((x + side * width / 2) * across) for side in (-1, 1))
    ymin, ymax = (snapped((y + side * height / 2) * down) for side in (-1, 1))
    return AnnotatedObject(name, xmin, ymin, xmax, ymax)


def _keypoints(values: Sequence[float], dimensions: int, size: tuple[int, int]) -> tuple[Keypoint, ...]:
    """Without visibilities a point at 0, 0, or before it, is not labelled."""
    points = []
    for start in range(0, len(values), max(dimensions, 1)):
        x, y = values[start], values[start + 1] if dimensions > 1 else 0.0
        seen = values[start + 2] if dimensions == 3 else 2.0 * (min(x, y) >= 0 and max(x, y) > 0)
        if seen not in (0, 1, 2):
            raise ValueError(f"a keypoint has the visibility {seen:g}, which is 0, 1 or 2")
        points.append(Keypoint(snapped(x * size[0]), snapped(y * size[1]), int(seen)))
    return labelled(points)


def _is_box(points: Sequence[float]) -> bool:
    """Whether four corners are those of an upright rectangle, as boxes beside outlines have to be written."""
    corners = set(zip(points[0::2], points[1::2], strict=True))
    xs, ys = set(points[0::2]), set(points[1::2])
    return len(points) == 8 and len(corners) == 4 and len(xs) == 2 and len(ys) == 2
