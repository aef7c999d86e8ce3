"""A repaired copy of a data set: what is surely wrong is mended, each change is logged, the source is only read."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.format import Dataset
from tfod.annotations.pictures import EXTENSIONS, PictureHeader
from tfod.annotations.source import Source
from tfod.doctor.findings import Finding, rule_of
from tfod.doctor.rules.boxes import upright
from tfod.doctor.rules.pictures import open_picture
from tfod.errors import DataError
from tfod.files import LFS_CURE, replacing_directory

__all__ = ["CHANGES_FILE", "write_repaired"]

CHANGES_FILE = "changes.txt"

_LEAVING_PICTURES_OUT = {"picture-missing", "picture-unreadable", "picture-truncated", "picture-damaged"}
_DROPPING_BOXES = {"box-not-finite", "box-empty", "box-outside", "box-duplicated"}
_MOVING_CORNERS = {"box-inverted", "box-negative", "box-over-edge"}
_CHANGING = {"annotation-meaning", "annotation-orphan", "box-from-outline"}  # of what readers tell
_EXTENSION_OF = {kind: extension for extension, kind in reversed(EXTENSIONS.items())}


def write_repaired(
    sources: Sequence[Source],
    findings: Iterable[Finding],
    output: str,
    advance: Callable[[], object] = lambda: None,
) -> list[str]:
    """Writes a copy of the data sets, in their formats, without what the findings say and can be mended surely.

    One data set goes to `output`, of several each to a folder in it, named as it is. Gives the changes, one line each,
    which are also written to `changes.txt` there. Raises DataError where nothing would be left;
    then nothing is written.
    """
    by_picture: dict[tuple[str, str | None], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_picture[finding.file, finding.picture].append(finding)
    changes: list[str] = []
    with replacing_directory(output) as working:
        for source, name in zip(sources, _names(sources), strict=True):
            repaired = _Repaired(source.dataset, by_picture)
            dataset = source.dataset._replace(images=repaired)
            write_dataset(dataset, source.format, str(working / name), advance=advance)
            changes += repaired.changes
        (working / CHANGES_FILE).write_text("".join(f"{line}\n" for line in changes), encoding="utf-8")
    return changes


class _Repaired:
    """The pictures of a data set, mended; each time that they are gone through, `changes` is made anew."""

    def __init__(self, dataset: Dataset, findings: Mapping[tuple[str, str | None], Sequence[Finding]]) -> None:
        self._dataset = dataset
        self._findings = findings
        self.changes: list[str] = []

    def __iter__(self) -> Iterator[AnnotatedImage | DataError]:
        self.changes = []
        for remark in self._dataset.remarks:
            if remark.rule in _CHANGING:
                self._log(remark.rule, remark.where, remark.what)
        for image in self._dataset.images:
            if isinstance(image, DataError) and image.cure == LFS_CURE:
                raise image  # the file is only to be fetched: nothing of it is to be left out
            if isinstance(image, DataError):
                self._log(rule_of(image), image.where, f"left out: {image.what}")
                continue
            for remark in image.remarks:
                self._log(remark.rule, remark.where, remark.what)
            if (mended := self._mended(image)) is not None:
                yield mended

    def _mended(self, image: AnnotatedImage) -> AnnotatedImage | None:
        findings = self._findings.get((image.source, image.picture or image.filename), ())
        for finding in findings:
            if finding.rule in _LEAVING_PICTURES_OUT:
                self._log(finding.rule, finding.where, f"picture and annotation left out: {finding.what}")
                return None
        header = open_picture(image) if findings else None
        if not isinstance(header, PictureHeader):
            return image
        of_objects: dict[int, list[Finding]] = defaultdict(list)
        for finding in findings:
            if finding.number is not None:
                of_objects[finding.number].append(finding)
            else:
                image = self._named(image, header, finding)
        objects = (
            self._object(image, header, item, of_objects[number]) for number, item in enumerate(image.objects, start=1)
        )
        return image._replace(objects=tuple(item for item in objects if item is not None))

    def _named(self, image: AnnotatedImage, header: PictureHeader, finding: Finding) -> AnnotatedImage:
        """What is mended in an annotation's head: the writer itself writes the picture's name and size."""
        if finding.rule == "picture-extension":
            filename = os.path.splitext(image.filename)[0] + _EXTENSION_OF[header.format]
            self._log(finding.rule, finding.where, f"picture renamed {image.filename} -> {filename}")
            return image._replace(filename=filename)
        if finding.rule == "picture-name":
            self._log(finding.rule, finding.where, f"file name written: {image.filename}")
        elif finding.rule == "picture-size-missing":
            self._log(finding.rule, finding.where, f"size written: {header.width} x {header.height}")
        return image

    def _object(
        self, image: AnnotatedImage, header: PictureHeader, item: AnnotatedObject, findings: Sequence[Finding]
    ) -> AnnotatedObject | None:
        rules = [finding.rule for finding in findings]
        for finding in findings:
            if finding.rule in _DROPPING_BOXES:
                self._log(finding.rule, finding.where, f"box of class {item.class_name!r} dropped: {finding.what}")
                return None
        if _MOVING_CORNERS.isdisjoint(rules) or item.mask is not None:  # the mask says where the object is
            return item
        before = item.xmin, item.ymin, item.xmax, item.ymax
        xmin, ymin, xmax, ymax = upright(before) if "box-inverted" in rules else before
        turned = header.annotated_as_shown(image.width, image.height)
        width, height = (header.height, header.width) if turned else (header.width, header.height)
        if "box-negative" in rules:
            xmin, ymin, xmax, ymax = (max(side, 0.0) for side in (xmin, ymin, xmax, ymax))
        if "box-over-edge" in rules:
            xmin, xmax = min(xmin, float(width)), min(xmax, float(width))
            ymin, ymax = min(ymin, float(height)), min(ymax, float(height))
        done = ", ".join(sorted(_MOVING_CORNERS.intersection(rules)))
        self._log(done, findings[0].where, f"box {_words(before)} -> {_words((xmin, ymin, xmax, ymax))}")
        return item._replace(xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax)

    def _log(self, rule: str, where: str, what: str) -> None:
        self.changes.append(f"{rule}\t{where}\t{what}")


def _words(box: Sequence[float]) -> str:
    return f"({', '.join(f'{side:g}' for side in box)})"


def _names(sources: Sequence[Source]) -> list[str]:
    """A folder for each data set: none of its own for the only one."""
    if len(sources) == 1:
        return ["."]
    names: list[str] = []
    for source in sources:
        stem = Path(os.path.abspath(source.path)).stem
        names.append(stem if stem not in names else f"{stem}_{len(names) + 1}")
    return names
