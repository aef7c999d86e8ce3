"""The data sets that a command is given: one or several, each a file or a folder in any format."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.catalogue import open_dataset
from tfod.annotations.format import Dataset, Reading
from tfod.annotations.pictures import picture_stem
from tfod.annotations.voc import read_image_set
from tfod.errors import DataError

__all__ = ["Source", "Sources", "open_sources"]


class Source(NamedTuple):
    """One of the data sets: where it is, in which format, and what is in it."""

    path: str
    format: str
    dataset: Dataset


class Sources:
    """Several data sets gone through as one, each picture with the name of its split.

    The split is the list that names the picture, if lists are given; else the subset (train, val) that its place says;
    else, of several data sets, the path of its own.
    """

    def __init__(self, sources: Sequence[Source], lists: Sequence[str] = (), limit: int | None = None) -> None:
        self.sources = sources
        self._limit = limit
        self._listed = {name: _list_name(path) for path in lists for name in read_image_set(path)}

    @property
    def total(self) -> int:
        """How many pictures there are."""
        total = sum(source.dataset.total for source in self.sources)
        return total if self._limit is None else min(total, self._limit)

    @property
    def name(self) -> str:
        """What findings about all of it are said of."""
        return ", ".join(source.path for source in self.sources)

    def __iter__(self) -> Iterator[tuple[str, AnnotatedImage | DataError]]:
        pairs = ((source, image) for source in self.sources for image in source.dataset.images)
        for source, image in islice(pairs, self._limit):
            yield self._split(image, source), image

    def _split(self, image: AnnotatedImage | DataError, source: Source) -> str:
        if isinstance(image, AnnotatedImage):
            if self._listed:
                return self._listed.get(picture_stem(image.filename), "")
            if image.subset:
                return image.subset
        return source.path if len(self.sources) > 1 else ""


def open_sources(
    paths: Sequence[str],
    format_name: str | None = None,
    reading: Reading | None = None,
    lists: Sequence[str] = (),
    limit: int | None = None,
) -> Sources:
    """The data sets at `paths`, each in the format of that name or the one that it is seen to be of.

    `lists` are files of pictures' names, one for each split; only the first `limit` pictures are gone through.
    Raises DataError where there is no such data set or list.
    """
    sources = []
    for path in paths:
        sources.append(Source(path, *open_dataset(path, format_name, reading)))
    return Sources(sources, lists, limit)


def _list_name(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]
