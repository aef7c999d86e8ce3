"""A run's folder that lies in a store (`gs://`): the run writes on this machine, and what it writes follows.

What a run writes is renamed, cut and locked, which stores cannot do.
"""

import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from tfod.errors import StoreError
from tfod.stores import is_remote, normal

__all__ = ["on_this_machine"]

_SECONDS = 10.0
_NEWEST = "checkpoint"  # the file that names the newest checkpoint


@contextmanager
def on_this_machine(model_dir: Path | str, seconds: float = _SECONDS) -> Iterator[Path]:
    """The folder itself, or for one of a store a copy of it: every few seconds what changed there goes to the store.

    Args:
      model_dir: A folder, of a run that goes on or of a new one.
      seconds: How long the store is behind, at the most, beside the time that the copying takes.

    Raises:
      StoreError: The store cannot be read at the start, or written at the end; then the copy stays.
    """
    if not is_remote(model_dir):
        yield Path(model_dir)
        return
    copy = _Copy(normal(model_dir), Path(tempfile.mkdtemp(prefix="tfod_run_")))
    copy.fetch()
    done = threading.Event()
    follower = threading.Thread(target=copy.follow, args=(done, seconds), daemon=True)
    follower.start()
    try:
        yield copy.folder
    finally:
        done.set()
        follower.join()
        copy.push()
    shutil.rmtree(copy.folder, ignore_errors=True)


class _Copy:
    """A folder of a store and its copy here."""

    def __init__(self, store: str, folder: Path) -> None:
        self._store = store.rstrip("/")
        self.folder = folder
        self._there: dict[str, tuple[int, int]] = {}  # what the store has: sizes and times of the files here

    def fetch(self) -> None:
        """Copies all that the store has."""
        try:
            if tf.io.gfile.isdir(self._store):
                for at, _, names in tf.io.gfile.walk(self._store):
                    inside = at.rstrip("/").removeprefix(self._store).strip("/")
                    (self.folder / inside).mkdir(parents=True, exist_ok=True)
                    for name in names:
                        tf.io.gfile.copy(f"{at.rstrip('/')}/{name}", str(self.folder / inside / name))
        except tf.errors.OpError as error:
            raise self._failed("the run's folder cannot be read", error) from error
        self._there = self._files()

    def follow(self, done: threading.Event, seconds: float) -> None:
        """Keeps the store up to date until it is told that the run is done; a failure is tried again."""
        while not done.wait(seconds):
            try:
                self.push()
            except StoreError as error:
                print(f"{error.what}; it is tried again: {error.where}", file=sys.stderr)

    def push(self) -> None:
        """Copies what changed, and removes what is gone. The newest checkpoint is named when it is there whole."""
        files = self._files()
        changed = [name for name, state in files.items() if self._there.get(name) != state]
        try:
            for name in sorted(changed, key=lambda name: Path(name).name == _NEWEST):
                if (self.folder / name).exists():
                    place = f"{self._store}/{name}"
                    tf.io.gfile.makedirs(place.rpartition("/")[0])
                    tf.io.gfile.copy(str(self.folder / name), place, overwrite=True)
                    self._there[name] = files[name]
            for name in self._there.keys() - files.keys():
                if tf.io.gfile.exists(f"{self._store}/{name}"):
                    tf.io.gfile.remove(f"{self._store}/{name}")
                del self._there[name]
        except (tf.errors.OpError, OSError) as error:
            raise self._failed("the run's files cannot be copied to the store", error) from error

    def _files(self) -> dict[str, tuple[int, int]]:
        """Size and time of each file that is whole, by its path below the folder."""
        found = {}
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and not name.endswith(".tmp") and "_temp/" not in name:
                state = path.stat()
                found[name] = (state.st_size, state.st_mtime_ns)
        return found

    def _failed(self, what: str, error: Exception) -> StoreError:
        reason = str(error).partition("\n")[0]
        return StoreError(f"{what}: {reason}", self._store, f"what there is lies in {self.folder}: copy it by hand")
