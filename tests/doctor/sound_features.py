"""A record without a fault, which tests of its verification damage."""

from tests.annotations.voc_files import picture
from tfod import names
from tfod.records.example import bytes_feature, float_feature, int64_feature

__all__ = ["sound_features"]


def sound_features() -> dict[str, bytes]:
    """An image of 64 x 48 pixels with two objects, of the classes 1 and 2 by their numbers."""
    return {
        names.IMAGE_HEIGHT: int64_feature((48,)),
        names.IMAGE_WIDTH: int64_feature((64,)),
        names.IMAGE_FILENAME: bytes_feature(b"a.jpg"),
        names.IMAGE_SOURCE_ID: bytes_feature(b"a.jpg"),
        names.IMAGE_ENCODED: bytes_feature(picture()),
        names.IMAGE_FORMAT: bytes_feature(b"jpeg"),
        names.OBJECT_XMIN: float_feature([0.1, 0.5]),
        names.OBJECT_XMAX: float_feature([0.3, 1.0]),
        names.OBJECT_YMIN: float_feature([0.0, 0.5]),
        names.OBJECT_YMAX: float_feature([0.3, 0.9]),
        names.OBJECT_CLASS_LABEL: int64_feature((1, 2)),
    }
