"""What is wrong with the masks and keypoints of one tf.Example, as training would read them; nothing is decoded."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from tfod import names
from tfod.annotations.pictures import PictureHeader, read_header
from tfod.config.label_map import LabelMap
from tfod.doctor.rules.tf_example_fault import Fault
from tfod.errors import DataError
from tfod.records.example import Value

__all__ = ["check_keypoints", "check_masks", "keypoints_an_object", "mask_fault"]

_ROUNDING = 1e-6  # of float32
_TYPES: dict[str, tuple[type, str]] = {
    names.OBJECT_KEYPOINT_X: (float, "float"),
    names.OBJECT_KEYPOINT_Y: (float, "float"),
    names.OBJECT_KEYPOINT_VISIBILITY: (int, "int64"),
    names.OBJECT_KEYPOINT_NUM: (int, "int64"),
    names.OBJECT_KEYPOINT_TEXT: (bytes, "bytes"),
}


def check_masks(features: Mapping[str, Value], count: int, header: PictureHeader | None) -> Iterator[Fault]:
    """Masks of `count` objects: as many, and each as large as the image."""
    masks = features.get(names.OBJECT_MASK) or []
    if masks and isinstance(masks[0], float):  # numbers, the other form that the original knows
        if header and len(masks) != count * header.width * header.height:
            what = f"there are {len(masks)} numbers for {count} masks of {header.width} x {header.height} pixels"
            yield Fault("mask", names.OBJECT_MASK, what)
        return
    if masks and len(masks) != count:
        yield Fault("mask", names.OBJECT_MASK, f"there are {len(masks)} masks for {count} boxes")
    for number, mask in enumerate(masks, start=1):
        if what := mask_fault(mask, header):
            yield Fault("mask", names.OBJECT_MASK, f"object {number}: {what}")


def mask_fault(mask: object, header: PictureHeader | None) -> str:
    """What is wrong with an encoded mask of a picture; empty where nothing is."""
    if not isinstance(mask, bytes):
        return "it holds no picture"
    try:
        found = read_header(mask, "the mask")
    except DataError as error:
        return error.what
    if header is None or (found.width, found.height) == (header.width, header.height):
        return ""
    return f"it has {found.width} x {found.height} pixels, the picture {header.width} x {header.height}"


def keypoints_an_object(features: Mapping[str, Value], count: int) -> int:
    """How many keypoints each of `count` objects has; 0 where that is no whole number."""
    there = len(features.get(names.OBJECT_KEYPOINT_X) or ())
    return there // count if count and there % count == 0 else 0


def check_keypoints(features: Mapping[str, Value], count: int, label_map: LabelMap | None) -> Iterator[Fault]:
    """Keypoints of `count` objects: as many for each, of the right types, seen ones within the image."""
    for key, (kind, word) in _TYPES.items():
        if (values := features.get(key)) and not isinstance(values[0], kind):
            yield Fault("type", key, f"it should be a list of {word}")
            return
    xs, ys = _floats(features, names.OBJECT_KEYPOINT_X), _floats(features, names.OBJECT_KEYPOINT_Y)
    if not xs and not ys:
        return
    each = keypoints_an_object(features, count)
    if not each or len(ys) != len(xs):
        what = f"there are {len(xs)} x and {len(ys)} y for {count} boxes, which should have as many each"
        yield Fault("keypoint", names.OBJECT_KEYPOINT_X, what)
        return
    if label_map is not None and label_map.num_keypoints not in (0, each):
        what = f"each object has {each}, by the label map it should have {label_map.num_keypoints}"
        yield Fault("keypoint", names.OBJECT_KEYPOINT_X, what)
    for key, wanted in (
        (names.OBJECT_KEYPOINT_VISIBILITY, len(xs)),
        (names.OBJECT_KEYPOINT_TEXT, len(xs)),
        (names.OBJECT_KEYPOINT_NUM, count),
    ):
        if (there := len(features.get(key) or ())) not in (0, wanted):
            yield Fault("keypoint", key, f"it has {there} values, and should have {wanted}")
            return
    yield from _places(features, xs, ys, each)


def _places(features: Mapping[str, Value], xs: Sequence[float], ys: Sequence[float], each: int) -> Iterator[Fault]:
    seen = [value for value in features.get(names.OBJECT_KEYPOINT_VISIBILITY) or () if isinstance(value, int)]
    seen = seen or [2 if isfinite(x) and isfinite(y) else 0 for x, y in zip(xs, ys, strict=True)]
    for place, (x, y, visibility) in enumerate(zip(xs, ys, seen, strict=True)):
        at = f"object {place // each + 1}, keypoint {place % each + 1}"
        if visibility not in (0, 1, 2):
            yield Fault("keypoint", names.OBJECT_KEYPOINT_VISIBILITY, f"{at}: {visibility}, which is 0, 1 or 2")
        elif visibility and not (_inside(x) and _inside(y)):
            yield Fault("keypoint", names.OBJECT_KEYPOINT_X, f"{at}: {x:.4g} {y:.4g} (x y) is not in the image, 0 to 1")
    told = [value for value in features.get(names.OBJECT_KEYPOINT_NUM) or () if isinstance(value, int)]
    for number, says in enumerate(told):
        there = sum(value > 0 for value in seen[number * each : (number + 1) * each])
        if says != there:
            what = f"object {number + 1}: it says {says} labelled keypoints, there are {there}"
            yield Fault("keypoint", names.OBJECT_KEYPOINT_NUM, what)


def _inside(share: float) -> bool:
    return -_ROUNDING <= share <= 1 + _ROUNDING


def _floats(features: Mapping[str, Value], key: str) -> list[float]:
    return [value for value in features.get(key) or () if isinstance(value, float)]
