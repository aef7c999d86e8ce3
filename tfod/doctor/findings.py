"""What the doctor finds: the form of a finding."""

import os
from typing import NamedTuple

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.format import MissingPartError, PassedOverError, StrayError
from tfod.annotations.pictures import EXTENSIONS, picture_stem, plain_name
from tfod.errors import DataError
from tfod.files import LFS_CURE

__all__ = ["Finding", "about", "rule_of"]


class Finding(NamedTuple):
    """One thing that a rule found.

    `file` is the annotation or, where there is none, the picture; `line` (from 1) where the object, or the fault,
    stands in it. `picture` is the path of the picture, or its name where it was not found; None for what concerns the
    whole data set. `number` counts the objects of the picture from 1. `cure` is what would be done about it, where the
    rule's own cure does not say it all. In a file of records, `record` counts from 0, `feature` is its name.
    """

    rule: str
    what: str
    file: str
    picture: str | None = None
    line: int | None = None
    number: int | None = None
    cure: str | None = None
    record: int | None = None
    feature: str | None = None

    @property
    def where(self) -> str:
        """The place in words.

        >>> Finding("box-empty", "it has no area", "cat.xml", "cat.jpg", line=12, number=3).where
        'cat.xml, line 12, object 3'
        >>> Finding("label", "0", "a.record", record=3, feature="image/object/class/label").where
        'a.record, record 3, image/object/class/label'
        """
        if self.record is not None:
            return f"{self.file}, record {self.record}{f', {self.feature}' if self.feature else ''}"
        if not self.line and self.picture and picture_stem(self.picture) != picture_stem(self.file):
            line = f", {plain_name(self.picture)}"  # one of many in the file
        else:
            line = f", line {self.line}" if self.line else ""
        number = f", object {self.number}" if self.number else ""
        return f"{self.file}{line}{number}"


def about(image: AnnotatedImage, rule: str, what: str, number: int | None = None, cure: str | None = None) -> Finding:
    """A finding about a picture or, given its `number` from 1, about one of its objects."""
    line = image.objects[number - 1].line if number else None
    return Finding(rule, what, image.source, image.picture or image.filename, line, number, cure)


def rule_of(error: DataError) -> str:
    """The rule that finds what a reader could not use."""
    if error.cure == LFS_CURE:
        return "picture-not-fetched"
    if os.path.splitext(error.where)[1].lower() in EXTENSIONS:  # the reader needs its size
        return "picture-unreadable"
    if isinstance(error, PassedOverError):
        return "file-passed-over"
    if isinstance(error, MissingPartError):
        return "part-missing"
    return "annotation-orphan" if isinstance(error, StrayError) else "annotation-unreadable"
