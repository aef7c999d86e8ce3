"""Which mask belongs to which picture, by their names."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tfod.errors import DataError
from tfod.files import write_text
from tfod.inference.images import SUFFIXES
from tfod.segmentation.raw_masks import MASK_SUFFIXES

__all__ = ["Pair", "Pairing", "find_pairs", "read_pair_list", "write_pair_list"]

# What is added to a picture's name, the most telling first: of several masks of a picture the first kind is taken.
_MASK_ENDS = (
    "_gtFine_labelTrainIds", "_gtFine_labelIds", "_labelTrainIds", "_labelIds", "_mask", "_masks", "_label", "_labels",
    "_L", "_P", "_gt", "_groundtruth", "_ground_truth", "_seg", "_segmentation", "_segmentations", "_target",
    "_annotation",
    "_anno", "_annot", "_trimap", "_matte", "_manual1", "_manual", "_1stHO", "_lab", "_truth", "_color",
    "_gtFine_color",
)  # fmt: skip
_PICTURE_ENDS = ("_leftImg8bit", "_image", "_img", "_sat", "_training", "_test", "_photo", "_rgb", "_raw", "_orig")
_MASK_STARTS = ("mask_", "masks_", "label_", "labels_", "gt_", "seg_", "target_", "annotation_")
_PICTURE_STARTS = ("image_", "images_", "img_", "picture_", "photo_")
# Names of folders that say what is in them, and not what belongs together.
_MASK_FOLDERS = {
    "mask", "masks", "label", "labels", "annotation", "annotations", "annot", "gt", "groundtruth", "ground_truth",
    "gtfine", "segmentation", "segmentationclass", "target", "targets", "manual", "1st_manual",
}  # fmt: skip
_PICTURE_FOLDERS = {"image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "jpegimages",
                    "leftimg8bit"}  # fmt: skip


class Pair(NamedTuple):
    """A picture's file and its mask's. `name` is the picture's path inside its folder, without the extension."""

    picture: str
    mask: str
    name: str


@dataclass
class Pairing:
    """What was matched, by which rules (rule -> pairs), and what was not.

    `ambiguous` are pictures, or masks, for which there are several.
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
        several = [f"{one}: {', '.join(others)}" for one, others in self.ambiguous.items()]
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
    folder: str  # inside the folder that was given, with / between
    stem: str


def find_pairs(images: str | os.PathLike[str], masks: str | os.PathLike[str]) -> Pairing:
    """Matches the pictures in `images` with the masks in `masks`, sub-folders included; both may be the same folder.

    A mask belongs to the picture in the like-named sub-folder with the same name; or with the same name when what data
    sets add to one or both is taken off (`_mask`, `-mask`, `_L`, `_label`, `_gt`, `mask_`, `_leftImg8bit`, ...); or,
    where the sub-folders differ, to the only picture of that name; or, at last, of that number (`train07.tif`,
    `labels07.tif`).

    Raises:
      DataError: a folder cannot be read or holds no picture, or nothing matches.
    """
    images, masks = os.fspath(images), os.fspath(masks)
    pictures, candidates = _files(images, SUFFIXES), _files(masks, MASK_SUFFIXES)
    if os.path.realpath(images) == os.path.realpath(masks):
        pictures, candidates = _told_apart(pictures, candidates)
    for folder, files, kind in ((images, pictures, "picture"), (masks, candidates, "mask")):
        if not files:
            raise DataError(f"the folder holds no {kind}", folder, f"name a folder with {kind}s in it")
    pairing = Pairing()
    for rule, key_of_picture, key_of_mask in _rules(pictures, candidates):
        pictures, candidates = _match(pairing, rule, pictures, candidates, key_of_picture, key_of_mask)
    pairing.pictures_alone = [file.path for file in pictures]
    pairing.masks_alone = [file.path for file in candidates]
    pairing.pairs.sort(key=lambda pair: _natural(pair.name))
    if not pairing.pairs:
        first = f"{pairing.pictures_alone[:1] or list(pairing.ambiguous)[:1]} and {pairing.masks_alone[:1]}"
        cure = "give masks the names of their pictures, or a list of pairs: two paths a line"
        raise DataError("no mask has the name of a picture", f"for instance {first}", cure)
    return pairing


def read_pair_list(path: str | os.PathLike[str], root: str | os.PathLike[str] | None = None) -> list[Pair]:
    """The pairs in a text file, a picture's path and its mask's a line, separated by spaces, a tab or a comma.

    Paths are relative to `root`, else to the list's folder; absolute paths of another machine (`/SegNet/CamVid/...`)
    are tried there too, without their first folders. Raises DataError, with the line, for what is not there.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or "it is not text").lower()
        raise DataError(f"cannot read the list: {reason}", str(path), "name a text file, a pair a line") from error
    folder = Path(root) if root else path.parent
    pairs = []
    for number, line in enumerate(lines, start=1):
        words = [word.strip() for word in re.split(r"[\t,;]", line) if word.strip()]
        words = words if len(words) > 1 else line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        if len(words) != 2:
            raise DataError(f"the line has {len(words)} paths", where, "write a picture's path and its mask's")
        picture, mask = (_found(word, folder, where) for word in words)
        inside = [part for part in re.split(r"[/\\]", words[0]) if part not in ("", ".", "..")]
        pairs.append(Pair(picture, mask, os.path.splitext("/".join(inside))[0]))
    if not pairs:
        raise DataError("the list is empty", str(path), "write a picture's path and its mask's a line")
    shared = os.path.commonpath([os.path.dirname(pair.name) for pair in pairs])
    return [pair._replace(name=pair.name.removeprefix(shared).lstrip("/")) for pair in pairs]


def write_pair_list(pairs: Sequence[Pair], path: str) -> str:
    """Writes a list that `read_pair_list` reads, with paths relative to it where the files lie near; returns `path`."""
    folder = os.path.dirname(os.path.abspath(path))
    lines = [f"{os.path.relpath(pair.picture, folder)}\t{os.path.relpath(pair.mask, folder)}\n" for pair in pairs]
    write_text(path, "".join(lines))
    return path


def _found(word: str, folder: Path, where: str) -> str:
    if os.path.isabs(word) and os.path.isfile(word):
        return word
    parts = word.replace("\\", "/").strip("/").split("/")
    for skipped in range(len(parts)):
        candidate = folder.joinpath(*parts[skipped:])
        if candidate.is_file():
            return str(candidate)
    raise DataError(f"there is no file {word!r}", where, f"correct the path; it is looked for in {folder}")


def _files(folder: str, suffixes: Sequence[str]) -> list[_File]:
    if not os.path.isdir(folder):
        raise DataError("the folder is not there", folder, "check the path")
    found = []
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = os.path.relpath(base, folder).replace(os.sep, "/")
        for name in sorted(names):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in suffixes and not name.startswith("."):
                found.append(_File(os.path.join(base, name), inside, stem))
    return found


def _told_apart(pictures: list[_File], candidates: list[_File]) -> tuple[list[_File], list[_File]]:
    """Pictures and masks below one folder: masks lie in a folder that is called so, or are called so themselves, or are
    the lossless one of two."""
    marked = {file.path for file in candidates if _MASK_FOLDERS & set(file.folder.lower().split("/"))}
    if not marked:
        marked = {file.path for file in candidates if _mask_end(file.stem) or _mask_start(file.stem)}
        marked |= {file.path for file in candidates if file.path.lower().endswith(".json")}
    if not marked:
        photos = {(file.folder, file.stem) for file in pictures if file.path.lower().endswith((".jpg", ".jpeg"))}
        marked = {
            file.path
            for file in candidates
            if (file.folder, file.stem) in photos and not file.path.lower().endswith((".jpg", ".jpeg"))
        }
    return [file for file in pictures if file.path not in marked], [file for file in candidates if file.path in marked]


def _rules(pictures: list[_File], candidates: list[_File]) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """Rules in the order in which they are tried: what they say, and the key of each picture and of each mask."""
    plain = {file.path: file.stem.lower() for file in (*pictures, *candidates)}
    folder = {file.path: _group(file.folder) for file in (*pictures, *candidates)}
    bare = {file.path: _bare(file.stem, _PICTURE_ENDS, _PICTURE_STARTS) for file in pictures}
    ends = Counter(_mask_end(file.stem) or _mask_start(file.stem) for file in candidates)
    # The endings that most masks have come first, the more telling of two that are as frequent.
    order = sorted((end for end in ends if end), key=lambda end: (-ends[end], _rank(end)))
    rules = [("the same name", plain, plain)]
    for end in order:
        own = {
            file.path: _bare(file.stem, (end,), (end,))
            for file in candidates
            if end in (_mask_end(file.stem), _mask_start(file.stem))
        }
        rules += [
            (f"the mask's name has {end}", plain, own),
            (f"names without additions, {end} of the mask", bare, own),
        ]
    rules.append(("names without additions", bare, plain))
    inside = [
        (f"{rule}, in the like-named folder", *({p: folder[p] + key for p, key in keys.items()} for keys in both))
        for rule, *both in rules
    ]
    if not any(folder.values()):
        inside = []
    numbers = {path: match[0] for path, stem in plain.items() if len(match := re.findall(r"\d+", stem)) == 1}
    numbers = {path: number.lstrip("0") or "0" for path, number in numbers.items()}
    by_number = [("the same number, the only one in the name", numbers, numbers)]
    return [*inside, *rules, *by_number]  # type: ignore[list-item]


def _match(
    pairing: Pairing, rule: str, pictures: list[_File], candidates: list[_File], of_picture: dict[str, str],
    of_mask: dict[str, str],
) -> tuple[list[_File], list[_File]]:  # fmt: skip
    """Adds what one rule matches to `pairing`; returns the files that are left."""
    masks: dict[str, list[_File]] = defaultdict(list)
    for file in candidates:
        if file.path in of_mask:
            masks[of_mask[file.path]].append(file)
    asking = Counter(of_picture[file.path] for file in pictures if file.path in of_picture)
    used: set[str] = set()
    for file in pictures:
        key = of_picture.get(file.path)
        found = masks.get(key, []) if key is not None else []
        if key is None or not found:
            continue
        if len(found) == 1 and asking[key] == 1:
            name = file.stem if file.folder == "." else f"{file.folder}/{file.stem}"
            pairing.pairs.append(Pair(file.path, found[0].path, name))
            pairing.rules[rule] += 1
        elif "number" in rule or ("folder" not in rule and len({one.folder for one in found}) > 1):
            continue  # too weak a rule to say that these belong together
        else:
            pairing.ambiguous[file.path] = [one.path for one in found]
        used |= {file.path, *(one.path for one in found)}
    return [file for file in pictures if file.path not in used], [f for f in candidates if f.path not in used]


def _group(folder: str) -> str:
    """The folder without the parts of its path that say what is in it.

    >>> _group("train/images"), _group("train/masks"), _group(".")
    ('train/', 'train/', '')
    """
    parts = [part for part in folder.lower().split("/") if part not in (".", *_MASK_FOLDERS, *_PICTURE_FOLDERS)]
    return "".join(f"{part}/" for part in parts)


def _mask_end(stem: str) -> str | None:
    return _affix(stem, _MASK_ENDS, str.endswith)


def _mask_start(stem: str) -> str | None:
    return _affix(stem, _MASK_STARTS, str.startswith)


def _affix(stem: str, affixes: Iterable[str], is_at: object) -> str | None:
    text = re.sub(r"[-. ]", "_", stem.lower())
    found = [affix for affix in affixes if is_at(text, affix.lower())]  # type: ignore[operator]
    return max(found, key=len) if found else None


def _bare(stem: str, ends: Iterable[str], starts: Iterable[str]) -> str:
    text = stem.lower()
    if end := _affix(stem, ends, str.endswith):
        return text[: -len(end)]
    if start := _affix(stem, starts, str.startswith):
        return text[len(start) :]
    return text


def _rank(affix: str) -> int:
    return [*_MASK_ENDS, *_MASK_STARTS].index(affix)


def _natural(name: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name)]
