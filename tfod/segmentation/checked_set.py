"""One part of a data set with everything that the rules of `tfod.segmentation.mask_rules` look at."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tfod.errors import DataError
from tfod.files import read_bytes
from tfod.inference.images import read_image
from tfod.segmentation.classes import ClassTable
from tfod.segmentation.masks import Kind, MaskEncoding
from tfod.segmentation.pairs import Pair, Pairing, find_pairs, read_pair_list
from tfod.segmentation.sources import FilePairs
from tfod.segmentation.survey import Survey, map_in_threads, survey_masks

__all__ = ["CheckedSet", "PictureFacts", "look_at"]


class PictureFacts(NamedTuple):
    """A picture's size, and the hash of its file; `error` says why it cannot be decoded."""

    height: int = 0
    width: int = 0
    digest: str = ""
    error: DataError | None = None


@dataclass(frozen=True)
class CheckedSet:
    """Pairs, and what is in their files, in the same order. `pairing` is None where the pairs came from a list."""

    name: str
    pairs: Sequence[Pair]
    survey: Survey
    pictures: Sequence[PictureFacts]
    pairing: Pairing | None = None

    def told(self) -> str:
        """Pairing and survey for people."""
        pairing = self.pairing.text() if self.pairing else f"{len(self.pairs)} pairs of a list"
        return f"{pairing}\n{self.survey.text()}"

    def source(self) -> FilePairs:
        """The pairs to read."""
        sizes = [(mask.height, mask.width) for mask in self.survey.masks]
        return FilePairs(self.pairs, self.survey.encoding, sizes)


def look_at(
    name: str,
    images: str | None,
    masks: str | None,
    pair_list: str | None,
    *,
    classes: ClassTable | None = None,
    kind: Kind | None = None,
    encoding: MaskEncoding | None = None,
) -> CheckedSet:
    """Finds pairs in two folders, or in a list, and decodes every file once.

    Raises DataError or ConfigError where there is no pair, no mask can be read, or the masks cannot be understood.
    """
    pairing = find_pairs(images, masks) if images and masks else None
    pairs = pairing.pairs if pairing else read_pair_list(pair_list or "")
    survey = survey_masks([pair.mask for pair in pairs], classes, kind, encoding)
    pictures = list(map_in_threads(_facts, [pair.picture for pair in pairs], "decoding pictures"))
    return CheckedSet(name, pairs, survey, pictures, pairing)


def _facts(path: str) -> PictureFacts:
    try:
        height, width, _ = read_image(path).shape
        return PictureFacts(height, width, hashlib.sha256(read_bytes(path)).hexdigest())
    except DataError as error:
        return PictureFacts(error=error)
