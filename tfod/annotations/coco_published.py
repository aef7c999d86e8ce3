"""COCO as it is published: one file of instances a part, and beside it one of the persons' keypoints."""

from collections.abc import Iterator, Mapping
from typing import Any

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.coco import read_coco_tables
from tfod.annotations.format import Dataset, StrayError
from tfod.annotations.untrusted import read_json
from tfod.errors import DataError

__all__ = ["read_published"]

_PERSON = "person"
_KEYPOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip


def read_published(
    instances: str,
    image_dir: str,
    keypoints: str = "",
    *,
    masks: bool,
    person_objects: bool = False,
    person_images: bool = False,
) -> Dataset:
    """A part of COCO: each image with its id, each object with its area; a file without annotations has images alone.

    Entries that belong to no image are left out.

    Args:
      instances: The file of the objects.
      image_dir: Where the images are.
      keypoints: The file of the keypoints, which objects get by the ids of their annotations.
      masks: Whether objects keep their masks.
      person_objects: Whether persons are the only objects.
      person_images: Whether images without a person lose all objects.

    Raises:
      DataError: a file cannot be read, or is none of COCO's.
    """
    read = read_json(instances)
    read = {**read, "annotations": read.get("annotations") or [], "categories": read.get("categories") or []}
    dataset = read_coco_tables(_joined(read, read_json(keypoints)) if keypoints else read, instances, image_dir)

    def changed(image: AnnotatedImage) -> AnnotatedImage:
        objects = [_plain(item, masks) for item in image.objects if not person_objects or item.class_name == _PERSON]
        if person_images and not any(item.class_name == _PERSON for item in objects):
            objects = []
        return image._replace(objects=tuple(objects))

    images = [
        changed(image) if isinstance(image, AnnotatedImage) else image
        for image in dataset.images
        if not isinstance(image, StrayError)
    ]
    return dataset._replace(images=images, total=len(images))


def _plain(item: AnnotatedObject, masks: bool) -> AnnotatedObject:
    area = (item.xmax - item.xmin) * (item.ymax - item.ymin) if item.area is None else item.area
    return item._replace(area=area, mask=item.mask if masks else None)


def _joined(read: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The instances with the keypoints of the annotations of the same ids, and of the categories."""
    given = {item.get("id"): item.get("keypoints") for item in _objects(other, "annotations")}
    named = {item.get("id"): item for item in _objects(other, "categories")}
    annotations = [{**item, "keypoints": given.get(item.get("id"))} for item in _objects(read, "annotations")]
    categories = []
    for item in _objects(read, "categories"):
        theirs = named.get(item.get("id"), {})
        names = theirs.get("keypoints") or (list(_KEYPOINTS) if item.get("name") == _PERSON else None)
        categories.append({**item, "keypoints": names, "skeleton": theirs.get("skeleton")})
    return {**read, "annotations": annotations, "categories": categories}


def _objects(read: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    items = read.get(key) or []
    if not isinstance(items, list):
        raise DataError(f"the JSON is no COCO data set: {key!r} is no list", "the keypoints' file", "name another")
    return (item for item in items if isinstance(item, dict))
