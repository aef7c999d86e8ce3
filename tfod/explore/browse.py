"""One page with every picture of a data set, its boxes, masks and keypoints, which a browser shows without a server or
a network.

Thumbnails, style and script are in the page. Texts of the data set enter it as JSON that no browser takes for markup,
and the page's own rule (Content-Security-Policy) lets nothing run but its own script.
"""

import base64
import io
import os
import warnings
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.pictures import PictureHeader
from tfod.annotations.source import Sources
from tfod.doctor.findings import Finding
from tfod.doctor.rules.boxes import upright
from tfod.doctor.rules.descriptions import RULES
from tfod.doctor.rules.pictures import GIANT_PIXELS, open_picture
from tfod.explore.outlines import drawn_shape
from tfod.files import replacing
from tfod.progress import Progress
from tfod.visualize.offline_page import offline_page
from tfod.visualize.style import drawing_of_pages

__all__ = ["write_page"]

_QUALITY = 70
_IN_FLIGHT = 64  # pictures read ahead


def write_page(sources: Sources, findings: Sequence[Finding], output: Path | str, *, side: int = 224) -> None:
    """Writes the page of the data sets; `findings` are shown with the pictures that they are about.

    `side` is the longer side of a thumbnail in pixels. Pictures that cannot be decoded have a blank one;
    annotations that cannot be read are left out. The page appears whole or not at all;
    raises OutputError where it cannot be written.
    """
    by_picture: dict[tuple[str, str | None], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_picture[finding.file, finding.picture].append(finding)
    readable = ((split, image) for split, image in sources if isinstance(image, AnnotatedImage))
    numbers = _Numbers()
    entries = []
    with Progress("making thumbnails", sources.total, "picture") as progress, _quiet_pool() as pool:
        for split, image, (thumbnail, size) in _each(readable, pool, side):
            own = by_picture.get((image.source, image.picture or image.filename), [])
            entries.append(numbers.entry(split, image, own, thumbnail, size))
            progress.advance()
    data = {
        "classes": [*numbers.classes],
        "rules": [*numbers.rules],
        "severities": [RULES[rule].severity for rule in numbers.rules],
        "splits": [*numbers.splits],
        "pictures": entries,
        "edges": _edges(sources, numbers.classes),
        "drawing": drawing_of_pages(max(len(numbers.classes), numbers.most_keypoints)),
    }
    with replacing(output) as temporary:
        page = offline_page("tfod.explore", "browse", sources.name, data, "img-src data:")
        temporary.write_text(page, encoding="utf-8")


class _Numbers:
    """Classes, rules and splits by number, in the order in which they come, so that each name is written once."""

    def __init__(self) -> None:
        self.classes: dict[str, int] = {}
        self.rules: dict[str, int] = {}
        self.splits: dict[str, int] = {}
        self.most_keypoints = 0

    def entry(
        self, split: str, image: AnnotatedImage, findings: Sequence[Finding], thumbnail: str, size: tuple[int, int]
    ) -> dict[str, Any]:
        """What the page's script knows of a picture."""
        found = [(_number(self.rules, finding.rule), finding) for finding in findings]
        of_object: dict[int | None, list[int]] = defaultdict(list)
        for rule, finding in found:
            of_object[finding.number].append(rule)
        boxes = []
        for number, item in enumerate(image.objects, start=1):
            box = upright((item.xmin, item.ymin, item.xmax, item.ymax))
            if all(map(isfinite, box)):
                place = (round(side, 1) for side in (box[0], box[1], box[2] - box[0], box[3] - box[1]))
                rules = of_object.get(number, [])
                shape = drawn_shape(item)
                self.most_keypoints = max(self.most_keypoints, len(item.keypoints))
                boxes.append([_number(self.classes, item.class_name), *place, rules, number, *filter(None, [shape])])
        return {
            "name": image.filename,
            "path": os.path.normpath(image.picture) if image.picture else image.source,
            "split": _number(self.splits, split),
            "width": size[0],
            "height": size[1],
            "thumbnail": thumbnail,
            "boxes": boxes,
            "rules": of_object.get(None, []),
            "found": [[rule, _words(finding)] for rule, finding in found],
        }


def _edges(sources: Sources, classes: Iterable[str]) -> list[list[tuple[int, int]]]:
    """Of each class the lines between its keypoints."""
    skeletons = {name: one for source in sources.sources for name, one in source.dataset.skeletons.items()}
    return [[*skeletons[name].edges] if name in skeletons else [] for name in classes]


def _number(numbers: dict[str, int], name: str) -> int:
    return numbers.setdefault(name, len(numbers))


def _words(finding: Finding) -> str:
    return f"object {finding.number}: {finding.what}" if finding.number else finding.what


def _each(
    images: Iterable[tuple[str, AnnotatedImage]], pool: ThreadPoolExecutor, side: int
) -> Iterator[tuple[str, AnnotatedImage, tuple[str, tuple[int, int]]]]:
    """The pictures with their thumbnails, some made ahead on all cores."""
    waiting: deque[tuple[str, AnnotatedImage, Future[tuple[str, tuple[int, int]]] | None]] = deque()
    rest = iter(images)
    while True:
        for split, image in islice(rest, _IN_FLIGHT - len(waiting)):
            thumbnail = pool.submit(_thumbnail, image, side) if image.picture or image.encoded else None
            waiting.append((split, image._replace(encoded=None), thumbnail))
        if not waiting:
            return
        split, image, thumbnail = waiting.popleft()
        yield split, image, thumbnail.result() if thumbnail else ("", (image.width or 1, image.height or 1))


def _thumbnail(image: AnnotatedImage, side: int) -> tuple[str, tuple[int, int]]:
    """A JPEG in base64, "" where the picture cannot be decoded; and the size that the boxes speak of."""
    size = (image.width or 1, image.height or 1)
    header = open_picture(image)
    if not isinstance(header, PictureHeader) or header.width * header.height > GIANT_PIXELS:
        return "", size
    turned = header.annotated_as_shown(image.width, image.height)
    size = size if turned else (header.width, header.height)
    try:
        with Image.open(io.BytesIO(image.encoded) if image.encoded else image.picture or "") as picture:
            picture.draft("RGB", (2 * side, 2 * side))
            small = ImageOps.exif_transpose(picture) if turned else picture
            small = _on_white(small)
            small.thumbnail((side, side), reducing_gap=2.0)
            buffer = io.BytesIO()
            small.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return "", size
    return base64.b64encode(buffer.getvalue()).decode(), size


def _on_white(picture: Image.Image) -> Image.Image:
    """RGB; what shines through is white."""
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


@contextmanager
def _quiet_pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(os.cpu_count()) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow has to say of odd EXIF blocks and of large pictures
        yield pool
