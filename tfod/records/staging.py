"""Where the files of a set grow until all are done: a hidden folder beside the output, `.train.record.parts`.

When all are done they get their names; each rename is atomic. The first, -00000-of-, comes last, after that of an
earlier set has been taken away: whoever is killed in between leaves a set that lacks its first file, which
`tfod.shards.set_faults` reports, and never one in which old and new are mixed unseen.
"""

import errno
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tfod.errors import OutputError, TfodError
from tfod.files import check_place, lock, output_error
from tfod.shards import shard_names

__all__ = ["NOTE", "commit", "replacing_shards", "staging"]

NOTE = ".json"  # ending of what is written beside a part when it is done
_LOCK = "lock"
_WORTH_KEEPING = 60.0  # seconds of work; what took less is not kept after an error


@contextmanager
def staging(output: str, parts: Sequence[str] = ()) -> Iterator[Path]:
    """The folder, this process's alone; gone after success. Of an earlier run it holds the files named in `parts`.

    It stays where the work is interrupted, or fails after a minute or more, if a part is done by then: the same
    conversion goes on from there. Raises OutputError where the place cannot be written, or another process is at it.
    """
    began = time.monotonic()
    folder = Path(output).parent / f".{Path(output).name}.parts"
    stays = False
    try:
        check_place(Path(output))
        folder.mkdir(exist_ok=True)
        with open(folder / _LOCK, "ab") as file:
            if not lock(file):
                raise OutputError("another process is writing this output", output, "wait until it is done")
            try:
                for name in {path.name for path in folder.iterdir()} - {
                    _LOCK,
                    *parts,
                    *(part + NOTE for part in parts),
                }:
                    (folder / name).unlink()
                yield folder
            except (KeyboardInterrupt, TfodError, OSError) as error:
                worth = isinstance(error, KeyboardInterrupt) or time.monotonic() - began >= _WORTH_KEEPING
                full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
                done = sum(1 for _ in folder.glob(f"*{NOTE}"))
                if stays := worth and not full and bool(parts) and done > 0:
                    kept = f"{done} of {len(parts)} parts are kept in {folder}"
                    print(f"{kept}; the same command goes on from there", file=sys.stderr)
                raise
            finally:
                if not stays:
                    shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise output_error(error, output) from error


def commit(shards: Sequence[tuple[Path, str]], beside: Sequence[tuple[Path, str]]) -> None:
    """Gives all files of a set, and those beside it, their names; each comes with the place where it is."""
    for _, name in (*shards, *beside):
        check_place(Path(name))
    for path, name in beside:
        os.replace(path, name)
    if len(shards) > 1:
        Path(shards[0][1]).unlink(missing_ok=True)
    for path, name in reversed(shards):
        os.replace(path, name)


@contextmanager
def replacing_shards(output: str, num_shards: int, *beside: str) -> Iterator[tuple[list[Path], list[Path]]]:
    """Yields paths to write a set of shards to, and paths for the files `beside` them; all get their names at the end.

    Raises OutputError where the place cannot be written; then, as after any error inside, no file is changed.
    """
    names = shard_names(output, num_shards)
    with staging(output) as folder:
        shards, others = ([folder / os.path.basename(name) for name in each] for each in (names, beside))
        yield shards, others
        commit(list(zip(shards, names, strict=True)), list(zip(others, beside, strict=True)))
