"""Where the shards of a conversion grow until all are done: a hidden folder beside the output, `.train.record.parts`.

A shard that is done has a note beside it, written after it, with its checksum and a fingerprint of all that it was
made of. Whoever starts the same conversion again, after a kill, finds it there and uses it if both are still right.
When all are done they get their names; each rename is atomic. The first, -00000-of-, comes last, after that of an
earlier set has been taken away: whoever is killed in between leaves a set that lacks its first file, which
`tfod.records.files.expand` reports, and never one in which old and new are mixed unseen.
"""

import errno
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfod.errors import DataError, OutputError, TfodError
from tfod.files import check_place, lock, output_error, write_text
from tfod.records.files import shard_names
from tfod.records.frames import file_checks
from tfod.records.manifest import RecordFile
from tfod.records.name_set import NAME_SIZE
from tfod.records.summary import Summary

__all__ = ["ShardNote", "Staging", "staging"]

_LOCK = "lock"
_NAMES_AT_ONCE = 8192
_WORTH_KEEPING = 60.0  # seconds of work; what took less is not kept after an error


@dataclass(frozen=True)
class ShardNote:
    """What is noted of a shard that is done: what and how many `items` it was made of, how its file is, what was
    counted."""

    fingerprint: str
    items: int
    size: int
    crc: int
    summary: Summary


class Staging:
    """The shards of one output while they are made."""

    def __init__(self, output: str, num_shards: int) -> None:
        self.folder = Path(output).parent / f".{Path(output).name}.parts"
        self._outputs = shard_names(output, num_shards)
        self.paths = [str(self.folder / os.path.basename(path)) for path in self._outputs]

    def note(self, shard: int) -> ShardNote | None:
        """The note of a shard that is done; None for any other."""
        try:
            values = json.loads(self._note_path(shard).read_text("utf-8"))
            summary = Summary.from_dict(values["summary"])
            return ShardNote(values["fingerprint"], values["items"], values["size"], values["crc"], summary)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def whole(self, shard: int, note: ShardNote) -> bool:
        """Whether the shard's files are as its note says; all of the records is read."""
        try:
            path = self.paths[shard]
            sizes = os.path.getsize(path), os.path.getsize(self._names_path(shard))
            return sizes == (note.size, note.items * NAME_SIZE) and file_checks(path)[1] == note.crc
        except (OSError, DataError):
            return False

    def add_names(self, shard: int, names: bytes, first: bool) -> None:
        """Keeps the digests of pictures' names, as in `tfod.records.batches.Converted`; the `first` of a shard replace
        what there is."""
        with open(self._names_path(shard), "wb" if first else "ab") as file:
            file.write(names)

    def names(self, shard: int) -> Iterator[int]:
        """The digests that were kept of a shard, in order."""
        with open(self._names_path(shard), "rb") as file:
            while some := file.read(_NAMES_AT_ONCE * NAME_SIZE):
                yield from memoryview(some).cast("Q")

    def finish(self, shard: int, note: ShardNote) -> None:
        """Says that a shard is done."""
        values = {**vars(note), "summary": note.summary.as_dict()}
        write_text(self._note_path(shard), json.dumps(values) + "\n")

    def keep(self, shards: Sequence[int]) -> None:
        """Removes everything but these shards, their notes and the lock."""
        kept = {self.folder / _LOCK}
        for shard in shards:
            kept |= {Path(self.paths[shard]), self._note_path(shard), self._names_path(shard)}
        for path in set(self.folder.iterdir()) - kept:
            path.unlink()

    def commit(self, manifest: str, manifest_place: str) -> None:
        """Gives all shards, and their manifest, their names."""
        for path in (*self._outputs, manifest_place):
            check_place(Path(path))
        written = self.folder / "manifest"
        written.write_text(manifest, encoding="utf-8")
        os.replace(written, manifest_place)
        if len(self._outputs) > 1:
            Path(self._outputs[0]).unlink(missing_ok=True)
        for path, output in reversed(list(zip(self.paths, self._outputs, strict=True))):
            os.replace(path, output)

    def files(self, notes: Sequence[ShardNote]) -> list[RecordFile]:
        """The files as the manifest names them."""
        return [
            RecordFile(os.path.basename(path), note.summary.pictures, note.size, note.crc)
            for path, note in zip(self.paths, notes, strict=True)
        ]

    def done(self) -> int:
        """How many shards have a note."""
        return sum(1 for _ in self.folder.glob("*.json"))

    def _note_path(self, shard: int) -> Path:
        return Path(f"{self.paths[shard]}.json")

    def _names_path(self, shard: int) -> Path:
        return Path(f"{self.paths[shard]}.names")


@contextmanager
def staging(output: str, num_shards: int) -> Iterator[Staging]:
    """The staging folder of an output, this process's alone; gone after success.

    It is kept where the work is interrupted, or fails after a minute or more, if a shard is done by then: the same
    conversion goes on from there. Raises OutputError where the place cannot be written, or another process is at it.
    """
    began = time.monotonic()
    stage = Staging(output, num_shards)
    kept = False
    try:
        check_place(Path(output))
        stage.folder.mkdir(exist_ok=True)
        with open(stage.folder / _LOCK, "ab") as file:
            if not lock(file):
                kept = True
                raise OutputError("another process is writing this output", output, "wait until it is done")
            try:
                yield stage
            except (KeyboardInterrupt, TfodError, OSError) as error:
                worth = isinstance(error, KeyboardInterrupt) or time.monotonic() - began >= _WORTH_KEEPING
                full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
                if kept := worth and not full and stage.done() > 0:
                    print(f"{stage.done()} of {num_shards} shards are kept in {stage.folder}; the same command goes"
                          " on from there", file=sys.stderr)  # fmt: skip
                raise
            finally:
                if not kept:
                    shutil.rmtree(stage.folder, ignore_errors=True)
    except OSError as error:
        raise output_error(error, output) from error
