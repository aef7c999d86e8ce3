"""Annotated images to tf.Examples."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from tfod import names
from tfod.annotations.annotated_image import SOURCE_ID, AnnotatedImage, AnnotatedObject
from tfod.annotations.pictures import EXTENSIONS, PictureHeader, read_header
from tfod.annotations.placement import Box, as_stored, place
from tfod.config.label_map import LabelMap
from tfod.config.words import nearest
from tfod.errors import DataError
from tfod.files import read_bytes
from tfod.records.example import Feature, bytes_feature, encode_example, float_feature, int64_feature, text_feature
from tfod.records.keypoint_features import keypoint_features
from tfod.records.summary import Summary

__all__ = ["ConversionRules", "read_picture", "to_example"]


@dataclass(frozen=True)
class ConversionRules:
    """What the user decides about a conversion.

    `voc_origin`: how box coordinates count pixels, see `tfod.annotations.placement`. `keep_empty`: pictures without
    objects are written as background. `ignore_difficult`: difficult objects are left out.
    `skip_unknown_classes`: so are objects whose class the label map lacks; otherwise they are an error.
    `skip_bad`: pictures that, or whose annotations, cannot be used are counted; otherwise they are an error.
    """

    voc_origin: Literal["raw", "one_based"] = "raw"
    keep_empty: bool = True
    ignore_difficult: bool = False
    skip_unknown_classes: bool = False
    skip_bad: bool = False


def to_example(
    image: AnnotatedImage | DataError, label_map: LabelMap, rules: ConversionRules, summary: Summary
) -> bytes | None:
    """The tf.Example of an image, with the standard features; None where the rules leave it out.

    The image's bytes are copied as they are; the header decides the size and the format. What is repaired or left
    out is counted in `summary`. Raises DataError for `image` that is one, and for an image or a class that cannot be
    used.
    """
    try:
        if isinstance(image, DataError):
            raise image
        data, header = read_picture(image)
    except DataError as error:
        if not rules.skip_bad:
            raise
        summary.note("bad", f"{error.where}: {error.what}")
        return None
    _note_header(image, header, summary)
    objects, boxes, labels = _objects(image, header, label_map, rules, summary)
    if not objects:
        summary.note("background" if rules.keep_empty else "left_out", image.source)
        if not rules.keep_empty:
            return None
    summary.pictures += 1
    source_id = dict(image.fields).get(SOURCE_ID, image.filename)
    features = _image_features(image.filename, source_id, data, header) | _object_features(objects, boxes, labels)
    turned = header.annotated_as_shown(image.width, image.height)
    orientation = header.orientation if turned else 1
    size = (header.height, header.width) if turned else (header.width, header.height)
    if label_map.keypoints or any(item.keypoints for item in objects):
        features |= keypoint_features(objects, label_map, size, orientation, image.source)
    if any(item.crowd or item.mask or item.keypoints or item.area is not None for item in objects):
        from tfod.records.coco_features import coco_features  # needs NumPy, which most conversions do not

        features |= coco_features(objects, size, orientation, image.source)
    return encode_example(features)


def _image_features(filename: str, source_id: str, data: bytes, header: PictureHeader) -> dict[str, Feature]:
    return {
        names.IMAGE_HEIGHT: int64_feature([header.height]),
        names.IMAGE_WIDTH: int64_feature([header.width]),
        names.IMAGE_FILENAME: text_feature([filename]),
        names.IMAGE_SOURCE_ID: text_feature([source_id]),
        names.IMAGE_KEY: text_feature([hashlib.sha256(data).hexdigest()]),
        names.IMAGE_ENCODED: bytes_feature(data),
        names.IMAGE_FORMAT: text_feature([header.format]),
    }


def _object_features(objects: list[AnnotatedObject], boxes: list[Box], labels: list[int]) -> dict[str, Feature]:
    xmins, ymins, xmaxs, ymaxs = zip(*boxes, strict=True) if boxes else [()] * 4
    columns = zip(*objects, strict=True) if objects else [()] * len(AnnotatedObject._fields)
    classes, _, _, _, _, difficult, truncated, poses, *_ = columns
    return {
        names.OBJECT_XMIN: float_feature(xmins),
        names.OBJECT_XMAX: float_feature(xmaxs),
        names.OBJECT_YMIN: float_feature(ymins),
        names.OBJECT_YMAX: float_feature(ymaxs),
        names.OBJECT_CLASS_TEXT: text_feature(classes),
        names.OBJECT_CLASS_LABEL: int64_feature(labels),
        names.OBJECT_DIFFICULT: int64_feature(difficult),
        names.OBJECT_TRUNCATED: int64_feature(truncated),
        names.OBJECT_VIEW: text_feature(poses),
    }


def read_picture(image: AnnotatedImage) -> tuple[bytes, PictureHeader]:
    """The picture's file and what its header says; DataError where there is none, or TensorFlow could not decode it."""
    path = image.picture
    if image.encoded is not None:
        return image.encoded, read_header(image.encoded, f"{image.source}, {image.filename}")
    if path is None:
        cure = "put it beside its annotation or into images/ beside its folder, or name its folder"
        raise DataError(f"there is no picture {image.filename!r}", image.source, cure)
    try:
        data = read_bytes(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the picture: {reason}", path, "check the file and its rights") from error
    return data, read_header(data, path)


def _note_header(image: AnnotatedImage, header: PictureHeader, summary: Summary) -> None:
    for remark in image.remarks:
        summary.note(remark.what, remark.where)
    extension = image.filename[image.filename.rfind(".") :]
    if EXTENSIONS.get(extension.lower()) != header.format:
        summary.note("format", f"{image.picture}: {header.format.upper()}")
    if header.orientation != 1:
        kind = "turned" if header.annotated_as_shown(image.width, image.height) else "exif"
        summary.note(kind, f"{image.picture}: orientation {header.orientation}")
    elif None not in (says := (image.width, image.height)) and says != (header.width, header.height):
        summary.note("size", f"{image.source}: says {says[0]} x {says[1]}, is {header.width} x {header.height}")


def _objects(
    image: AnnotatedImage,
    header: PictureHeader,
    label_map: LabelMap,
    rules: ConversionRules,
    summary: Summary,
) -> tuple[list[AnnotatedObject], list[Box], list[int]]:
    """The objects to write, their boxes in fractions of the stored picture, and their class ids."""
    objects, boxes, labels = [], [], []
    turned = header.annotated_as_shown(image.width, image.height)
    width, height = (header.height, header.width) if turned else (header.width, header.height)
    one_based = rules.voc_origin == "one_based"
    ignored = rules.ignore_difficult
    id_of = label_map.ids.get
    for item in image.objects:
        label = id_of(item.class_name)
        if ignored and item.difficult:
            summary.note("difficult", _place(image, item))
        elif label is None:
            if not rules.skip_unknown_classes:
                raise _unknown_class(image, item, label_map)
            summary.note("unknown_class", f"{_place(image, item)}: {item.class_name}")
        else:
            box, done = place(item[1:5], width, height, one_based)
            for kind in done:
                summary.note(kind, _place(image, item))
            if box is not None:
                objects.append(item)
                boxes.append(as_stored(box, header.orientation) if turned else box)
                labels.append(label)
    summary.objects.update([item.class_name for item in objects])
    return objects, boxes, labels


def _unknown_class(image: AnnotatedImage, item: AnnotatedObject, label_map: LabelMap) -> DataError:
    known = [name for entry in label_map.items for name in (entry.name, entry.display_name) if name]
    meant = nearest(item.class_name, known, cutoff=0.5)
    hint = f"did you mean {meant!r}? Else a" if meant else "a"
    return DataError(
        f"the label map has no class {item.class_name!r}",
        _place(image, item),
        f"{hint}dd the class to the label map, or leave its objects out with --skip_unknown_classes",
    )


def _place(image: AnnotatedImage, item: AnnotatedObject) -> str:
    return f"{image.source}, line {item.line}" if item.line else image.source
