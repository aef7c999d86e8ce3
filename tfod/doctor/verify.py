"""Whether sets of TFRecords are what they should be: every checksum, every example, and what their manifest says."""

import os
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from google_crc32c import extend

from tfod import names
from tfod.config.label_map import LabelMap
from tfod.doctor.findings import Finding
from tfod.doctor.report_text import count_errors, grouped
from tfod.doctor.rules.descriptions import RECORD_RULES
from tfod.doctor.rules.tf_example import check_example
from tfod.doctor.rules.tf_example_shapes import keypoints_an_object
from tfod.errors import DataError
from tfod.records.example import Value, decode_example
from tfod.records.files import matching_files
from tfod.records.frames import Frame, scan_frames
from tfod.records.manifest import RecordFile, file_entries, manifest_path, read_manifest
from tfod.records.pool import cores, each
from tfod.records.summary import name_digest, repeated
from tfod.shards import set_faults, set_name

__all__ = ["Report", "verify"]

_WORTH_A_PROCESS = 50_000_000  # bytes


@dataclass
class Report:
    """What is in some files, and what was found. `objects` is class name (or number) -> objects; `masks` counts masks,
    `keypoints` the objects with a labelled one."""

    files: list[RecordFile] = field(default_factory=list)
    bytes: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    masks: int = 0
    keypoints: int = 0
    findings: list[Finding] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)

    @property
    def records(self) -> int:
        """The records of all files."""
        return sum(file.records for file in self.files)

    @property
    def severe(self) -> int:
        """How many findings make the records unfit."""
        return count_errors(self.findings, RECORD_RULES)

    def text(self, shown: int = 5) -> str:
        """The findings by kind, severe ones first, each with its count and first few places; then what is there."""
        classes = ", ".join(f"{name} {count}" for name, count in sorted(self.objects.items()))
        compared = f"compared with {', '.join(self.manifests)}" if self.manifests else "no manifest beside them"
        lines = [
            *grouped(self.findings, RECORD_RULES, shown),
            f"{self.records:8d}  records in {len(self.files)} files, {self.bytes / 1e6:.1f} MB",
            f"{sum(self.objects.values()):8d}  objects: {classes or 'none'}",
            *([f"{self.masks:8d}  masks"] if self.masks else []),
            *([f"{self.keypoints:8d}  objects with keypoints"] if self.keypoints else []),
            f"{self.severe} errors, {len(self.findings) - self.severe} warnings; {compared}",
        ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The report for programs, with every finding."""
        return {
            "records": self.records,
            "bytes": self.bytes,
            "objects": dict(sorted(self.objects.items())),
            "masks": self.masks,
            "keypoints": self.keypoints,
            "manifests": self.manifests,
            "files": [file._asdict() for file in self.files],
            "findings": [
                {
                    "kind": found.rule,
                    "file": found.file,
                    "what": found.what,
                    "record": found.record,
                    "key": found.feature,
                    "severity": RECORD_RULES[found.rule].severity,
                }
                for found in self.findings
            ],
        }


class _FileReport(NamedTuple):
    file: RecordFile
    objects: Counter[str]
    findings: list[Finding]
    names: "array[int]"  # digests
    shapes: "_Shapes"


@dataclass
class _Shapes:
    """The masks and keypoints of a file; `amounts` is how many keypoints each object has -> the first such record."""

    masks: int = 0
    keypoints: int = 0
    amounts: dict[int, int] = field(default_factory=dict)

    def add(self, features: dict[str, Value], record: int) -> None:
        count, stored = len(features.get(names.OBJECT_XMIN, ())), features.get(names.OBJECT_MASK) or []
        self.masks += len(stored) if stored and isinstance(stored[0], bytes) else count * bool(stored)
        amount = keypoints_an_object(features, count)
        if amount:
            self.amounts.setdefault(amount, record)
            seen = features.get(names.OBJECT_KEYPOINT_VISIBILITY) or [2] * (amount * count)
            self.keypoints += sum(any(seen[start : start + amount]) for start in range(0, amount * count, amount))


def verify(
    patterns: Sequence[str],
    label_map: LabelMap | None = None,
    advance: Callable[[int], object] = lambda _: None,
    *,
    processes: int | None = None,
) -> Report:
    """Reads all records of files or patterns, and says everything that is wrong with them.

    `advance` is called with the bytes of each file that is done. So many `processes` share the files, by default as
    many as the cores and the bytes are worth. Raises DataError where nothing matches, or a file
    cannot be read.
    """
    paths = matching_files(patterns)
    report = Report(findings=[Finding("set", fault.what, fault.where) for fault in set_faults(paths)])
    read: list[_FileReport] = []
    if processes is None:
        processes = min(cores(), sum(map(os.path.getsize, paths)) // _WORTH_A_PROCESS)
    with each(partial(_check_file, label_map=label_map), paths, processes) as reports:
        for found in reports:
            read.append(found)
            report.files.append(found.file)
            report.bytes += found.file.bytes
            report.objects.update(found.objects)
            report.masks += found.shapes.masks
            report.keypoints += found.shapes.keypoints
            report.findings += found.findings
            advance(found.file.bytes)
    report.findings += _same_names(paths, read)
    report.findings += _other_keypoints(paths, read)
    for name in dict.fromkeys(map(set_name, paths)):
        here = [pair for pair in zip(paths, read, strict=True) if set_name(pair[0]) == name]
        _compare_with_manifest(name, here, report)
        if not any(found.file.records for _, found in here):
            report.findings.append(Finding("set", "the set holds no record", name))
    return report


def _check_file(path: str, label_map: LabelMap | None) -> _FileReport:
    findings: list[Finding] = []
    objects: Counter[str] = Counter()
    digests = array("Q")
    shapes = _Shapes()
    checksum = 0
    for frame in scan_frames(path):
        checksum = extend(checksum, frame.checks)
        features = _features(path, frame, findings)
        if features is not None:
            for rule, feature, what in check_example(features, label_map):
                findings.append(Finding(rule, what, path, record=frame.number, feature=feature))
            shapes.add(features, frame.number)
        objects.update(_classes(features or {}))
        digests.append(_name(features or {}))
    file = RecordFile(os.path.basename(path), len(digests), os.path.getsize(path), checksum)
    return _FileReport(file, objects, findings, digests, shapes)


def _features(path: str, frame: Frame, findings: list[Finding]) -> dict[str, Value] | None:
    """The features of a record; None, and a finding more, where it is damaged or no tf.Example."""
    if frame.fault:
        what = f"{frame.fault.what} (byte {frame.offset})"
        findings.append(Finding("damage", what, path, record=frame.number))
        return None
    try:
        return decode_example(frame.payload)
    except DataError as error:
        findings.append(Finding("example", error.what, path, record=frame.number))
        return None


def _classes(features: dict[str, Value]) -> Iterator[str]:
    for value in features.get(names.OBJECT_CLASS_TEXT) or features.get(names.OBJECT_CLASS_LABEL) or []:
        yield value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _name(features: dict[str, Value]) -> int:
    """The digest by which evaluation would tell the image from others; 0 where it has no name."""
    values = features.get(names.IMAGE_SOURCE_ID) or features.get(names.IMAGE_FILENAME) or []
    return name_digest(values[0]) if values and isinstance(values[0], bytes) else 0


def _same_names(paths: Sequence[str], read: Sequence[_FileReport]) -> Iterator[Finding]:
    seen: set[int] = set()
    for path, found in zip(paths, read, strict=True):
        for number in repeated(found.names, seen):
            what = "an earlier record has this name"
            yield Finding("same_name", what, path, record=number, feature=names.IMAGE_SOURCE_ID)


def _other_keypoints(paths: Sequence[str], read: Sequence[_FileReport]) -> Iterator[Finding]:
    """The first record of each file whose objects have another number of keypoints than those before."""
    first = next((amount for found in read for amount in found.shapes.amounts), 0)
    for path, found in zip(paths, read, strict=True):
        for amount, record in found.shapes.amounts.items():
            if amount != first:
                what = f"each object has {amount} keypoints, in earlier records {first}"
                yield Finding("keypoint", what, path, record=record, feature=names.OBJECT_KEYPOINT_X)


def _compare_with_manifest(name: str, files: Sequence[tuple[str, _FileReport]], report: Report) -> None:
    path = manifest_path(name)
    try:
        manifest = read_manifest(path)
    except DataError as error:
        report.findings.append(Finding("manifest", error.what, path))
        return
    if manifest is None:
        return
    report.manifests.append(path)
    report.findings += [Finding("manifest", what, where) for where, what in _differences(path, manifest, files)]


def _differences(
    path: str, manifest: dict[str, Any], files: Sequence[tuple[str, _FileReport]]
) -> Iterator[tuple[str, str]]:
    entries = {entry.name: entry for entry in file_entries(manifest)}
    folder = os.path.dirname(path)
    for file, found in files:
        entry = entries.pop(found.file.name, None)
        if entry is None:
            yield file, "the manifest does not name it"
            continue
        for what in ("records", "bytes"):
            says, is_ = getattr(entry, what), getattr(found.file, what)
            if says != is_:
                yield file, f"it has {is_} {what}, the manifest says {says}"
        if entry.checksum != found.file.checksum and entry.bytes == found.file.bytes:
            yield file, f"its checksum is {found.file.checksum:08x}, the manifest says {entry.checksum:08x}"
    missing = [name for name in entries if not os.path.isfile(os.path.join(folder, name))]
    for name in missing:
        yield os.path.join(folder, name), "the manifest names it, but it is not there"
    if entries:
        return  # not all files were looked at: their sum says nothing
    objects: Counter[str] = sum((found.objects for _, found in files), Counter())
    says = manifest.get("objects")
    if isinstance(says, dict) and says != dict(objects):
        for name in sorted(says.keys() | objects.keys()):
            if says.get(name, 0) != objects[name]:
                yield path, f"it says {says.get(name, 0)} objects of class {name!r}, there are {objects[name]}"
