"""What records hold of objects' keypoints: as many for each object, in shares of the stored image."""

from collections.abc import Mapping, Sequence

from tfod import names
from tfod.annotations.annotated_image import AnnotatedObject
from tfod.annotations.placement import as_stored
from tfod.config.label_map import LabelMap
from tfod.errors import DataError
from tfod.records.example import Feature, float_feature, int64_feature, text_feature

__all__ = ["keypoint_features"]


def keypoint_features(
    objects: Sequence[AnnotatedObject], label_map: LabelMap, size: tuple[int, int], orientation: int, where: str
) -> Mapping[str, Feature]:
    """The features x, y, visibility, num and, where the label map names keypoints, text.

    The label map says by its ids at which of all places a class has its keypoints; without it they are the first.
    What an object has not is 0, 0 with the visibility 0. Raises DataError for another number of keypoints than the
    class's.

    Args:
      objects: At least one of them with keypoints, unless the label map has some.
      label_map: Of the classes.
      size: Width and height of the image as it is annotated, in pixels.
      orientation: EXIF's, where the image is annotated as a viewer shows it; 1 where as it is stored.
      where: The annotation.
    """
    count = label_map.num_keypoints or max(len(item.keypoints) for item in objects)
    all_named = {place: name for named in label_map.keypoints.values() for place, name in named.items()}
    xs, ys, seen, texts = [], [], [], []
    for item in objects:
        named = label_map.keypoints.get(item.class_name) or {}
        places = tuple(named) or range(count)
        if len(item.keypoints) not in (0, len(places)):
            what = f"an object of class {item.class_name!r} has {len(item.keypoints)} keypoints, others {len(places)}"
            at = f"{where}, line {item.line}" if item.line else where
            raise DataError(what, at, "give all objects of a class the same keypoints, in the same order")
        row = [(0.0, 0.0, 0)] * count
        for place, point in zip(places, item.keypoints, strict=False):
            x, y = point.x / size[0], point.y / size[1]
            if orientation != 1:
                x, y, _, _ = as_stored((x, y, x, y), orientation)
            row[place] = (x, y, point.visibility) if point.visibility else row[place]
        xs += [x for x, _, _ in row]
        ys += [y for _, y, _ in row]
        seen += [visibility for _, _, visibility in row]
        texts += [named.get(place) or all_named.get(place, "") for place in range(count)]
    features = {
        names.OBJECT_KEYPOINT_X: float_feature(xs),
        names.OBJECT_KEYPOINT_Y: float_feature(ys),
        names.OBJECT_KEYPOINT_VISIBILITY: int64_feature(seen),
        names.OBJECT_KEYPOINT_NUM: int64_feature(
            sum(point.visibility > 0 for point in item.keypoints) for item in objects
        ),
    }
    if all_named:
        features[names.OBJECT_KEYPOINT_TEXT] = text_feature(texts)
    return features
