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
from tfod.errors import DataError
from tfod.records.check_example import check_example
from tfod.records.example import Value, decode_example
from tfod.records.files import matching_files, set_faults, set_name
from tfod.records.frames import scan_frames
from tfod.records.manifest import RecordFile, file_entries, manifest_path, read_manifest
from tfod.records.pool import cores, each
from tfod.records.summary import name_digest, repeated
from tfod.terminal import finding_group

__all__ = ["KINDS", "Finding", "Kind", "Report", "verify"]

_WORTH_A_PROCESS = 50_000_000  # bytes


class Kind(NamedTuple):
    """A kind of finding: what it finds, and what to do; `severe` ones make records unfit."""

    finds: str
    cure: str
    severe: bool = True


_AGAIN = "convert the data again, with a converter that is sound"
KINDS = {
    "set": Kind("shards that are missing, or sets that are mixed", "copy all files of one set, and only them"),
    "damage": Kind("records that are damaged", "copy the file again from where it came, or convert the data again"),
    "example": Kind("records that are no tf.Example", "check that the file holds tf.Examples"),
    "missing": Kind("features that training or evaluation needs, and that are missing", _AGAIN),
    "type": Kind("features of another type or length than they should have", _AGAIN),
    "picture": Kind("pictures that TensorFlow cannot decode", "mend or leave out the picture, and convert again"),
    "size": Kind("sizes that are not those of the picture", _AGAIN),
    "box": Kind("boxes that are not finite, have no area, or reach out of the picture", _AGAIN),
    "label": Kind(
        "classes that are not those of the label map", "name the label map of the conversion, or convert again"
    ),
    "mask": Kind("masks that do not fit their picture", _AGAIN),
    "manifest": Kind(
        "differences from the manifest", "convert or reshard again; whoever changed the files knows whether on purpose"
    ),
    "absent": Kind("features that other tools look for, and that are missing", "nothing for training", False),
    "format": Kind("formats that are not those of the picture", "nothing for training, which looks itself", False),
    "hash": Kind("keys that are not the picture's SHA-256", "nothing for training, which ignores them", False),
    "same_name": Kind(
        "pictures with the file name of an earlier one", "rename one; evaluation takes them for one picture", False
    ),
}


class Finding(NamedTuple):
    """One thing that was found: its kind, and where; `record` counts from 0, `key` is a feature's name."""

    kind: str
    file: str
    what: str
    record: int | None = None
    key: str | None = None

    @property
    def where(self) -> str:
        """The place in words.

        >>> Finding("label", "a.record", "0", 3, "image/object/class/label").where
        'a.record, record 3, image/object/class/label'
        """
        record = "" if self.record is None else f", record {self.record}"
        return f"{self.file}{record}{f', {self.key}' if self.key else ''}"


@dataclass
class Report:
    """What is in some files, and what was found. `objects` is class name (or number) -> objects."""

    files: list[RecordFile] = field(default_factory=list)
    bytes: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)

    @property
    def records(self) -> int:
        """The records of all files."""
        return sum(file.records for file in self.files)

    @property
    def severe(self) -> int:
        """How many findings make the records unfit."""
        return sum(KINDS[finding.kind].severe for finding in self.findings)

    def text(self, shown: int = 5) -> str:
        """The findings by kind, severe ones first, each with its count and first few places; then what is there."""
        lines: list[str] = []
        for name, kind in sorted(KINDS.items(), key=lambda item: not item[1].severe):
            if places := [f"{found.where}: {found.what}" for found in self.findings if found.kind == name]:
                cure, severity = f"what to do: {kind.cure}", "error" if kind.severe else "warning"
                lines += finding_group(severity, f"{name}: {kind.finds}", places, shown, cure)
        classes = ", ".join(f"{name} {count}" for name, count in sorted(self.objects.items()))
        compared = f"compared with {', '.join(self.manifests)}" if self.manifests else "no manifest beside them"
        lines += [
            f"{self.records:8d}  records in {len(self.files)} files, {self.bytes / 1e6:.1f} MB",
            f"{sum(self.objects.values()):8d}  objects: {classes or 'none'}",
            f"{self.severe} errors, {len(self.findings) - self.severe} warnings; {compared}",
        ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The report for programs, with every finding."""
        severities = {name: "error" if kind.severe else "warning" for name, kind in KINDS.items()}
        return {
            "records": self.records,
            "bytes": self.bytes,
            "objects": dict(sorted(self.objects.items())),
            "manifests": self.manifests,
            "files": [file._asdict() for file in self.files],
            "findings": [{**found._asdict(), "severity": severities[found.kind]} for found in self.findings],
        }


class _FileReport(NamedTuple):
    file: RecordFile
    objects: Counter[str]
    findings: list[Finding]
    names: "array[int]"  # digests


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
    report = Report(findings=[Finding("set", fault.where, fault.what) for fault in set_faults(paths)])
    read: list[_FileReport] = []
    if processes is None:
        processes = min(cores(), sum(map(os.path.getsize, paths)) // _WORTH_A_PROCESS)
    with each(partial(_check_file, label_map=label_map), paths, processes) as reports:
        for found in reports:
            read.append(found)
            report.files.append(found.file)
            report.bytes += found.file.bytes
            report.objects.update(found.objects)
            report.findings += found.findings
            advance(found.file.bytes)
    report.findings += _same_names(paths, read)
    for name in dict.fromkeys(map(set_name, paths)):
        here = [pair for pair in zip(paths, read, strict=True) if set_name(pair[0]) == name]
        _compare_with_manifest(name, here, report)
    return report


def _check_file(path: str, label_map: LabelMap | None) -> _FileReport:
    findings: list[Finding] = []
    objects: Counter[str] = Counter()
    digests = array("Q")
    records = checksum = 0
    for frame in scan_frames(path):
        records += 1
        checksum = extend(checksum, frame.checks)
        digest = 0
        if frame.fault:
            findings.append(Finding("damage", path, f"{frame.fault.what} (byte {frame.offset})", frame.number))
        else:
            try:
                features = decode_example(frame.payload)
            except DataError as error:
                findings.append(Finding("example", path, error.what, frame.number))
            else:
                for fault in check_example(features, label_map):
                    findings.append(Finding(fault.kind, path, fault.what, frame.number, fault.key))
                objects.update(_classes(features))
                digest = _name(features)
        digests.append(digest)
    file = RecordFile(os.path.basename(path), records, os.path.getsize(path), checksum)
    return _FileReport(file, objects, findings, digests)


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
            yield Finding("same_name", path, "an earlier record has this name", number, names.IMAGE_SOURCE_ID)


def _compare_with_manifest(name: str, files: Sequence[tuple[str, _FileReport]], report: Report) -> None:
    path = manifest_path(name)
    try:
        manifest = read_manifest(path)
    except DataError as error:
        report.findings.append(Finding("manifest", path, error.what))
        return
    if manifest is None:
        return
    report.manifests.append(path)
    report.findings += [Finding("manifest", where, what) for where, what in _differences(path, manifest, files)]


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
