"""Which text file holds the labels of which picture of a YOLO data set, and which belong to none.

A picture's labels lie where training looks for them: in the folder that is called labels where the picture's is called
images (JPEGImages, train_images), else beside it. Where there is none, the file of that name elsewhere in the data set
counts, if it is the only one. Names are compared as written, then percent-decoded and with the same code points.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tfod.annotations.annotated_image import Remark
from tfod.annotations.pictures import spelt_alike
from tfod.annotations.untrusted import Roots, read_text, subset_of
from tfod.errors import DataError

__all__ = ["is_label_text", "match_labels"]

_PICTURES = re.compile("(?:jpeg)?images", re.IGNORECASE)
_LABELS = re.compile("labels", re.IGNORECASE)
_FEWEST_WORDS = 5  # of a line: a class and a box

Matches = dict[str, str | None]


def match_labels(
    pictures: Mapping[str, str], folders: Iterable[str], roots: Roots, known: Iterable[str] = ()
) -> tuple[Matches, list[Remark]]:
    """The label file of each of `pictures` (path -> subset), None where it has none; and what is to be told.

    Label files are looked for below `folders` too. `known` are text files that are something else.
    """
    texts = _Texts()
    labels: Matches = {picture: texts.usual_label(picture) for picture in pictures}
    claimed = {os.path.normpath(path) for path in (*filter(None, labels.values()), *known)}
    others = [path for path in _texts_below(folders) if path not in claimed]
    if others:
        without = [picture for picture, label in labels.items() if label is None]
        labels.update(_by_name(without, others, pictures))
        taken = {*labels.values()}
        others = [path for path in others if path not in taken]
    remarks = [*_elsewhere(labels), *_left_over(others, labels, roots)]
    return labels, remarks


def is_label_text(text: str) -> bool:
    """Whether the first line that is not empty is one of numbers: a class, and a box or an outline.

    >>> is_label_text("0 0.5 0.5 0.1 0.1"), is_label_text("cat"), is_label_text("12 7 30 40 50.5 60")
    (True, False, False)
    """
    words = next((line.split() for line in text.splitlines() if line.strip()), [])
    try:
        numbers = [float(word) for word in words[:_FEWEST_WORDS]]
    except ValueError:
        return False
    whole = len(numbers) == _FEWEST_WORDS and numbers[0].is_integer() and numbers[0] >= 0
    return whole and all(-0.5 <= number <= 2 for number in numbers[1:])


class _Texts:
    """The text files of folders, each listed once."""

    def __init__(self) -> None:
        self._listed: dict[str, tuple[frozenset[str], Mapping[str, str]]] = {}

    def usual_label(self, picture: str) -> str | None:
        """The label file that training would find, by its name or by one that means the same."""
        folders, stem = _label_folders(picture), _stem(picture)
        for folder in folders:
            if f"{stem}.txt" in self._of(folder)[0]:
                return os.path.join(folder, f"{stem}.txt")
        meant = spelt_alike(stem)
        for folder in folders:
            if name := self._of(folder)[1].get(meant):
                return os.path.join(folder, name)
        return None

    def _of(self, folder: str) -> tuple[frozenset[str], Mapping[str, str]]:
        """The names there, and those that can be spelt in two ways, or of a picture that can, by what they mean."""
        if folder not in self._listed:
            try:
                names = frozenset(name for name in os.listdir(folder or os.curdir) if name.lower().endswith(".txt"))
            except OSError:
                names = frozenset()
            self._listed[folder] = names, {spelt_alike(name[:-4]): name for name in sorted(names)}
        return self._listed[folder]


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _label_folders(picture: str) -> Sequence[str]:
    """Where the labels of a picture may lie: its folder, its last part that speaks of images changed, and itself."""
    folder = os.path.dirname(picture)
    changed = _changed(folder, _PICTURES, "labels")
    return (changed, folder) if changed else (folder,)


def _changed(folder: str, pattern: re.Pattern[str], word: str) -> str | None:
    """`folder` with `word` for what the pattern finds in its last part that has it; None where none has."""
    parts = folder.split(os.sep)
    for number in reversed(range(len(parts))):
        if pattern.search(parts[number]):
            return os.sep.join([*parts[:number], pattern.sub(word, parts[number]), *parts[number + 1 :]])
    return None


def _texts_below(folders: Iterable[str]) -> list[str]:
    found = {
        os.path.normpath(os.path.join(at, name))
        for folder in folders
        for at, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(".txt") and not name.startswith(".")
    }
    return sorted(found)


def _by_name(without: Iterable[str], others: Iterable[str], subsets: Mapping[str, str]) -> Matches:
    """Labels for pictures that have none where they should: the only file of that name, or the only one of the part."""
    files: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))  # by their names and parts
    for path in others:
        files[spelt_alike(_stem(path))][subset_of(path)].append(path)
    wanting: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for picture in without:
        if (stem := spelt_alike(_stem(picture))) in files:
            wanting[stem][subset_of(picture) or subsets[picture]].append(picture)
    found: Matches = {}
    for stem, by_part in wanting.items():
        all_files = [path for paths in files[stem].values() for path in paths]
        alone = len(by_part) == 1 and len(all_files) == 1
        for part, pictures in by_part.items():
            fitting = all_files if alone else files[stem].get(part, [])
            if len(fitting) == len(pictures) == 1:
                found[pictures[0]] = fitting[0]
    return found


def _elsewhere(labels: Matches) -> Iterator[Remark]:
    odd = [(picture, label) for picture, label in labels.items() if label and not _is_usual(picture, label)]
    if odd:
        picture, label = odd[0]
        what = f"they hold the labels of {len(odd)} pictures, the first of {os.path.basename(picture)}"
        yield Remark("label-elsewhere", what, label, len(odd))


def _is_usual(picture: str, label: str) -> bool:
    return any(label == os.path.join(folder, f"{_stem(picture)}.txt") for folder in _label_folders(picture))


def _left_over(others: Iterable[str], labels: Matches, roots: Roots) -> Iterator[Remark]:
    """Files of labels that no picture has claimed. Of folders whose pictures are there, but not named, one each."""
    by_stem = {spelt_alike(_stem(picture)): label for picture, label in labels.items()}
    read = {os.path.normpath(picture): label for picture, label in labels.items()}
    unnamed: dict[str, int] = defaultdict(int)
    for path in others:
        try:
            text = read_text(roots.check(path))
        except DataError:
            continue  # neither a link that leads out nor what is no text is a label file
        if not is_label_text(text):
            continue
        folder, stem = os.path.split(path)[0], spelt_alike(_stem(path))
        picture = _picture(_changed(folder, _LABELS, "images") or folder, stem)
        if _same_text(text, by_stem.get(stem)):
            continue
        if picture and (label := read.get(os.path.normpath(picture))):
            what = f"the labels of {os.path.basename(picture)} are those of {label}, this file has others"
            yield Remark("annotation-orphan", what, path)
        elif picture:
            unnamed[folder] += 1
        else:
            yield Remark("annotation-orphan", "the label file belongs to no picture", path)
    for folder, count in unnamed.items():
        yield Remark("part-unnamed", f"{count} label files are of pictures that are not read", folder, count)


def _picture(folder: str, stem: str) -> str | None:
    found = (
        os.path.join(folder, f"{stem}{extension}") for extension in (".jpg", ".jpeg", ".png", ".JPG", ".bmp", ".webp")
    )
    return next(filter(os.path.isfile, found), None)


def _same_text(text: str, label: str | None) -> bool:
    """Whether the labels that a picture has already say the same."""
    try:
        return label is not None and read_text(label) == text
    except DataError:
        return False
