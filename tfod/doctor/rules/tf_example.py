"""What is wrong with one tf.Example, as training, evaluation and drawing would read it; nothing is decoded."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from tfod import names
from tfod.annotations.pictures import PictureHeader, read_header
from tfod.config.label_map import LabelMap
from tfod.doctor.rules.tf_example_fault import Fault
from tfod.doctor.rules.tf_example_shapes import check_keypoints, check_masks, mask_fault
from tfod.errors import DataError
from tfod.records.example import Value

__all__ = ["Fault", "check_example"]

_SIDES = (names.OBJECT_XMIN, names.OBJECT_YMIN, names.OBJECT_XMAX, names.OBJECT_YMAX)
_ROUNDING = 1e-6  # of float32, in what tools write who divide by the size

# Feature -> type of its one value; True where training cannot do without it (`tfod.input.decode` has defaults).
_OF_THE_IMAGE: dict[str, tuple[type, bool]] = {
    names.IMAGE_ENCODED: (bytes, True),
    names.IMAGE_FORMAT: (bytes, False),
    names.IMAGE_HEIGHT: (int, False),
    names.IMAGE_WIDTH: (int, False),
    names.IMAGE_FILENAME: (bytes, False),
    names.IMAGE_SOURCE_ID: (bytes, False),
    names.IMAGE_KEY: (bytes, False),
}
_OF_OBJECTS: dict[str, tuple[type, bool]] = {
    **{side: (float, True) for side in _SIDES},
    names.OBJECT_CLASS_LABEL: (int, True),
    names.OBJECT_CLASS_TEXT: (bytes, False),
    names.OBJECT_DIFFICULT: (int, False),
    names.OBJECT_TRUNCATED: (int, False),
    names.OBJECT_VIEW: (bytes, False),
    names.OBJECT_AREA: (float, False),
    names.OBJECT_IS_CROWD: (int, False),
    names.OBJECT_GROUP_OF: (int, False),
    names.OBJECT_WEIGHT: (float, False),
}
_USUAL = {names.IMAGE_FORMAT, names.IMAGE_HEIGHT, names.IMAGE_WIDTH, names.IMAGE_FILENAME, names.IMAGE_SOURCE_ID}
_TYPE_NAMES = {bytes: "bytes", int: "int64", float: "float"}


def check_example(features: Mapping[str, Value], label_map: LabelMap | None = None) -> Iterator[Fault]:
    """Yields what is wrong with an example.

    One with a class mask (`image/segmentation/class/encoded`) needs no boxes.
    """
    masked = names.CLASS_MASK_ENCODED in features
    yield from _image_types(features)
    header = None
    if isinstance(encoded := _first(features, names.IMAGE_ENCODED), bytes):
        try:
            header = read_header(encoded, names.IMAGE_ENCODED)
        except DataError as error:
            yield Fault("picture", names.IMAGE_ENCODED, error.what)
        yield from _about_image(features, encoded, header)
    if masked:
        yield from _class_mask(features, header)
    if not masked or any(side in features for side in _SIDES):
        yield from _object_types(features, label_map)
        yield from _boxes(features)
        yield from _labels(features, label_map)
        count = len(features.get(_SIDES[0], ()))
        yield from check_masks(features, count, header)
        yield from check_keypoints(features, count, label_map)


def _first(features: Mapping[str, Value], key: str) -> bytes | float | int | None:
    values = features.get(key)
    return values[0] if values else None


def _image_types(features: Mapping[str, Value]) -> Iterator[Fault]:
    for key, (kind, needed) in _OF_THE_IMAGE.items():
        values = features.get(key)
        if not values:
            if needed or key in _USUAL:
                what = "it is not there" if values is None else "it has no value"
                yield Fault("missing" if needed else "absent", key, what)
        elif len(values) > 1 or not isinstance(values[0], kind):
            there = f"{len(values)} of {_TYPE_NAMES[type(values[0])]}"
            yield Fault("type", key, f"it should be one value of {_TYPE_NAMES[kind]}, it is {there}")


def _about_image(features: Mapping[str, Value], encoded: bytes, header: PictureHeader | None) -> Iterator[Fault]:
    key = _first(features, names.IMAGE_KEY)
    if isinstance(key, bytes) and key != hashlib.sha256(encoded).hexdigest().encode():
        yield Fault("hash", names.IMAGE_KEY, "it is not the SHA-256 of the picture's bytes")
    if header is None:
        return
    for feature, side in ((names.IMAGE_WIDTH, header.width), (names.IMAGE_HEIGHT, header.height)):
        says = _first(features, feature)
        if isinstance(says, int) and says != side:
            yield Fault("size", feature, f"it says {says}, the picture's header {side}")
    says = _first(features, names.IMAGE_FORMAT)
    if isinstance(says, bytes) and says.decode(errors="replace").lower().replace("jpg", "jpeg") != header.format:
        yield Fault("format", names.IMAGE_FORMAT, f"it says {_text(says)}, the picture is {header.format}")


def _class_mask(features: Mapping[str, Value], header: PictureHeader | None) -> Iterator[Fault]:
    mask = _first(features, names.CLASS_MASK_ENCODED)
    if what := mask_fault(mask, header):
        yield Fault("mask", names.CLASS_MASK_ENCODED, what)


def _object_types(features: Mapping[str, Value], label_map: LabelMap | None) -> Iterator[Fault]:
    count = max(len(features.get(side, ())) for side in _SIDES)
    for key, (kind, needed) in _OF_OBJECTS.items():
        values = features.get(key)
        if not values and key == names.OBJECT_CLASS_LABEL and len(features.get(names.OBJECT_CLASS_TEXT, ())) == count:
            if count and label_map is None:
                yield Fault("missing", key, "it is not there; the texts are enough with a label map (--label_map)")
        elif values is None:
            if needed and count:
                yield Fault("missing", key, "it is not there")
        elif values and not isinstance(values[0], kind):
            yield Fault(
                "type", key, f"it should be a list of {_TYPE_NAMES[kind]}, it is of {_TYPE_NAMES[type(values[0])]}"
            )
        elif len(values) != count and (values or needed):
            yield Fault("type", key, f"it has {len(values)} values for {count} boxes")


def _boxes(features: Mapping[str, Value]) -> Iterator[Fault]:
    sides = [_floats(features, side) for side in _SIDES]
    for number, box in enumerate(zip(*sides, strict=False), start=1):  # lists of unlike lengths are told elsewhere
        xmin, ymin, xmax, ymax = box
        if 0 <= xmin < xmax <= 1 + _ROUNDING and 0 <= ymin < ymax <= 1 + _ROUNDING:
            continue
        at = f"object {number}: {xmin:.4g} {ymin:.4g} {xmax:.4g} {ymax:.4g} (xmin ymin xmax ymax)"
        if not all(map(isfinite, box)):
            yield Fault("box", "image/object/bbox", f"{at} is not finite")
        elif xmin >= xmax or ymin >= ymax:
            yield Fault("box", "image/object/bbox", f"{at} has no area")
        else:
            yield Fault("box", "image/object/bbox", f"{at} reaches out of the picture, 0 to 1")


def _floats(features: Mapping[str, Value], key: str) -> Sequence[float]:
    values = features.get(key) or []
    return [value for value in values if isinstance(value, float)]


def _labels(features: Mapping[str, Value], label_map: LabelMap | None) -> Iterator[Fault]:
    labels = [value for value in features.get(names.OBJECT_CLASS_LABEL) or [] if isinstance(value, int)]
    texts = [value for value in features.get(names.OBJECT_CLASS_TEXT) or [] if isinstance(value, bytes)]
    for number, label in enumerate(labels, start=1):
        key = names.OBJECT_CLASS_LABEL
        if label < 1:
            yield Fault("label", key, f"object {number}: {label}, and classes count from 1")
        elif label_map is not None and label not in label_map.names:
            yield Fault("label", key, f"object {number}: {label}, which the label map lacks")
    if label_map is None:
        return
    for number, text in enumerate(texts, start=1):
        meant = label_map.ids.get(text.decode(errors="replace"))
        said = labels[number - 1] if number <= len(labels) else None
        if meant is None:
            yield Fault("label", names.OBJECT_CLASS_TEXT, f"object {number}: {_text(text)}, which the label map lacks")
        elif said is not None and meant != said:
            what = f"object {number}: {_text(text)} is {meant} in the label map, the record says {said}"
            yield Fault("label", names.OBJECT_CLASS_TEXT, what)


def _text(value: bytes) -> str:
    """A text as people see it, with nothing that a terminal would obey.

    >>> _text(b"cat"), _text(b"\\x1b[2J")
    ("'cat'", "'\\\\x1b[2J'")
    """
    return repr(value.decode(errors="replace"))
