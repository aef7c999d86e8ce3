"""A data set split into parts to learn from and to judge by."""

import os
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.path_list import name_line
from tfod.errors import DataError
from tfod.explore.stratify import deal_out
from tfod.files import replacing_directory, write_text

__all__ = ["Split", "copy_parts", "fold_parts", "split_pictures", "write_lists"]

_SIZES = ("small", "medium", "large")
_MOST_CLASSES = 200  # the commonest: each is dealt out, and so are its three sizes; rarer ones fall as they fall


@dataclass(frozen=True)
class Split:
    """The part of each picture: `names` of the parts, the `shares` that they were to have, and `parts` by picture.

    `labels` are the classes, and "pictures"; `reached` `[P, L]` is what part of each label's objects each part has.
    """

    names: tuple[str, ...]
    shares: tuple[float, ...]
    pictures: tuple[AnnotatedImage, ...]
    parts: NDArray[np.int64]
    labels: tuple[str, ...]
    totals: tuple[int, ...]
    reached: NDArray[np.float64]

    def members(self, part: int) -> list[AnnotatedImage]:
        """The pictures of a part, in the order of the data set."""
        return [image for image, own in zip(self.pictures, self.parts, strict=True) if own == part]


def split_pictures(
    images: Iterable[AnnotatedImage], shares: Mapping[str, float], *, seed: int = 0, group: str | None = None
) -> Split:
    """Splits pictures into parts of the given names and shares, which add up to 1.

    Every class, every class's small, medium and large objects (thirds by their share of the picture), background and
    the pictures themselves are dealt out in these shares. `group` is a regular expression that is looked for in the
    pictures' names: pictures for which it finds the same text (its first group, where it has one) stay together.
    Raises DataError where there are fewer groups than parts, or where the expression finds nothing at all.
    """
    pictures = tuple(images)
    keys = _keys(pictures, group)
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    if len(numbers) < len(shares):
        what = f"{len(pictures)} pictures in {len(numbers)} groups cannot be split into {len(shares)} parts"
        raise DataError(what, "the data set", "split into fewer parts, or group less")
    of_picture = np.array([numbers[key] for key in keys])
    labels, counts = _label_counts(pictures)
    grouped = np.zeros((len(numbers), counts.shape[1]))
    np.add.at(grouped, of_picture, counts)
    parts = deal_out(grouped, tuple(shares.values()), seed)[of_picture]
    empty = [name for number, name in enumerate(shares) if number not in parts]
    if empty:
        what = f"with {len(numbers)} pictures or groups, nothing would be in {' and '.join(empty)}"
        raise DataError(what, "the data set", "give it a larger share, or do without it")
    shown = [number for number, label in enumerate(labels) if "\t" not in label]
    totals = counts[:, shown].sum(axis=0)
    reached = np.stack([counts[parts == part][:, shown].sum(axis=0) for part in range(len(shares))])
    return Split(
        tuple(shares), tuple(shares.values()), pictures, parts, tuple(labels[number] for number in shown),
        tuple(int(total) for total in totals), reached / np.maximum(totals, 1),
    )  # fmt: skip


def fold_parts(split: Split) -> dict[str, list[AnnotatedImage]]:
    """What to learn from and to judge by in each of the folds: `fold_1_train`, `fold_1_val`, and so on."""
    lists: dict[str, list[AnnotatedImage]] = {}
    for part, name in enumerate(split.names):
        pairs = [*zip(split.pictures, split.parts, strict=True)]
        lists[f"{name}_train"] = [image for image, own in pairs if own != part]
        lists[f"{name}_val"] = split.members(part)
    return lists


def write_lists(lists: Mapping[str, Sequence[AnnotatedImage]], folder: str) -> list[str]:
    """Writes NAME.txt for each list, one image's name without its extension a line, as in ImageSets/Main.

    Where the XML file of an image is called otherwise, its name is written: by that Pascal VOC's lists go.
    """
    owners = _owners(lists)
    paths = []
    for name, images in lists.items():
        path = os.path.join(folder, f"{name}.txt")
        write_text(path, "".join(name_line(_listed_file(image, owners)) for image in images))
        paths.append(path)
    return paths


def copy_parts(lists: Mapping[str, Sequence[AnnotatedImage]], folder: str) -> None:
    """Copies each part's pictures, and annotation files of one picture, to FOLDER/NAME, whole or not at all."""
    owners = _owners(lists)
    with replacing_directory(folder) as working:
        for name, images in lists.items():
            part = working / name
            part.mkdir()
            for image in images:
                files = [image.source] if owners[image.source] == 1 and os.path.isfile(image.source) else []
                for file in filter(None, [image.picture, *files]):
                    _copy(file, part)


def _owners(lists: Mapping[str, Sequence[AnnotatedImage]]) -> Counter[str]:
    """How many images each annotation file has."""
    images = {(image.source, image.filename) for images in lists.values() for image in images}
    return Counter(source for source, _ in images)


def _listed_file(image: AnnotatedImage, owners: Mapping[str, int]) -> str:
    is_voc = image.source.lower().endswith(".xml") and owners[image.source] == 1
    return image.source if is_voc else image.filename


def _copy(file: str, folder: Path) -> None:
    target = folder / os.path.basename(file)
    if target.exists():
        cure = "rename one of them, or split without --copy"
        raise DataError(f"two files of one part are called {target.name}", file, cure)
    shutil.copyfile(file, target)


def _keys(pictures: Sequence[AnnotatedImage], group: str | None) -> list[str]:
    """What tells which pictures stay together; a picture in which the expression finds nothing is for itself."""
    if group is None:
        return [str(number) for number in range(len(pictures))]
    try:
        pattern = re.compile(group)
    except re.error as error:
        raise DataError(f"the regular expression is malformed: {error}", group, "correct --group") from error
    matches = [pattern.search(image.filename) for image in pictures]
    if not any(matches):
        first = pictures[0].filename if pictures else ""
        raise DataError("the expression is found in no picture's name", group, f"the first name is {first!r}")
    return [
        (match[1] if match.groups() else match[0]) or "" if match else f"\t{number}"
        for number, match in enumerate(matches)
    ]


def _label_counts(pictures: Sequence[AnnotatedImage]) -> tuple[list[str], NDArray[np.float64]]:
    """Labels, and how many objects of each every picture has, `[N, L]`. Labels of sizes are CLASS, tab, SIZE."""
    shares: dict[str, list[float]] = defaultdict(list)
    for image in pictures:
        for item in image.objects:
            shares[item.class_name].append(_share(image, item))
    names = sorted(sorted(shares, key=lambda name: len(shares[name]), reverse=True)[:_MOST_CLASSES])
    limits = {name: np.quantile(shares[name], (1 / 3, 2 / 3)) for name in names}  # of small, medium and large
    labels = ["pictures", "background", *names, *(f"{name}\t{size}" for name in names for size in _SIZES)]
    column = {label: number for number, label in enumerate(labels)}
    counts = np.zeros((len(pictures), len(labels)))
    for row, image in enumerate(pictures):
        counts[row, 0] = 1
        counts[row, 1] = not image.objects
        for item in image.objects:
            if item.class_name not in limits:
                continue
            size = _SIZES[int(np.searchsorted(limits[item.class_name], _share(image, item)))]
            counts[row, column[item.class_name]] += 1
            counts[row, column[f"{item.class_name}\t{size}"]] += 1
    if not counts[:, 1].any():
        labels, counts = [label for label in labels if label != "background"], np.delete(counts, 1, axis=1)
    return labels, counts


def _share(image: AnnotatedImage, item: AnnotatedObject) -> float:
    """What part of the picture the box covers; pixels where the picture's size is not known."""
    area = abs((item.xmax - item.xmin) * (item.ymax - item.ymin))
    share = area / ((image.width or 1) * (image.height or 1))
    return share if np.isfinite(share) else 0.0
