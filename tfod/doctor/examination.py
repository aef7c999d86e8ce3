"""The doctor: one pass over a data set that finds everything that is wrong with it."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfod.annotations.annotated_image import AnnotatedImage, Remark
from tfod.annotations.format import PassedOverError, SpoiltImageError, StrayError
from tfod.annotations.pictures import EXTENSIONS, PictureHeader, how_found
from tfod.annotations.shapes import Transposition
from tfod.annotations.source import Sources
from tfod.config.label_map import LabelMap
from tfod.doctor.anchor_overlaps import best_overlaps
from tfod.doctor.duplicates import Seen, digest, look_at, look_at_pictures, same_bytes, same_look
from tfod.doctor.findings import Finding, about, rule_of
from tfod.doctor.rules.boxes import Fractions, Frame, check_boxes, check_exchanged
from tfod.doctor.rules.classes import UnknownClasses, check_class_names, check_counts, check_ids, check_label_map
from tfod.doctor.rules.descriptions import RULES
from tfod.doctor.rules.lists import check_lists
from tfod.doctor.rules.pictures import GIANT_PIXELS, check_header, open_picture
from tfod.doctor.rules.shapes import ShapeRules
from tfod.doctor.rules.voc_text import check_voc_text
from tfod.errors import DataError
from tfod.progress import Progress

if TYPE_CHECKING:
    from tfod.doctor.network import Network

__all__ = ["Checks", "Report", "examine"]

_LINE = re.compile(r"(.*), line (\d+)$")


@dataclass(frozen=True)
class Checks:
    """What the user wants to be looked at.

    `label_map` and its path, to know the classes by. `network`: the config's, to judge sizes by. `min_objects`: a class
    with fewer is rare. `decode`: decode every picture, to find damaged ones. `alike`: look for pictures of nearly the
    same look. `ignored`: rules whose findings are left out.
    """

    label_map: LabelMap | None = None
    label_map_path: str = ""
    network: "Network | None" = None
    min_objects: int = 20
    decode: bool = False
    alike: bool = False
    ignored: frozenset[str] = frozenset()


@dataclass
class Report:
    """What was found, in the order of discovery, and how much was looked at."""

    findings: list[Finding] = field(default_factory=list)
    pictures: int = 0
    objects: int = 0


def examine(sources: Sources, checks: Checks) -> Report:
    """Everything found in the data sets. Pictures' headers are read, their pixels only where `checks` say so."""
    examination = _Examination(sources, checks)
    with Progress("reading", sources.total, "picture") as progress:
        for split, image in sources:
            examination.look_at(split, image)
            progress.advance()
    examination.look_at_all()
    return examination.report


class _Examination:
    """What is remembered of the pictures that were looked at, for the rules about all of them."""

    def __init__(self, sources: Sources, checks: Checks) -> None:
        self.report = Report()
        self._checks = checks
        self._name = sources.name
        self._are_voc = all(source.format == "voc" for source in sources.sources)
        self._counts: Counter[str] = Counter()
        self._seen: list[Seen] = []  # pictures that can be read
        self._places: set[str] = set()  # paths of pictures that are annotated
        self._unreadable: set[str] = set()  # names, without extension, of files that are told of already
        self._lists = sources.lists
        self._fractions = Fractions()
        self._turned = Transposition()
        self._shapes = ShapeRules(
            {name: one for source in sources.sources for name, one in source.dataset.skeletons.items()}
        )
        self._names: dict[tuple[str, str], str] = {}  # split and file name -> annotation
        self._giants: set[int] = set()  # places in `_seen`
        self._sizes: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)  # by the network's input
        self._unknown = UnknownClasses(checks.label_map) if checks.label_map else None
        if checks.label_map is not None:
            self._add(check_label_map(checks.label_map, checks.label_map_path))
        for source in sources.sources:
            self._add(map(_told, source.dataset.remarks))
            if source.format == "coco":
                self._add(check_ids(source.dataset.class_ids, source.path))

    def _add(self, findings: Iterable[Finding]) -> None:
        ignored = self._checks.ignored
        self.report.findings += [finding for finding in findings if finding.rule not in ignored]

    def look_at(self, split: str, image: AnnotatedImage | DataError) -> None:
        """The rules that need no more than one picture."""
        self.report.pictures += not isinstance(image, PassedOverError | StrayError)
        if isinstance(image, DataError):
            self._add([finding := _unreadable(image)])
            self._unreadable.add(Path(finding.file).stem)
            self._unreadable |= {image.stem} if isinstance(image, SpoiltImageError) else set()
            return
        self.report.objects += len(image.objects)
        self._counts.update([item.class_name for item in image.objects])
        self._fractions.look_at(image)
        if image.picture:
            self._places.add(os.path.realpath(image.picture))
        header = open_picture(image)
        if isinstance(header, Finding):
            self._add([header])
        else:
            self._remember(split, image, header)
            self._add(check_header(image, header))
        self._add(self._annotation(split, image))
        frame = self._frame(image, header)
        if frame is not None:
            self._add(check_boxes(image, frame))
            self._add(self._shapes.check(image, frame))
            self._turned.look_at((item[1:5] for item in image.objects), frame.width, frame.height)

    def _annotation(self, split: str, image: AnnotatedImage) -> Iterator[Finding]:
        yield from map(_told, image.remarks)
        if self._are_voc:
            yield from check_voc_text(image)
        elif image.written:
            how = how_found(image.written, image.filename)
            what = f"the picture is {image.filename!r}, the annotation calls it {image.written!r}: found {how}"
            yield about(image, "picture-name", what)
        if not image.objects:
            yield about(image, "picture-empty", "the picture has no object")
        earlier = self._names.setdefault((split, image.filename), image.source)
        if earlier != image.source:
            yield about(image, "picture-name-repeated", f"{earlier} has a picture {image.filename!r} too")
        if self._unknown is not None:
            yield from self._unknown.check(image)
        network = self._checks.network
        if network is not None and len(image.objects) > network.most_objects:
            what = f"the picture has {len(image.objects)} objects, the config uses {network.most_objects} at most"
            yield about(image, "objects-too-many", what)

    def _remember(self, split: str, image: AnnotatedImage, header: PictureHeader) -> None:
        giant = header.width * header.height > GIANT_PIXELS
        if image.encoded is not None:
            look = None
            if (self._checks.decode or self._checks.alike) and not giant:
                look = look_at(image.encoded, decode=self._checks.decode, alike=self._checks.alike)
            size, content = len(image.encoded), digest(image.encoded)
            seen = Seen(split, image.source, image.filename, size, content, look)
        else:
            path = image.picture or ""
            seen = Seen(split, image.source, path, os.path.getsize(path))
        if giant:
            self._giants.add(len(self._seen))
        self._seen.append(seen)

    def _frame(self, image: AnnotatedImage, header: PictureHeader | Finding) -> Frame | None:
        """The picture's size as the boxes mean it; the annotation's word where there is no picture."""
        width, height = image.width, image.height
        if isinstance(header, PictureHeader) and not header.annotated_as_shown(width, height):
            width, height = header.width, header.height
        if not width or not height:
            return None
        network = self._checks.network
        if network is None:
            return Frame(width, height)
        frame = Frame(width, height, network.scale(width, height))
        x, y = frame.scale
        sizes = [(abs(item.xmax - item.xmin) * x, abs(item.ymax - item.ymin) * y) for item in image.objects]
        self._sizes[network.input_size(width, height)] += [size for size in sizes if 0 < size[0] * size[1] < inf]
        return frame

    def look_at_all(self) -> None:
        """The rules that need all pictures."""
        checks = self._checks
        self._add(check_class_names(self._counts, self._name))
        self._add(check_counts(self._counts, checks.label_map, checks.min_objects, self._name))
        self._add(self._fractions.finding())
        self._add(check_lists(self._lists))
        self._add(self._anchors())
        self._add(check_exchanged(self.report.findings, self.report.objects, self._turned, self._name))
        if not self.report.objects:
            pictures = self.report.pictures
            what = f"none of the {pictures} pictures has an object" if pictures else "there is no picture"
            self._add([Finding("set-unannotated", what, self._name)])
        self._add(self._unannotated())
        same = [*same_bytes(self._seen)]
        self._add(finding for finding, _ in same)
        if checks.decode or checks.alike:
            self._add(self._decoded({place for _, place in same}))

    def _decoded(self, copies: set[int]) -> Iterator[Finding]:
        """Damage, and pictures that look alike; those at the places `copies` are told of already as exact copies."""
        places = [place for place in range(len(self._seen)) if place not in self._giants]
        seen = [self._seen[place] for place in places]
        fingerprints = []
        looks = look_at_pictures(seen, decode=self._checks.decode, alike=self._checks.alike)
        with Progress("decoding", len(seen), "picture") as progress:
            for place, one, look in zip(places, seen, looks, strict=True):
                fingerprints.append(None if place in copies else look.fingerprint)
                if look.damage is not None:
                    yield Finding("picture-damaged", f"decoding fails: {look.damage}", one.source, one.picture)
                if look.doubt is not None:
                    yield Finding("picture-doubtful", f"the decoder warns: {look.doubt}", one.source, one.picture)
                progress.advance()
        if self._checks.alike:
            yield from (finding for finding, _ in same_look(seen, fingerprints))

    def _anchors(self) -> Iterator[Finding]:
        network = self._checks.network
        if network is None or not network.has_anchors or not any(self._sizes.values()):
            return
        best = [
            best_overlaps(np.array(sizes), network.anchor_shapes(size)) for size, sizes in self._sizes.items() if sizes
        ]
        overlaps = np.concatenate(best)
        missed = int((overlaps < network.matched_overlap).sum())
        if missed:
            what = (
                f"{missed} of {len(overlaps)} objects ({missed / len(overlaps):.0%}) overlap no anchor by"
                f" {network.matched_overlap:g}, wherever they lie; the best overlaps average {overlaps.mean():.2f}"
            )
            yield Finding("anchors-miss", what, network.source)

    def _unannotated(self) -> Iterator[Finding]:
        for folder in sorted({os.path.dirname(path) for path in self._places}):
            for name in sorted(os.listdir(folder)):
                path = os.path.join(folder, name)
                is_picture = os.path.splitext(name)[1].lower() in EXTENSIONS and not name.startswith(".")
                told = Path(name).stem in self._unreadable or os.path.realpath(path) in self._places
                if is_picture and not told:
                    yield Finding("picture-unannotated", "the picture has no annotation", path, path)


def _file_and_line(where: str) -> tuple[str, int | None]:
    match = _LINE.match(where)
    return (match[1], int(match[2])) if match else (where, None)


def _told(remark: Remark) -> Finding:
    file, line = _file_and_line(remark.where)
    return Finding(remark.rule, remark.what, file, line=line)


def _unreadable(error: DataError) -> Finding:
    file, line = _file_and_line(error.where)
    rule = rule_of(error)
    cure = f"{RULES[rule].cure}; or {error.cure}" if rule == "annotation-unreadable" else None
    return Finding(rule, error.what, file, line=line, cure=cure)
