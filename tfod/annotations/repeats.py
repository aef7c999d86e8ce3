"""Images that annotation files name more than once: the whole and its parts side by side, or an entry made twice."""

import os
from collections.abc import Iterable, Sequence
from functools import cache

from tfod.annotations.annotated_image import AnnotatedImage, Remark
from tfod.errors import DataError

__all__ = ["each_once"]


def each_once(
    files: Iterable[tuple[str, Sequence[AnnotatedImage | DataError]]],
) -> tuple[list[AnnotatedImage | DataError], list[Remark]]:
    """The images of all files, and what is to be told of those that are named again.

    An image that is named again with the same objects comes once, in the part of the data set (train, val) that one of
    the two says. One with other objects, or in another part, comes again.
    """
    images: list[AnnotatedImage | DataError] = []
    first: dict[tuple[str, str], tuple[int, AnnotatedImage, str]] = {}
    again: dict[tuple[str, str, bool], list[str]] = {}
    real = cache(os.path.realpath)
    for file, found in files:
        for image in found:
            if isinstance(image, AnnotatedImage) and image.picture:
                folder, name = os.path.split(image.picture)
                place, kept, earlier = first.setdefault((real(folder), name), (len(images), image, file))
                if place < len(images):
                    once = _are_same(kept, image)
                    again.setdefault((earlier, file, once), []).append(image.filename)
                    if once and not kept.subset:
                        images[place] = image
                        first[real(folder), name] = place, image, file
                    if once:
                        continue
            images.append(image)
    return images, [_told(*where, names) for where, names in again.items()]


def _are_same(one: AnnotatedImage, other: AnnotatedImage) -> bool:
    objects = ([item._replace(line=0) for item in image.objects] for image in (one, other))
    parts = {one.subset, other.subset} - {""}
    return len(parts) < 2 and next(objects) == next(objects)


def _told(earlier: str, file: str, once: bool, names: Sequence[str]) -> Remark:
    where = "in it already" if earlier == file else f"in {earlier} too"
    come = "once, with the same objects" if once else "twice, as their objects or their parts differ"
    what = f"{len(names)} of its pictures are {where}, the first is {names[0]!r}: they come {come}"
    return Remark("picture-listed-twice", what, file, len(names))
