"""The manifest of a set of records: what is in its files, and how they were made.

It lies beside the records as JSON: `train.manifest.json` for `train.record`, or for all shards `train.record-*`. The
name does not begin with the records' own, so that patterns such as `train.record*` do not match it.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any, NamedTuple

from google_crc32c import extend

from tfod import __version__
from tfod.config.label_map import LabelMap
from tfod.errors import DataError
from tfod.records.convert import ConversionRules
from tfod.records.frames import sound_frames, write_frame
from tfod.records.summary import Summary
from tfod.shards import set_name
from tfod.stores import file_size, read_file

__all__ = [
    "RecordFile",
    "file_entries",
    "manifest_path",
    "manifest_text",
    "merged_content",
    "read_manifest",
    "record_file",
    "settings_of",
    "write_shards",
]


class RecordFile(NamedTuple):
    """One file of a set: its name without folders, how many records and bytes it has, and their checksum.

    It is the CRC-32C of all in the file that is not payload: lengths and checksums. So it stands for the payloads too,
    and costs nothing where their checksums are known.
    """

    name: str
    records: int
    bytes: int
    checksum: int


def manifest_path(output_path: str | os.PathLike[str]) -> str:
    """Where the manifest of a set lies; `output_path` is the set's name or one of its files.

    >>> manifest_path("a/train.record"), manifest_path("a/train.record-00001-of-00010")
    ('a/train.manifest.json', 'a/train.manifest.json')
    """
    return os.path.splitext(set_name(os.fspath(output_path)))[0] + ".manifest.json"


def settings_of(label_map: LabelMap, rules: ConversionRules) -> dict[str, Any]:
    """What decides about the bytes of a record, beside the pictures and their annotations."""
    classes = {name: item.id for item in label_map.items for name in (item.name, item.display_name) if name}
    return {**asdict(rules), "label_map": classes}


def record_file(path: str | os.PathLike[str]) -> RecordFile:
    """What a manifest says of a file. Raises DataError where it is damaged."""
    records = checksum = 0
    for frame in sound_frames(path):
        records, checksum = records + 1, extend(checksum, frame.checks)
    return RecordFile(os.path.basename(path), records, os.path.getsize(path), checksum)


def write_shards(
    payloads: Iterable[bytes],
    paths: Sequence[str | os.PathLike[str]],
    advance: Callable[[int], object] = lambda _: None,
) -> list[RecordFile]:
    """Writes record i to the file i mod N of `paths`; returns what a manifest says of these.

    `advance` is called with the bytes of each record.
    """
    written = [RecordFile(os.path.basename(path), 0, 0, 0) for path in paths]
    with ExitStack() as stack:
        files = [stack.enter_context(open(path, "wb")) for path in paths]
        for number, payload in enumerate(payloads):
            shard = number % len(files)
            checks = write_frame(files[shard], payload)
            name, records, size, checksum = written[shard]
            added = len(payload) + len(checks)
            written[shard] = RecordFile(name, records + 1, size + added, extend(checksum, checks))
            advance(added)
    return written


def manifest_text(files: Sequence[RecordFile], content: Mapping[str, Any]) -> str:
    """The manifest as JSON: the files, then `content`. It tells no time: the same input gives the same bytes."""
    entries = [{**file._asdict(), "checksum": f"{file.checksum:08x}"} for file in files]
    return json.dumps({"tfod": __version__, "files": entries, **content}, indent=2, ensure_ascii=False) + "\n"


def read_manifest(path: str) -> dict[str, Any] | None:
    """The manifest in a file; None where there is no such file. Raises DataError for a file that is no manifest."""
    try:
        content = json.loads(read_file(path))
        file_entries(content)
        return dict(content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        cure = "take it away, or convert the data again"
        raise DataError("the manifest of the records cannot be read", path, cure) from error


def file_entries(manifest: dict[str, Any]) -> list[RecordFile]:
    """The files that a manifest names."""
    return [
        RecordFile(entry["name"], entry["records"], entry["bytes"], int(entry["checksum"], 16))
        for entry in manifest["files"]
    ]


def merged_content(paths: Sequence[str]) -> dict[str, Any]:
    """What the manifests beside these files say of them, together, without the list of files.

    Nothing where one is missing, says otherwise of a file, or tells of more. Raises DataError for a file that is no
    manifest.
    """
    sets = list(dict.fromkeys(map(set_name, paths)))
    manifests = [manifest for path in map(manifest_path, sets) if (manifest := read_manifest(path))]
    told = {(entry.name, entry.bytes) for manifest in manifests for entry in file_entries(manifest)}
    if len(manifests) != len(sets) or told != {(os.path.basename(path), file_size(path)) for path in paths}:
        return {}
    contents = [{key: value for key, value in one.items() if key not in ("tfod", "files")} for one in manifests]
    if len(contents) == 1:
        return contents[0]
    if any("notes" not in content or content.get("settings") != contents[0]["settings"] for content in contents):
        return {}
    summary = Summary()
    for content in contents:
        summary.add(Summary.from_dict(content))
    return {**summary.as_dict(), "settings": contents[0]["settings"]}
