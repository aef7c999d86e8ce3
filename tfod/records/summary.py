"""What a conversion did: counts, and the first few places of everything that was not plain."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfod.annotations import placement

__all__ = ["Note", "Summary", "name_digest", "repeated"]

_PLACES_KEPT = 5

# What a note says, in the order in which notes are shown.
_MEANINGS = {
    "bad": "pictures skipped, they or their annotations cannot be used",
    "unknown_class": "objects left out, the label map lacks their class",
    "difficult": "difficult objects left out",
    placement.NOT_FINITE: "boxes dropped, a coordinate is not finite",
    placement.EMPTY: "boxes dropped, they have no area",
    placement.OUTSIDE: "boxes dropped, they lie outside the picture",
    placement.SWAPPED: "boxes with corners in the wrong order, swapped",
    placement.IN_ONE_PIXEL: "boxes within the first pixel of their picture; are the coordinates fractions?",
    placement.CLIPPED: "boxes cut off at the edge of the picture",
    "size": "pictures of another size than their annotation says; the picture's header counts",
    "format": "pictures of another format than their name says; the picture's header counts",
    "turned": "pictures that EXIF turns by 90 degrees, annotated as shown; boxes turned to the stored pixels",
    "exif": "pictures that EXIF turns; TensorFlow does not, check that the boxes fit the stored pixels",
    "left_out": "pictures left out, they have no object",
    "background": "pictures without objects, kept as background",
    "same_name": "pictures with the file name of an earlier one; evaluation takes them for one picture",
}


@dataclass
class Note:
    """How often something happened, and where it did first."""

    total: int = 0
    places: list[str] = field(default_factory=list)


@dataclass
class Summary:
    """Counts of one conversion. `objects` is class name -> objects written."""

    pictures: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    notes: dict[str, Note] = field(default_factory=dict)

    def note(self, kind: str, place: str) -> None:
        """Counts one more `kind`, a key of the table above or a text that says it; the first few places are kept."""
        note = self.notes.setdefault(kind, Note())
        note.total += 1
        if len(note.places) < _PLACES_KEPT:
            note.places.append(place)

    def add(self, other: "Summary") -> None:
        """Counts what another summary counted, as if it had happened after this one's."""
        self.pictures += other.pictures
        self.objects.update(other.objects)
        for kind, theirs in other.notes.items():
            ours = self.notes.setdefault(kind, Note())
            ours.total += theirs.total
            ours.places += theirs.places[: _PLACES_KEPT - len(ours.places)]

    def text(self) -> str:
        """The summary for people, several lines."""
        classes = ", ".join(f"{name} {count}" for name, count in sorted(self.objects.items()))
        lines = [f"{self.pictures:8d}  pictures", f"{sum(self.objects.values()):8d}  objects: {classes or 'none'}"]
        for kind in (*filter(self.notes.get, _MEANINGS), *sorted(self.notes.keys() - _MEANINGS.keys())):
            note = self.notes[kind]
            lines.append(f"{note.total:8d}  {_MEANINGS.get(kind, kind)}")
            lines += [f"{'':12}{place}" for place in note.places]
            if note.total > len(note.places):
                lines.append(f"{'':12}and {note.total - len(note.places)} more")
            if kind == placement.SWAPPED and 1 < sum(self.objects.values()) < 2 * note.total:
                lines.append(f"{'':12}Most boxes are so: look whether xmax and ymin are exchanged in the files.")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The summary for programs."""
        notes = {kind: {"total": note.total, "first": note.places} for kind, note in self.notes.items()}
        return {"pictures": self.pictures, "objects": dict(sorted(self.objects.items())), "notes": notes}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Summary":
        """The summary that `as_dict` gave."""
        notes = {kind: Note(note["total"], list(note["first"])) for kind, note in values["notes"].items()}
        return cls(values["pictures"], Counter(values["objects"]), notes)


def name_digest(name: bytes) -> int:
    """64 bits that stand for a name: of a million names two have the same with a chance of 1 in 37 million."""
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")


def repeated(digests: Iterable[int], seen: set[int]) -> Iterator[int]:
    """The positions of digests that came before or are in `seen`, to which new ones are added; 0 stands for no name."""
    for position, digest in enumerate(digests):
        if digest in seen:
            yield position
        elif digest:
            seen.add(digest)
