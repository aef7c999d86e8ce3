"""Annotated pictures kept in a file until all have come: a conversion goes through them in an order of its own."""

import pickle
from array import array
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.records.batches import Source

__all__ = ["Spool"]


class Spool:
    """A file at `path` that is gone when the block ends; in memory a picture takes eight bytes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places = array("Q")

    def __enter__(self) -> "Spool":
        self._file = open(self._path, "xb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._path.unlink()

    def add(self, image: AnnotatedImage) -> None:
        """Keeps a picture."""
        self._places.append(self._file.tell())
        pickle.dump(image, self._file)

    def source(self) -> Source:
        """The pictures that were kept, in their order, for any process to read while the block runs."""
        self._file.flush()
        return Source(self._places, partial(_read, str(self._path)))


def _read(path: str, places: Iterable[int]) -> Iterator[AnnotatedImage]:
    with open(path, "rb") as file:
        for place in places:
            file.seek(place)
            yield pickle.load(file)
