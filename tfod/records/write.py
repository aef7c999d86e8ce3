"""Annotated images to TFRecord files: by all cores, all or nothing, and resumed by shard after an interruption.

Shard s of N holds the items s, s + N, s + 2N and so on. One shard is one task, for any process or machine; one file
alone is made as many parts, which are joined. So the bytes do not depend on how many processes there are.

A part that is done has a note beside it, written after it. Whoever starts the same conversion again finds both there,
and uses them if the checksums, and all that the part was made of, are as they were.
"""

import hashlib
import json
import marshal
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.config.label_map import LabelMap
from tfod.errors import DataError, OutputError
from tfod.files import write_text
from tfod.progress import Progress
from tfod.records.convert import ConversionRules, to_example
from tfod.records.frames import read_frames
from tfod.records.manifest import (
    RecordFile,
    manifest_path,
    manifest_text,
    record_file,
    settings_of,
    write_shards,
)
from tfod.records.pool import check_stopped, cores, each
from tfod.records.staging import NOTE, commit, staging
from tfod.records.summary import Summary, name_digest, repeated
from tfod.shards import shard_names

__all__ = ["Conversion", "Part", "Source", "shards_of_size", "write_records"]

_ITEMS_A_PART = 256  # of one file; fewer are converted sooner than a process starts
_SAMPLED = 512
_FEATURES_BYTES = 1_000  # about, of an example beside its image

Images = Iterable[AnnotatedImage | DataError]


class Source(NamedTuple):
    """The images of a conversion: `read` turns any of the items into an annotated image, or its error, each.

    Items are small, paths for instance: each process has all of them, and reads those of one image at a time.
    """

    items: Sequence[Any]
    read: Callable[[Iterable[Any]], Images] = iter


class Part(NamedTuple):
    """What one task makes: the file at `path`, of the items at `positions`."""

    path: str
    positions: range


class _Note(NamedTuple):
    """What is noted of a part: a digest of all that it was made of, its `RecordFile`, and what was counted.

    `names` holds, of each item, the digest of the image's file name, 0 where it was left out.
    """

    digest: str
    file: Sequence[Any]
    names: list[int]
    summary: dict[str, Any]


def write_records(
    images: Source | Iterable[AnnotatedImage | DataError],
    output_path: str | os.PathLike[str],
    label_map: LabelMap,
    num_shards: int = 1,
    rules: ConversionRules | None = None,
    *,
    shard_size: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Writes one TFRecord file, or `num_shards` of them, image i to shard i mod num_shards, and their manifest.

    With `shard_size` there are as many shards as make each about so many bytes. `workers` processes share the work,
    by default all cores; the bytes do not depend on it. A `Source` streams: an image a process is in memory at a time;
    other iterables are gone through first. An item that is a DataError stands for an image whose annotations cannot
    be read; it is raised, or counted under `rules.skip_bad`. `progress` is entered here, since processes start before.

    Shards that an interrupted run of the same conversion left behind are used where nothing they were made of has
    changed. Raises DataError where nothing is left to write, OutputError where the place cannot be written; then no
    file is changed.
    """
    source = images if isinstance(images, Source) else Source(list(images))
    output = os.fspath(output_path)
    with Conversion.staged(source, output, label_map, num_shards, rules, shard_size) as conversion:
        workers = workers or min(cores(), len(source.items) // _ITEMS_A_PART)
        with each(conversion.make, conversion.parts, workers) as counts, progress or nullcontext():
            for count in counts:
                if progress and count:  # of more shards than images some are empty
                    progress.advance(count)
        return conversion.commit()


@dataclass(frozen=True)
class Conversion:
    """One conversion to one output: what is converted, how, and the parts that it is made of."""

    source: Source
    label_map: LabelMap
    rules: ConversionRules
    shards: list[str]
    parts: list[Part]

    @classmethod
    @contextmanager
    def staged(
        cls,
        source: Source,
        output: str,
        label_map: LabelMap,
        num_shards: int,
        rules: ConversionRules | None,
        shard_size: int | None,
    ) -> Iterator["Conversion"]:
        """A conversion whose staging folder is there while the block runs."""
        items = range(len(source.items))
        shards = shard_names(output, shards_of_size(source, shard_size) if shard_size else num_shards)
        if len(shards) > 1:
            positions = {os.path.basename(shard): items[number :: len(shards)] for number, shard in enumerate(shards)}
        else:
            starts = range(0, max(len(items), 1), _ITEMS_A_PART)
            positions = {f"part-{start:09d}": items[start : start + _ITEMS_A_PART] for start in starts}
        with staging(output, list(positions)) as folder:
            parts = [Part(f"{folder}/{name}", part) for name, part in positions.items()]
            yield cls(source, label_map, rules or ConversionRules(), shards, parts)

    def make(self, part: Part) -> int:
        """Makes a part and its note, unless both are there and right; returns how many items it is made of."""
        if not self._is_made(part):
            summary, digest = Summary(), self._digest()
            names: list[int] = []
            (file,) = write_shards(self._examples(part, digest, names, summary), [part.path])
            note = _Note(digest.hexdigest(), file, names, summary.as_dict())
            write_text(f"{part.path}{NOTE}", json.dumps(note))
        return len(part.positions)

    def _examples(self, part: Part, digest: "hashlib._Hash", names: list[int], summary: Summary) -> Iterator[bytes]:
        for image in self._images(part, digest):
            example = to_example(image, self.label_map, self.rules, summary)
            if example is None or isinstance(image, DataError):
                names.append(0)
            else:
                names.append(name_digest(image.filename.encode()))
                yield example

    def commit(self) -> Summary:
        """Gives the shards their names and says what is in them. Raises DataError where no image is."""
        folder, shards = Path(self.parts[0].path).parent, self.shards
        paths = [folder / os.path.basename(shard) for shard in shards]
        summary, files = self._summed()
        if len(shards) == 1:
            files = write_shards(_drained(self.parts), paths)
        content = {**summary.as_dict(), "settings": settings_of(self.label_map, self.rules)}
        manifest = folder / "manifest"
        manifest.write_text(manifest_text(files, content), encoding="utf-8")
        commit(list(zip(paths, shards, strict=True)), [(manifest, manifest_path(shards[0]))])
        return summary

    def _summed(self) -> tuple[Summary, list[RecordFile]]:
        """What was counted in all parts, and what a manifest says of each."""
        summary, same_names = Summary(), Summary()
        files: list[RecordFile] = []
        seen: set[int] = set()
        for part in self.parts:
            note = _read_note(part)
            if note is None:
                cure = "let all machines see the folder under the same path"
                raise OutputError("a part that has been made is not here", part.path, cure)
            summary.add(Summary.from_dict(note.summary))
            files.append(RecordFile(*note.file))
            for index in repeated(note.names, seen):
                for image in self.source.read([self.source.items[part.positions[index]]]):
                    if isinstance(image, AnnotatedImage):
                        same_names.note("same_name", f"{image.source}: {image.filename}")
        if not summary.pictures:
            cure = "check the folder and the list; with skipping, see what was skipped:\n" + summary.text()
            raise DataError("no picture is left to write", "the annotations", cure)
        summary.add(same_names)
        return summary, files

    def _is_made(self, part: Part) -> bool:
        """Whether an interrupted run has made the part as this one would; all of it is read."""
        note, digest = _read_note(part), self._digest()
        try:
            if note is None or record_file(part.path) != tuple(note.file):
                return False
        except (OSError, DataError):
            return False
        for _ in self._images(part, digest):
            pass
        return digest.hexdigest() == note.digest

    def _digest(self) -> "hashlib._Hash":
        return hashlib.sha256(repr(settings_of(self.label_map, self.rules)).encode())

    def _images(self, part: Part, digest: "hashlib._Hash") -> Images:
        """The images of a part; `digest` is updated with each annotation, and its image's size and time."""
        for image in self.source.read(self.source.items[position] for position in part.positions):
            check_stopped()
            digest.update(_said(image))
            yield image


def shards_of_size(source: Source, size: int) -> int:
    """How many shards make each about `size` bytes, judged by a sample of the images; never more than images."""
    step = max(1, len(source.items) // _SAMPLED)
    sizes = [_status(image)[0] for image in source.read(source.items[::step])]
    mean = sum(sizes) / max(len(sizes), 1) + _FEATURES_BYTES
    return max(1, min(round(mean * len(source.items) / size), len(source.items)))


def _status(image: AnnotatedImage | DataError) -> tuple[int, int]:
    """Size and time of the image's file; zeros where there is none."""
    if isinstance(image, DataError):
        return 0, 0
    if image.encoded is not None:
        return len(image.encoded), 0
    try:
        status = os.stat(image.picture or "")
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _said(image: AnnotatedImage | DataError) -> bytes:
    """An annotation, and its image's size and time, as bytes that depend on the values alone."""
    if isinstance(image, DataError):
        return repr(image).encode()
    try:  # in a third of the time
        return marshal.dumps((*image._replace(objects=()), *map(tuple, image.objects), _status(image)), 2)
    except ValueError:  # masks
        return repr((image, _status(image))).encode()


def _read_note(part: Part) -> _Note | None:
    try:
        return _Note(*json.loads(Path(f"{part.path}{NOTE}").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _drained(parts: Iterable[Part]) -> Iterator[bytes]:
    """The records of all parts; each file is removed once it is read."""
    for part in parts:
        yield from read_frames(part.path)
        os.unlink(part.path)
