"""Rules about masks and keypoints of annotations."""

from collections.abc import Iterator, Mapping, Sequence
from math import dist

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Keypoint, Skeleton
from tfod.annotations.masks import RunLengths, extent
from tfod.annotations.sides import mirrored, side_of
from tfod.doctor.findings import Finding, about
from tfod.doctor.rules.boxes import Frame, upright

__all__ = ["ShapeRules", "exchanged_pairs"]

_PIXELS, _SHARE = 2.0, 0.05  # so far a mask may reach out of its box: in pixels, and of the box's side
_FEWEST_LINES = 2  # that tell of a pair of keypoints whether it is exchanged
_APART = 0.05  # so far, of the diagonal around all keypoints, those of a pair lie from each other, seen from the side


class ShapeRules:
    """The rules about masks and keypoints, for all images of a data set.

    Args:
      skeletons: Of the classes that the data set names; of another class the first object with keypoints counts.
    """

    def __init__(self, skeletons: Mapping[str, Skeleton]) -> None:
        self._skeletons = skeletons
        self._counts = {name: len(skeleton.names) for name, skeleton in skeletons.items()}

    def check(self, image: AnnotatedImage, frame: Frame) -> Iterator[Finding]:
        """What is wrong with the masks and keypoints of an image."""
        for number, item in enumerate(image.objects, start=1):
            if item.mask is not None and (found := _mask_fault(item, frame)):
                yield about(image, *found, number)
            if item.keypoints:
                for rule, what in self._keypoint_faults(item, frame):
                    yield about(image, rule, what, number)

    def _keypoint_faults(self, item: AnnotatedObject, frame: Frame) -> Iterator[tuple[str, str]]:
        wanted = self._counts.setdefault(item.class_name, len(item.keypoints))
        if len(item.keypoints) != wanted:
            yield "keypoints-count", f"it has {len(item.keypoints)} keypoints, its class {wanted}"
            return
        skeleton = self._skeletons.get(item.class_name)
        outside = [
            skeleton.names[place] if skeleton else f"keypoint {place + 1}"
            for place, point in enumerate(item.keypoints)
            if point.visibility and not (0 <= point.x <= frame.width and 0 <= point.y <= frame.height)
        ]
        if outside:
            what = f"labelled keypoints lie outside the image of {frame.width} x {frame.height}: {', '.join(outside)}"
            yield "keypoint-outside", what
        if skeleton and (pairs := exchanged_pairs(item.keypoints, skeleton)):
            yield "keypoints-exchanged", f"left and right look exchanged: {', '.join(pairs)}"


def exchanged_pairs(points: Sequence[Keypoint], skeleton: Skeleton) -> list[str]:
    """The keypoints, by the name of the left one, of which the skeleton tells that left and right are exchanged.

    Of a pair such as the hips, each line to another pair (shoulders, knees) is there on both sides. Where those of both
    sides cross, for two such lines at least and for all, it is exchanged. A pair at the end of a limb, where arms and
    legs may well cross, is not judged.
    """
    other = mirrored(skeleton.names)
    apart = _APART * _diagonal(points)
    neighbours: dict[int, set[int]] = {}
    for start, end in [*skeleton.edges, *((end, start) for start, end in skeleton.edges)]:
        neighbours.setdefault(start, set()).add(end)
    found = []
    for left, name in enumerate(skeleton.names):
        right = other[left]
        if side_of(name) != "left" or right == left:
            continue
        lines = [
            (end, other[end])
            for end in neighbours.get(left, ())
            if other[end] not in (end, left) and end != right and other[end] in neighbours.get(right, ())
        ]
        if len(lines) >= _FEWEST_LINES and all(_cross(points, (left, right), line, apart) for line in lines):
            found.append(name)
    return found


def _diagonal(points: Sequence[Keypoint]) -> float:
    xs, ys = ([point[axis] for point in points if point.visibility] for axis in (0, 1))
    return dist((min(xs, default=0), min(ys, default=0)), (max(xs, default=0), max(ys, default=0)))


def _cross(points: Sequence[Keypoint], pair: tuple[int, int], ends: tuple[int, int], apart: float) -> bool:
    """Whether the line of the left side crosses that of the right."""
    left, right, left_end, right_end = (points[place] for place in (*pair, *ends))
    if not all(point.visibility for point in (left, right, left_end, right_end)):
        return False
    if min(dist(left[:2], right[:2]), dist(left_end[:2], right_end[:2])) <= apart:
        return False
    parted = _side(left, left_end, right) * _side(left, left_end, right_end) < 0
    return parted and _side(right, right_end, left) * _side(right, right_end, left_end) < 0


def _side(start: Keypoint, end: Keypoint, point: Keypoint) -> float:
    """Above 0 for a point on one side of a line, below 0 on the other."""
    return (end.x - start.x) * (point.y - start.y) - (end.y - start.y) * (point.x - start.x)


def _mask_fault(item: AnnotatedObject, frame: Frame) -> tuple[str, str] | None:
    mask = item.mask
    if isinstance(mask, RunLengths) and (mask.width, mask.height) != (frame.width, frame.height):
        what = f"the mask is of {mask.width} x {mask.height} pixels, the image of {frame.width} x {frame.height}"
        return "mask-size", what
    found = extent(mask) if mask is not None else None
    if found is None or found[0] == found[2] or found[1] == found[3]:
        return "mask-empty", "the mask has no pixel"
    xmin, ymin, xmax, ymax = upright(item[1:5])
    slack_x, slack_y = (max(_PIXELS, _SHARE * side) for side in (xmax - xmin, ymax - ymin))
    over = (xmin - found[0] - slack_x, ymin - found[1] - slack_y, found[2] - xmax - slack_x, found[3] - ymax - slack_y)
    if max(over) > 0:
        places = ("({:g}, {:g}, {:g}, {:g})".format(*box) for box in (found, (xmin, ymin, xmax, ymax)))
        return "mask-outside-box", "the mask {} reaches out of its box {}".format(*places)
    return None
