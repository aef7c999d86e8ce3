"""What objects are in records, before anything is trained on them: by their manifests, or by the first records."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import NamedTuple, TypeVar

from tfod import names
from tfod.annotations.placement import stored_fault
from tfod.errors import DataError
from tfod.records.example import Value, decode_example
from tfod.records.frames import Frame, scan_frames
from tfod.records.manifest import merged_content
from tfod.stores import is_remote

__all__ = ["ObjectCount", "ObjectKind", "count_objects"]

T = TypeVar("T")

# So much is read of records without a manifest, of so many files at first: some tenths of a second.
_RECORDS, _BYTES, _FILES = 500, 64_000_000, 10
# And of records in a store, which a network may bring slowly.
_REMOTE_RECORDS, _REMOTE_BYTES = 100, 8_000_000
# Who has found nothing of use until then reads so many times as much before he believes it.
_PATIENCE = 20
_NAMES = ("xmin", "ymin", "xmax", "ymax")
_SIDES = (names.OBJECT_XMIN, names.OBJECT_YMIN, names.OBJECT_XMAX, names.OBJECT_YMAX)


class ObjectKind(NamedTuple):
    """What counts as one kind: the class as text and as number, as far as there, and `stored_fault` of the box."""

    text: str | None
    label: int | None
    fault: str | None = None


@dataclass
class ObjectCount:
    """How many objects of each kind some records hold.

    Attributes:
      records: How many were looked at.
      is_all: Whether that is all of them.
      objects: By kind.
      first: The first box with each fault, and where it is.
    """

    records: int = 0
    is_all: bool = True
    objects: Counter[ObjectKind] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, features: dict[str, Value], where: str) -> None:
        """Counts the objects of one more record."""
        self.records += 1
        boxes = list(zip(*(_of_type(features, side, float) for side in _SIDES), strict=False))
        texts = [text.decode(errors="backslashreplace") for text in _of_type(features, names.OBJECT_CLASS_TEXT, bytes)]
        labels = _of_type(features, names.OBJECT_CLASS_LABEL, int)
        for number, (text, label, box) in enumerate(zip_longest(texts, labels, boxes)):
            if box is None:  # lists of unlike lengths: such a record stops the training, which names it
                break
            fault = stored_fault(box)
            self.objects[ObjectKind(text, label, fault)] += 1
            if fault and fault not in self.first:
                sides = ", ".join(f"{side} {value:.6g}" for side, value in zip(_NAMES, box, strict=True))
                self.first[fault] = f"{sides} (object {number + 1}, {where})"


def count_objects(paths: Sequence[str], suffices: Callable[[ObjectCount], bool]) -> ObjectCount:
    """Counts the objects in files of records: all, where a manifest knows, else those of the first records.

    Of several files the first records of each count. Records that cannot be read are passed over.

    Args:
      paths: The files.
      suffices: Whether what was found so far is enough; if not, more is read, up to a limit.
    """
    return _of_manifests(paths) or _of_records(paths, suffices)


def _of_manifests(paths: Sequence[str]) -> ObjectCount | None:
    try:
        content = merged_content(paths)
        ids = content["settings"]["label_map"]
        kinds = {ObjectKind(str(name), ids.get(name)): int(count) for name, count in content["objects"].items()}
        return ObjectCount(int(content["pictures"]), objects=Counter(kinds))
    except (DataError, OSError, KeyError, TypeError, ValueError, AttributeError):
        return None  # none, or one that says nothing of objects: the records themselves are looked at


def _of_records(paths: Sequence[str], suffices: Callable[[ObjectCount], bool]) -> ObjectCount:
    count = ObjectCount()
    size = 0
    is_slow = any(map(is_remote, paths))
    most_records, most_bytes = (_REMOTE_RECORDS, _REMOTE_BYTES) if is_slow else (_RECORDS, _BYTES)
    for path, frame in _mixed(paths):
        share = max(count.records / most_records, size / most_bytes)
        if share >= _PATIENCE or (share >= 1 and suffices(count)):
            count.is_all = False
            break
        size += frame.size
        where = f"{path}, record {frame.number}"
        try:
            if frame.fault:
                raise frame.fault
            count.add(decode_example(frame.payload, where), where)
        except DataError:  # told by who trains on it
            count.is_all = False
    return count


def _mixed(paths: Sequence[str]) -> Iterator[tuple[str, Frame]]:
    """The records of some files in turn, then those of the others."""
    some = list(paths[:: -(-len(paths) // _FILES)]) if paths else []
    for together in zip_longest(*map(_numbered, some)):
        yield from filter(None, together)
    for path in paths:
        if path not in some:
            yield from _numbered(path)


def _numbered(path: str) -> Iterator[tuple[str, Frame]]:
    try:
        for frame in scan_frames(path):
            yield path, frame
    except DataError:
        return


def _of_type(features: dict[str, Value], key: str, kind: type[T]) -> list[T]:
    return [value for value in features.get(key, ()) if isinstance(value, kind)]
