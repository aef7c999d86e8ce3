"""The data sets that a command is given: one or several, each a file or a folder in any format."""

import os
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from tfod.annotations.annotated_image import AnnotatedImage, Remark
from tfod.annotations.catalogue import open_dataset
from tfod.annotations.format import Dataset, Reading
from tfod.annotations.path_list import list_names
from tfod.annotations.pictures import picture_stem
from tfod.errors import DataError

__all__ = ["NameList", "Source", "Sources", "open_sources"]


class Source(NamedTuple):
    """One of the data sets: where it is, in which format, and what is in it."""

    path: str
    format: str
    dataset: Dataset


class NameList(NamedTuple):
    """A list of images' names: `images` counts, by name, the images that were gone through."""

    path: str
    images: dict[str, int]

    @property
    def name(self) -> str:
        """What the list is called: its split."""
        return os.path.splitext(os.path.basename(self.path))[0]


class Sources:
    """Several data sets gone through as one, each picture with the name of its split.

    The split is the list that names the picture, if lists are given; else the subset (train, val) that its place says;
    else, of several data sets, the path of its own.
    """

    def __init__(self, sources: Sequence[Source], lists: Sequence[str] = (), limit: int | None = None) -> None:
        self.sources = sources
        self._limit = limit
        self.lists = tuple(NameList(path, dict.fromkeys(map(_key, list_names(path)), 0)) for path in lists)

    @property
    def total(self) -> int:
        """How many pictures there are."""
        total = sum(source.dataset.total for source in self.sources)
        return total if self._limit is None else min(total, self._limit)

    @property
    def name(self) -> str:
        """What findings about all of it are said of."""
        return ", ".join(source.path for source in self.sources)

    @property
    def remarks(self) -> list[Remark]:
        """What the readers have to tell of all data sets."""
        return [remark for source in self.sources for remark in source.dataset.remarks]

    def __iter__(self) -> Iterator[tuple[str, AnnotatedImage | DataError]]:
        pairs = ((source, image) for source in self.sources for image in source.dataset.images)
        for source, image in islice(pairs, self._limit):
            yield self._split(image, source), image

    def _split(self, image: AnnotatedImage | DataError, source: Source) -> str:
        if isinstance(image, AnnotatedImage):
            if self.lists:
                # Lists of Pascal VOC name annotations, which may be called otherwise than their images.
                return self._list_of(image.filename) or self._list_of(image.source)
            if image.subset:
                return image.subset
        return source.path if len(self.sources) > 1 else ""

    def _list_of(self, file: str) -> str:
        """The list that names a file; the last, where several do."""
        own, key = "", _key(picture_stem(file))
        for one in self.lists:
            if key in one.images:
                one.images[key] += 1
                own = one.name
        return own


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


def _key(name: str) -> str:
    """What names are compared by: systems write one letter with an accent in two ways."""
    return unicodedata.normalize("NFC", name)
