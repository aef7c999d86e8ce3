"""Whether there is anything to learn from, or to judge by, in records: their objects against label maps and classes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tfod.annotations.placement import EMPTY, IN_PIXELS, INVERTED, NOT_FINITE, OUTSIDE
from tfod.config.diagnostics import Diagnostic, error, warning
from tfod.config.label_map import LabelMap
from tfod.config.words import nearest
from tfod.records.objects import ObjectCount, ObjectKind

__all__ = ["Classes", "Reader", "Remap", "label_map_findings", "object_findings", "remap_findings"]

_NAMED = 5  # classes that a finding lists
_MANY_CLASSES = 1000  # to look among more for names that are alike takes a while
_FEW = 0.01  # of the objects; so many without area, or beside the image, are not worth a word
_AGAIN = "convert the data again"
_BOXES = {
    IN_PIXELS: ("are in pixels, not in fractions of the image", f"divide by width and height: {_AGAIN}"),
    NOT_FINITE: ("have a side that is no finite number", _AGAIN),
    INVERTED: ("end before they begin", "exchange the sides (xmax before xmin?) and write the records again"),
    OUTSIDE: ("lie outside of their image", _AGAIN),
    EMPTY: ("have no area", _AGAIN),
}


class Remap(NamedTuple):
    """A step `remap_labels` of the augmentation, which is at `where` in the config."""

    originals: frozenset[int]
    new: int
    where: str


@dataclass(frozen=True)
class Classes:
    """Which objects a model learns: as `tfod.input.decode.RecordDecoder` reads them, and as the augmentation does.

    Attributes:
      label_map: Numbers the texts of records; without one, or without a text, the number in the record counts.
      num_classes: Of the model.
      remaps: In their order.
    """

    label_map: LabelMap | None
    num_classes: int
    remaps: tuple[Remap, ...] = ()

    def knows(self, kind: ObjectKind) -> bool:
        """Whether such an object is read at all."""
        return self._in_range(self._id(kind))

    def learns(self, kind: ObjectKind) -> bool:
        """Whether it still has a class after the augmentation, and its box is sound."""
        return self.knows(kind) and self._in_range(self.remapped(self._id(kind))) and kind.fault is None

    def remapped(self, class_id: int) -> int:
        """The class that the augmentation makes of a class."""
        for step in self.remaps:
            class_id = step.new if class_id in step.originals else class_id
        return class_id

    def _id(self, kind: ObjectKind) -> int:
        if self.label_map is not None and kind.text is not None:
            return self.label_map.ids.get(kind.text, 0)
        return kind.label or 0

    def _in_range(self, class_id: int) -> bool:
        return 1 <= class_id <= self.num_classes


@dataclass(frozen=True)
class Reader:
    """A reader of the config.

    Attributes:
      where: Its path in the config.
      label_map_path: Its label map; "" for none.
      trains: Whether it is that of the training.
      skips: Whether records that cannot be used are left out, and do not stop the run.
    """

    where: str
    label_map_path: str
    trains: bool
    skips: bool = False


def object_findings(count: ObjectCount, classes: Classes, reader: Reader) -> Iterator[Diagnostic]:
    """What is lost of the objects: an error where nothing is left, else a warning with numbers and names."""
    total = count.objects.total()
    told = f"the {count.records} records" if count.is_all else f"the first {count.records} records"
    if count.records and not total:
        make = error if reader.trains else warning
        to_do = "learn" if reader.trains else "judge by"
        paths = f"{reader.where}.tf_record_input_reader.input_path[0]"
        yield make("no-objects", f"none of {told} has an object: there is nothing to {to_do}", paths, _AGAIN)
    if not total:
        return
    is_nothing = not any(map(classes.learns, count.objects))
    unknown = Counter[str]()
    faults = Counter[str]()
    for kind, objects in count.objects.items():
        if not classes.knows(kind):
            unknown[_name(kind, classes)] += objects
        if kind.fault:
            faults[kind.fault] += objects
    if unknown:
        yield _unknown_classes(unknown, total, told, classes, reader, is_nothing)
    for fault, objects in faults.items():
        if fault not in (EMPTY, OUTSIDE) or objects > _FEW * total:
            stops = is_nothing or (fault == INVERTED and not reader.skips)
            yield _boxes(fault, objects, total, told, count.first[fault], reader, stops)


def _unknown_classes(
    unknown: Counter[str], total: int, told: str, classes: Classes, reader: Reader, is_nothing: bool
) -> Diagnostic:
    lost = unknown.total()
    listed = _listed(f"{name} ({count})" for name, count in unknown.most_common())
    known = f"the label map has {_listed(map(repr, classes.label_map.ids))}" if classes.label_map else ""
    known = known or f"num_classes is {classes.num_classes}, and classes count from 1"
    whose = f"has a class that {'the label map' if classes.label_map else 'the model'} knows"
    if lost == total:
        what = f"none of the {total} objects in {told} {whose}: {listed}; {known}"
    else:
        what = f"{lost} of {total} objects in {told} are left out, none of them {whose}: {listed}; {known}"
    where = f"{reader.where}.label_map_path"
    return (error if is_nothing else warning)("unknown-classes", what, where, _cure(unknown, classes, reader))


def _cure(unknown: Iterable[str], classes: Classes, reader: Reader) -> str:
    if classes.label_map is None:
        return f"--set {reader.where}.label_map_path=... with the label map that the records were made with"
    lowered = {name.lower().strip(): name for name in classes.label_map.ids}
    compared = classes.label_map.ids if len(lowered) <= _MANY_CLASSES else ()
    for name in list(unknown)[:_NAMED]:
        plain = name[1:-1] if name[0] in "'\"" else ""
        alike = lowered.get(plain.lower().strip()) or nearest(plain, compared)
        if alike:
            return f"write the names in {reader.label_map_path} as the records have them: {plain!r}, not {alike!r}"
    return f"name the label map that the records were made with, or {_AGAIN} with {reader.label_map_path}"


def _boxes(fault: str, objects: int, total: int, told: str, first: str, reader: Reader, stops: bool) -> Diagnostic:
    means, cure = _BOXES[fault]
    many = f"all {total}" if objects == total else f"{objects} of {total}"
    where = f"{reader.where}.tf_record_input_reader.input_path[0]"
    return (error if stops else warning)(
        fault.replace("_", "-"), f"{many} boxes in {told} {means}: {first}", where, cure
    )


def remap_findings(classes: Classes) -> Iterator[Diagnostic]:
    """Classes that `remap_labels` makes a class which the model does not have: their objects would have none."""
    names = classes.label_map.names if classes.label_map else {}
    changed = sorted(number for step in classes.remaps for number in step.originals)
    inside = [number for number in dict.fromkeys(changed) if 1 <= number <= classes.num_classes]
    lost = [number for number in inside if not 1 <= classes.remapped(number) <= classes.num_classes]
    for step in classes.remaps:
        theirs = [number for number in lost if classes.remapped(number) == step.new]
        if theirs and not 1 <= step.new <= classes.num_classes:
            listed = _listed(repr(names.get(number, number)) for number in theirs)
            what = f"remap_labels makes {listed} the class {step.new}, but num_classes is {classes.num_classes}"
            where = f"{step.where}.new_label"
            nearest_class = min(max(step.new, 1), classes.num_classes)
            cure = f"--set {where}={nearest_class}, or another from 1 to {classes.num_classes}"
            yield error("remap-labels", f"{what}: these objects would have no class", where, cure)


def label_map_findings(train: LabelMap, evaluated: LabelMap, path: str) -> Iterator[Diagnostic]:
    """Where the label map of an evaluation is not that of the training, which is the file `path`."""
    where = "eval_input_reader[0].label_map_path"
    cure = f"--set {where}={path}"
    ours, theirs = ({name: number for name, number in one.ids.items() if number > 0} for one in (train, evaluated))
    moved = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    if moved:
        listed = _listed(f"{name!r} is {ours[name]} for training and {theirs[name]} for evaluation" for name in moved)
        yield error("label-maps", f"the label maps number the same classes differently: {listed}", where, cure)
        return
    missing, added = _without(train, evaluated), _without(evaluated, train)
    told = [f"lacks {_listed(missing)}, which training has"] if missing else []
    told += [f"has {_listed(added)}, which training does not know"] if added else []
    if told:
        yield warning("label-maps", f"the label map of the evaluation {', and '.join(told)}", where, cure)


def _without(label_map: LabelMap, other: LabelMap) -> list[str]:
    """The classes of which none of the names is in the other label map."""
    shared = {number for name, number in label_map.ids.items() if name in other.ids}
    return [repr(name) for number, name in label_map.names.items() if number not in shared]


def _name(kind: ObjectKind, classes: Classes) -> str:
    if classes.label_map is not None and kind.text is not None:
        return repr(kind.text)
    return f"class {kind.label}" if kind.label is not None else "(no class)"


def _listed(items: Iterable[str]) -> str:
    found = list(items)
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more
