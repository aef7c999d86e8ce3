"""Label maps: which number stands for which class."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from tfod.config.faults.ranges import MOST_CLASSES
from tfod.config.kinds import WORDS
from tfod.config.scan import field_places
from tfod.config.text import parse_text, read_file
from tfod.errors import ConfigError
from tfod.files import write_text
from tfod.protos.string_int_label_map_pb2 import StringIntLabelMap

__all__ = [
    "NAME_A_LABEL_MAP",
    "LabelMap",
    "LabelMapItem",
    "label_map_from_names",
    "read_label_map",
    "write_label_map",
]

NAME_A_LABEL_MAP = f"name {WORDS['label map']}"
"""What to do where a file of another kind is named."""

_ITEM = re.compile(rb"\bitem\s*:?\s*[{<]")
_BACKGROUND = "background"
_MOST_KEYPOINTS = 1000
_TOO_MANY = "leave in those that the records have"


@dataclass(frozen=True)
class LabelMapItem:
    """One class. `id` counts from 1; 0 is the background. `keypoints` are (id, label).

    `name` is what records hold in class/text (in some public maps a code such as /m/01g317),
    `display_name` what people read. The rest belongs to OpenImages (ancestors, descendants) and LVIS.
    """

    id: int
    name: str
    display_name: str | None = None
    keypoints: tuple[tuple[int, str], ...] = ()
    ancestor_ids: tuple[int, ...] = ()
    descendant_ids: tuple[int, ...] = ()
    frequency: int | None = None
    instance_count: int | None = None


@dataclass(frozen=True)
class LabelMap:
    """The classes of a data set, in the order of their file. Ids may have gaps (COCO: 80 in 1..90)."""

    items: tuple[LabelMapItem, ...]

    @cached_property
    def names(self) -> dict[int, str]:
        """Id -> the name for people, without the background."""
        return {item.id: item.display_name or item.name for item in self.items if item.id > 0}

    @property
    def num_classes(self) -> int:
        """The greatest id, which is what `num_classes` of a config must be."""
        return max((item.id for item in self.items), default=0)

    @cached_property
    def keypoints(self) -> dict[str, dict[int, str]]:
        """What a record may call a class -> its keypoints, id -> label, by their ids; classes without any are not here.

        An id is the place among all keypoints of an object in a record, from 0.
        """
        named = {text: dict(sorted(item.keypoints)) for item in self.items for text in (item.name, item.display_name)
                 if text and item.keypoints}  # fmt: skip
        return named

    @property
    def num_keypoints(self) -> int:
        """How many keypoints each object of a record has, by their greatest id."""
        return max((number + 1 for named in self.keypoints.values() for number in named), default=0)

    @cached_property
    def ids(self) -> dict[str, int]:
        """What a record may call a class, its name or display name -> the id.

        Where one class has the name that another shows, the greater id is meant, as in the original.
        """
        ids: dict[str, int] = {}
        for item in self.items:
            for text in filter(None, (item.name, item.display_name)):
                ids[text] = max(item.id, ids.get(text, 0))
        return ids


def label_map_from_names(names: Iterable[str]) -> LabelMap:
    """The label map that numbers `names` from 1 in their order; ConfigError for an empty or repeated one."""
    items = tuple(LabelMapItem(number, name) for number, name in enumerate(names, start=1))
    _check(items, "the list of class names", lines={})
    return LabelMap(items)


def read_label_map(path: Path | str) -> LabelMap:
    """The label map in the file `path`, a text proto or, as the original also reads, a binary one.

    Raises ConfigError, with the line, for text that cannot be read, an empty map or one of far too many classes, an
    item without a name, an id below 1 (0 is allowed for "background" only) or beyond any number of classes, and an id
    or a name given twice.
    """
    data = read_file(path, "label map")
    message = StringIntLabelMap()
    # Counted before it is parsed, which would take seconds for so many.
    if next(islice(_ITEM.finditer(data), MOST_CLASSES, None), None) is not None:
        raise ConfigError(f"the label map has more than {MOST_CLASSES:,} classes", str(path), _TOO_MANY)
    try:
        text = parse_text(data, message, str(path), "label map")
    except ConfigError:
        if not _parse_binary(data, message):
            raise
        text = ""
    # The line of an item is the one of its id, or of its name where it has none.
    lines: dict[int, int] = {}
    for place in field_places(text, StringIntLabelMap.DESCRIPTOR):
        if place.name in ("item", "name", "id") and place.path.count(".") <= 1:
            lines[int(place.path.split("]")[0].removeprefix("item["))] = place.line
    items = tuple(
        LabelMapItem(
            id=item.id,
            name=item.name,
            display_name=item.display_name if item.HasField("display_name") else None,
            keypoints=tuple((keypoint.id, keypoint.label) for keypoint in item.keypoints),
            ancestor_ids=tuple(item.ancestor_ids),
            descendant_ids=tuple(item.descendant_ids),
            frequency=item.frequency if item.HasField("frequency") else None,
            instance_count=item.instance_count if item.HasField("instance_count") else None,
        )
        for item in message.item
    )
    _check(items, str(path), lines)
    return LabelMap(items)


def write_label_map(label_map: LabelMap, path: Path | str) -> None:
    """Writes the label map as text, whole or not at all; reading it gives an equal one."""
    message = StringIntLabelMap()
    for item in label_map.items:
        added = message.item.add(
            id=item.id,
            name=item.name or None,
            display_name=item.display_name,
            ancestor_ids=item.ancestor_ids,
            descendant_ids=item.descendant_ids,
            frequency=item.frequency,
            instance_count=item.instance_count,
        )
        for number, label in item.keypoints:
            added.keypoints.add(id=number, label=label)
    write_text(path, text_format.MessageToString(message, as_utf8=True))


def _parse_binary(data: bytes, message: StringIntLabelMap) -> bool:
    message.Clear()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return False
    return any(item.name or item.display_name for item in message.item)


def _check(items: tuple[LabelMapItem, ...], source: str, lines: dict[int, int]) -> None:
    if not items:
        raise ConfigError("the label map has no class", source, "write item { id: 1 name: 'cat' }, one a class")
    ids: dict[int, int] = {}
    names: dict[str, int] = {}
    for number, item in enumerate(items):
        name = item.name or item.display_name or ""
        where = f"{source}, line {lines[number]}" if number in lines else f"{source}, item {number + 1}"
        if item.id < 0 or (item.id == 0 and _BACKGROUND not in (item.name, item.display_name)):
            raise ConfigError(f"{name!r} has the id {item.id}", where, "count from 1; 0 is the background")
        if item.id > MOST_CLASSES:
            what = f"{name!r} has the id {item.id}, and a detector predicts every class up to the greatest id"
            raise ConfigError(what, where, f"count from 1 without large gaps, to at most {MOST_CLASSES}")
        if not name:
            raise ConfigError(f"the class with id {item.id} has no name", where, "add name: '...'")
        _check_keypoints(item.keypoints, name, where)
        for value, earlier in ((item.id, ids.get(item.id)), (name, names.get(name))):
            if earlier is not None:
                kind = "name" if isinstance(value, str) else "id"
                first = f"line {lines[earlier]}" if earlier in lines else f"item {earlier + 1}"
                cure = f"give each class its own {kind}; the first stands in {first}"
                raise ConfigError(f"the {kind} {value!r} is given twice", where, cure)
        ids[item.id] = names[name] = number


def _check_keypoints(keypoints: tuple[tuple[int, str], ...], name: str, where: str) -> None:
    ids = [number for number, _ in keypoints]
    odd = next((number for number in ids if not 0 <= number < _MOST_KEYPOINTS), None)
    if odd is not None:
        cure = f"count from 0, to at most {_MOST_KEYPOINTS - 1}"
        raise ConfigError(f"a keypoint of {name!r} has the id {odd}", where, cure)
    if len(set(ids)) < len(ids):
        raise ConfigError(f"two keypoints of {name!r} have one id", where, "give each keypoint its own id")
