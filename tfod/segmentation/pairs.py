"""Which mask belongs to which image, by their names.

They have the same name, or one once the words are taken off that say which of the two a file is: `_mask`, `-label`,
`mask_`, `_gtFine_labelIds` of a mask, `_leftImg8bit`, `img_` of an image. An extension within a name (`a.jpg.png`) is
none of it, nor is upper case. They lie in like-named sub-folders (`train/images` and `train/masks` are alike), or their
name occurs once in all folders. Of Cityscapes' masks of an image the one with class ids is taken. What has no partner
so, or several, is listed and left out: a list of pairs (`--pairs`) says it.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from tfod.annotations.path_list import fields_of, line_of, list_lines
from tfod.annotations.pictures import path_ends
from tfod.errors import DataError
from tfod.files import write_text
from tfod.inference.images import SUFFIXES
from tfod.segmentation.raw_masks import MASK_SUFFIXES

__all__ = ["Pair", "Pairing", "find_pairs", "read_pair_list", "write_pair_list"]

# Words of names that say what a file is, and not what belongs together.
_MASK_WORDS = re.compile(
    r"(?:^|[-_. ]+|(?<=\d))(?:masks?|labels?|lab|gt|gtfine|gtcoarse|label(?:train)?ids|(?:ground[-_ ]?)?truth|seg"
    r"|targets?|segmentations?|annotations?|anno|annot|trimap|matte|manual1?|1stho|colou?r)(?![a-z])|[-_. ]+[lp]$"
)
_IMAGE_WORDS = re.compile(
    r"(?:^|[-_. ]+|(?<=\d))(?:leftimg8bit|images?|img|pictures?|photos?|sat|training|test|volume|rgb|raw|orig)(?![a-z])"
)
_MASK_FOLDERS = {
    "mask", "masks", "label", "labels", "annotation", "annotations", "annot", "gt", "groundtruth", "ground_truth",
    "gtfine", "segmentation", "segmentationclass", "target", "targets", "manual", "1st_manual",
}  # fmt: skip
_PLAIN_FOLDERS = {
    ".", "image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "jpegimages", "leftimg8bit",
} | _MASK_FOLDERS  # fmt: skip
# The first line of a list that was written as a table.
_HEADER = re.compile(r"\W*(images?|pictures?|filename|img)_?\w*\W+(masks?|labels?|annotations?|targets?)_?\w*\W*", re.I)
_CLASS_IDS = ("labeltrainids", "labelids")  # the first of these is taken


class Pair(NamedTuple):
    """An image's file and its mask's. `name` is the image's path inside its folder, without the extension."""

    picture: str
    mask: str
    name: str


@dataclass
class Pairing:
    """What was matched, by which rules (rule -> pairs), and what was not.

    `ambiguous` are images for which there are several masks, or whose mask fits several images.
    """

    pairs: list[Pair] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)
    pictures_alone: list[str] = field(default_factory=list)
    masks_alone: list[str] = field(default_factory=list)
    ambiguous: dict[str, list[str]] = field(default_factory=dict)

    def text(self, most: int = 5) -> str:
        """The pairing for people, several lines: rules, two examples, and the first of what has no partner."""
        lines = [f"{len(self.pairs)} pairs of picture and mask"]
        lines += [f"  {count:6d} by the rule: {rule}" for rule, count in self.rules.most_common()]
        lines += [f"         {pair.picture}  +  {pair.mask}" for pair in self.pairs[:2]]
        several = [f"{one}: {', '.join(others[:most])}" for one, others in self.ambiguous.items()]
        for what, names in (
            ("pictures without a mask, left out", self.pictures_alone),
            ("masks without a picture, left out", self.masks_alone),
            ("with several partners, left out", several),
        ):
            if names:
                lines.append(f"  {len(names):6d} {what}")
                lines += [f"         {name}" for name in names[:most]]
                lines += [f"         and {len(names) - most} more"] if len(names) > most else []
        return "\n".join(lines)


class _File(NamedTuple):
    path: str
    name: str  # with its folders, without the extension
    folder: str  # without what says which of the two is in it, with / at its end
    stem: str
    bare_image: str
    bare_mask: str


_Keys = Sequence[Callable[[_File], str]]
_RULES = (  # keys of an image and of its mask
    ("the same name", attrgetter("stem"), attrgetter("stem")),
    ("the picture's name with what masks are called", attrgetter("stem"), attrgetter("bare_mask")),
    ("names without what pictures and masks are called", attrgetter("bare_image"), attrgetter("bare_mask")),
)


def find_pairs(images: str | os.PathLike[str], masks: str | os.PathLike[str]) -> Pairing:
    """Matches the images in `images` with the masks in `masks`, sub-folders included, by the rule above; both may be
    the same folder, where masks lie in folders that are called so, or are called so, or are the lossless one of two.

    Raises:
      DataError: a folder cannot be read or holds no image, or nothing matches.
    """
    images, masks = os.fspath(images), os.fspath(masks)
    pictures, candidates = _files(images, SUFFIXES), _files(masks, MASK_SUFFIXES)
    if os.path.realpath(images) == os.path.realpath(masks):
        pictures, candidates = _told_apart(pictures, candidates)
    for folder, files, kind in ((images, pictures, "picture"), (masks, candidates, "mask")):
        if not files:
            raise DataError(f"the folder holds no {kind}", folder, f"name a folder with {kind}s in it")
    pairing = Pairing()
    for same_folder in (True, False):
        for rule, *keys in _RULES:
            pictures, candidates = _match(pairing, rule, pictures, candidates, keys, same_folder)
    pairing.pictures_alone = [file.path for file in pictures]
    pairing.masks_alone = [file.path for file in candidates]
    pairing.pairs.sort(key=lambda pair: _natural(pair.name))
    if not pairing.pairs:
        cure = "give masks the names of their pictures, or a list of pairs (--pairs): two paths a line"
        for one, others in pairing.ambiguous.items():
            raise DataError("no picture has one mask, and that its own", f"for instance {one}: {others[:5]}", cure)
        first = f"{pairing.pictures_alone[:1]} and {pairing.masks_alone[:1]}"
        raise DataError("no mask has the name of a picture", f"for instance {first}", cure)
    return pairing


def _match(
    pairing: Pairing, rule: str, pictures: list[_File], candidates: list[_File], keys: _Keys, same_folder: bool
) -> tuple[list[_File], list[_File]]:
    """Adds what one rule matches to `pairing`; returns the files that are left."""
    groups: dict[str, tuple[list[_File], list[_File]]] = defaultdict(lambda: ([], []))
    for side, (files, key) in enumerate(zip((pictures, candidates), keys, strict=True)):
        for file in files:
            groups[(file.folder if same_folder else "") + key(file)][side].append(file)
    used: set[_File] = set()
    for own, found in groups.values():
        for word in _CLASS_IDS:
            found = [file for file in found if word in file.stem] or found
        if len(own) == len(found) == 1:
            pairing.pairs.append(Pair(own[0].path, found[0].path, own[0].name))
            pairing.rules[rule if same_folder else f"{rule}, in another folder"] += 1
        elif own and found and same_folder:
            partners = [one.path for one in found]
            pairing.ambiguous |= {file.path: partners for file in own}
        else:
            continue
        used |= {*own, *found}
    return [file for file in pictures if file not in used], [file for file in candidates if file not in used]


def _files(folder: str, suffixes: Sequence[str]) -> list[_File]:
    if not os.path.isdir(folder):
        raise DataError("the folder is not there", folder, "check the path")
    found = []
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = os.path.relpath(base, folder).replace(os.sep, "/")
        group = "".join(f"{part}/" for part in inside.lower().split("/") if part not in _PLAIN_FOLDERS)
        for name in sorted(names):
            whole, suffix = os.path.splitext(name)
            if suffix.lower() not in suffixes or name.startswith("."):
                continue
            stem = _without_extensions(whole.lower())
            bare = [_without_extensions(words.sub("", stem).strip("-_. ")) for words in (_IMAGE_WORDS, _MASK_WORDS)]
            full_name = whole if inside == "." else f"{inside}/{whole}"
            found.append(_File(os.path.join(base, name), full_name, group, stem, *bare))
    return found


def _without_extensions(name: str) -> str:
    while name.endswith(SUFFIXES):
        name = os.path.splitext(name)[0]
    return name


def _natural(name: str) -> list[int | str]:
    return [int(part) if number % 2 else part for number, part in enumerate(re.split(r"(\d+)", name))]


def _told_apart(pictures: list[_File], candidates: list[_File]) -> tuple[list[_File], list[_File]]:
    """Images and masks below one folder."""
    stems = {key for file in pictures for key in (file.stem, file.bare_image)}
    photos = {file.name for file in pictures if file.path.lower().endswith((".jpg", ".jpeg"))}
    marked: set[_File] = set()
    for is_mask in (
        lambda file: _MASK_FOLDERS & {*file.name.lower().split("/")[:-1]},
        lambda file: file.path.lower().endswith(".json") or (file.bare_mask != file.stem and file.bare_mask in stems),
        lambda file: file.name in photos and not file.path.lower().endswith((".jpg", ".jpeg")),
    ):
        marked = marked or {file for file in candidates if is_mask(file)}
    return [file for file in pictures if file not in marked], [file for file in candidates if file in marked]


def read_pair_list(path: str | os.PathLike[str]) -> list[Pair]:
    """The pairs in a text file, an image's path and its mask's a line, with a tab between, or, in a line without one,
    a comma, a semicolon or blanks. A path in double quotes ("" for one inside) is taken as it is.

    A first line such as `image,mask` names the columns. Paths are relative to the list's folder; those of another
    machine (`/SegNet/CamVid/...`) are tried there too, without their first folders. Raises DataError, with the line,
    for what is not there.
    """
    folder = Path(path).parent
    pairs = [
        _pair(line, folder, f"{os.fspath(path)}, line {number}")
        for number, line in list_lines(path)
        if not line.startswith("#") and not (number == 1 and _HEADER.fullmatch(line))
    ]
    if not pairs:
        raise DataError("the list is empty", str(path), "write a picture's path and its mask's a line")
    shared = os.path.commonpath([os.path.dirname(pair.name) for pair in pairs])
    return [pair._replace(name=pair.name.removeprefix(shared).lstrip("/")) for pair in pairs]


def write_pair_list(pairs: Sequence[Pair], path: str) -> str:
    """Writes a list that `read_pair_list` reads, with paths relative to it where the files lie near; returns `path`."""
    folder = os.path.dirname(os.path.abspath(path))
    lines = (line_of(*(os.path.relpath(file, folder) for file in (pair.picture, pair.mask))) for pair in pairs)
    write_text(path, "".join(lines))
    return path


def _pair(line: str, folder: Path, where: str) -> Pair:
    """The pair of a line: of the ways to divide it the first that gives two files."""
    ways = []
    for separators in ("\t",) if "\t" in line else (",", ";", r"\s"):
        words = fields_of(line, separators)
        ways.append([(word, _find(word, folder) if len(words) == 2 else "") for word in words])
    files = max((way for way in ways if len(way) == 2), key=lambda way: all(path for _, path in way), default=ways[-1])
    if len(files) != 2:
        cure = "write a picture's path and its mask's with a tab between"
        raise DataError(f"the line has {len(files)} paths", where, cure)
    for word, path in files:
        if not path:
            raise DataError(f"there is no file {word!r}", where, f"correct the path; it is looked for in {folder}")
    (word, picture), (_, mask) = files
    inside = [part for part in re.split(r"[/\\]", word) if part not in ("", ".", "..")]
    return Pair(picture, mask, os.path.splitext("/".join(inside))[0])


def _find(word: str, folder: Path) -> str:
    """The path of a file of a list; '' where there is none."""
    candidates = (folder / one for one in (word, word.replace("\\", "/"), *path_ends(word)))
    return next(filter(os.path.isfile, map(str, candidates)), "")
