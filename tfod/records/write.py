"""Annotated images to TFRecord files: by all cores, all or nothing, and resumed by shard after an interruption.

Shard s of N holds the items s, s + N, s + 2N and so on. One shard is one task, for any process or machine; one file
alone is made as many parts, which are joined. So the bytes do not depend on how many processes there are.

A part that is done has a note beside it, written after it. Whoever starts the same conversion again finds it there,
and uses it if its checksums, and all that it was made of, are as they were.
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

from google_crc32c import extend

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.config.label_map import LabelMap
from tfod.errors import DataError, OutputError
from tfod.files import write_text
from tfod.progress import Progress
from tfod.records.convert import ConversionRules, to_example
from tfod.records.files import shard_names
from tfod.records.frames import Frame, file_checks, sound_frames, write_frame
from tfod.records.manifest import RecordFile, copy_frames, manifest_path, manifest_text, settings_of
from tfod.records.pool import check_stopped, cores, each
from tfod.records.staging import NOTE, commit, staging
from tfod.records.summary import Summary, name_digest, repeated

__all__ = ["Conversion", "Part", "Source", "write_records"]

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
    """What is noted of a part: a digest of all that it was made of, how its file is, what was counted.

    `names` holds, of each item, the digest of the image's file name, 0 where it was left out.
    """

    fingerprint: str
    size: int
    crc: int
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
                if progress:
                    progress.advance(count)
        return conversion.commit()


@dataclass(frozen=True)
class Conversion:
    """One conversion to one output: what is converted, how, and the parts that it is made of."""

    source: Source
    output: str
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
        if num_shards < 1:
            raise OutputError(f"cannot write {num_shards} shards", output, "ask for 1 shard or more")
        total = len(source.items)
        shards = shard_names(output, shards_of_size(source, shard_size) if shard_size else num_shards)
        if len(shards) > 1:
            names = list(map(os.path.basename, shards))
            positions = [range(shard, total, len(shards)) for shard in range(len(shards))]
        else:
            positions = [
                range(total)[start : start + _ITEMS_A_PART] for start in range(0, max(total, 1), _ITEMS_A_PART)
            ]
            names = [f"part-{number:05d}" for number in range(len(positions))]
        with staging(output, names if len(shards) > 1 else ()) as folder:
            parts = [Part(str(folder / name), items) for name, items in zip(names, positions, strict=True)]
            yield cls(source, output, label_map, rules or ConversionRules(), shards, parts)

    def make(self, part: Part) -> int:
        """Makes a part and its note, unless both are there and right; returns how many items it is made of."""
        if self._is_done(part):
            return len(part.positions)
        summary, digest, crc = Summary(), self._digest(), 0
        names: list[int] = []
        with open(part.path, "wb") as file:
            for image in self._images(part):
                check_stopped()
                self._update(digest, image)
                example = to_example(image, self.label_map, self.rules, summary)
                if example is None or isinstance(image, DataError):
                    names.append(0)
                else:
                    names.append(name_digest(image.filename.encode()))
                    crc = extend(crc, write_frame(file, example))
        note = _Note(digest.hexdigest(), os.path.getsize(part.path), crc, names, summary.as_dict())
        write_text(f"{part.path}{NOTE}", json.dumps(note))
        return len(part.positions)

    def commit(self) -> Summary:
        """Gives the shards their names and says what is in them. Raises DataError where no image is."""
        summary, again = Summary(), Summary()
        files: list[RecordFile] = []
        seen: set[int] = set()
        for part in self.parts:
            note = _read_note(part)
            if note is None:
                cure = "let all machines see the folder under the same path"
                raise OutputError("a shard that has been made is not here", part.path, cure)
            summary.add(found := Summary.from_dict(note.summary))
            files.append(RecordFile(os.path.basename(part.path), found.pictures, note.size, note.crc))
            for index in repeated(note.names, seen):
                for image in self.source.read([self.source.items[part.positions[index]]]):
                    if isinstance(image, AnnotatedImage):
                        again.note("same_name", f"{image.source}: {image.filename}")
        if not summary.pictures:
            cure = "check the folder and the list; with skipping, see what was skipped:\n" + summary.text()
            raise DataError("no picture is left to write", "the annotations", cure)
        summary.add(again)
        folder = Path(self.parts[0].path).parent
        paths = [folder / os.path.basename(shard) for shard in self.shards]
        if len(self.shards) == 1:
            files = copy_frames(_drained(self.parts), paths, self.shards)
        manifest = folder / "manifest"
        content = {**summary.as_dict(), "settings": settings_of(self.label_map, self.rules)}
        manifest.write_text(manifest_text(files, content), encoding="utf-8")
        commit(list(zip(paths, self.shards, strict=True)), [(manifest, manifest_path(self.output))])
        return summary

    def _images(self, part: Part) -> Images:
        return self.source.read(self.source.items[position] for position in part.positions)

    def _is_done(self, part: Part) -> bool:
        """Whether an interrupted run has made the part as this one would; all of it is read."""
        note = _read_note(part)
        if note is None or len(self.shards) == 1:
            return False
        try:
            if os.path.getsize(part.path) != note.size or file_checks(part.path)[1] != note.crc:
                return False
        except (OSError, DataError):
            return False
        digest = self._digest()
        for image in self._images(part):
            check_stopped()
            self._update(digest, image)
        return digest.hexdigest() == note.fingerprint

    def _digest(self) -> "hashlib._Hash":
        settings = settings_of(self.label_map, self.rules)
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode())

    def _update(self, digest: "hashlib._Hash", image: AnnotatedImage | DataError) -> None:
        """Adds an annotation, and its image's size and time; nothing for one file, which is not resumed."""
        if len(self.shards) == 1:
            return
        if isinstance(image, DataError):
            said: tuple[Any, ...] = image.args
        else:
            objects = tuple(map(tuple, image.objects))
            said = (*image._replace(objects=()), objects, _status(image.picture))
        try:
            digest.update(marshal.dumps(said, 2))  # version 2: bytes that depend on the values alone
        except ValueError:  # masks
            digest.update(repr(said).encode())


def shards_of_size(source: Source, size: int) -> int:
    """How many shards make each about `size` bytes, judged by a sample of the images; never more than images."""
    step = max(1, len(source.items) // _SAMPLED)
    sizes = list(map(_size, source.read(source.items[::step])))
    mean = sum(sizes) / max(len(sizes), 1) + _FEATURES_BYTES
    return max(1, min(round(mean * len(source.items) / size), len(source.items)))


def _size(image: AnnotatedImage | DataError) -> int:
    if isinstance(image, DataError):
        return 0
    if image.encoded is not None:
        return len(image.encoded)
    return _status(image.picture)[0]


def _status(path: str | None) -> tuple[int, int]:
    """Size and time of a file, zeros where there is none."""
    try:
        status = os.stat(path) if path else None
    except OSError:
        status = None
    return (status.st_size, status.st_mtime_ns) if status else (0, 0)


def _read_note(part: Part) -> _Note | None:
    try:
        return _Note(*json.loads(Path(f"{part.path}{NOTE}").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _drained(parts: Iterable[Part]) -> Iterator[Frame]:
    """The records of all parts; each file is removed once it is read."""
    for part in parts:
        yield from sound_frames(part.path)
        os.unlink(part.path)
