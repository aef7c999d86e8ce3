"""What the schema calls its fields, and what was probably meant by another name."""

import difflib
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor

__all__ = [
    "MINUS_SIGNS",
    "example",
    "expected",
    "is_number",
    "is_repeated",
    "is_whole",
    "nearest",
    "unknown_field_cure",
]

_NUMBERS = (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_FLOAT)
_KINDS = {
    FieldDescriptor.CPPTYPE_INT32: "an integer",
    FieldDescriptor.CPPTYPE_UINT32: "an integer from 0",
    FieldDescriptor.CPPTYPE_FLOAT: "a number",
    FieldDescriptor.CPPTYPE_BOOL: "true or false",
    FieldDescriptor.CPPTYPE_STRING: "a text in quotes",
    FieldDescriptor.CPPTYPE_MESSAGE: "a block in braces, { ... }",
}
_SWITCHES = {"yes": "true", "on": "true", "no": "false", "off": "false", "none": "false", "true": "true",
             "false": "false"}  # fmt: skip
_MOST = 2**31  # what fits into a field of whole numbers
_EXAMPLES = {
    FieldDescriptor.CPPTYPE_INT32: "8",
    FieldDescriptor.CPPTYPE_UINT32: "8",
    FieldDescriptor.CPPTYPE_FLOAT: "0.5",
    FieldDescriptor.CPPTYPE_BOOL: "true",
    FieldDescriptor.CPPTYPE_MESSAGE: "{ ... }",
}


# Names that people write, of which another name is nearer than the one that is meant.
_MEANT = {
    "class": "name", "eval_input_config": "eval_input_reader", "sgd": "momentum_optimizer",
    "sgd_optimizer": "momentum_optimizer", "train_input_config": "train_input_reader",
}  # fmt: skip
MINUS_SIGNS = str.maketrans("\u2012\u2013\u2014\u2212", "----")
"""What word processors write for a minus."""


def nearest(name: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The name in `names` that `name` was probably meant to be; `cutoff`, 0 to 1, is how alike it must be."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=cutoff)
    return found[0] if found else None


def is_number(field: FieldDescriptor) -> bool:
    """Whether the field holds numbers, a list of them or one."""
    return field.cpp_type in _NUMBERS


def is_repeated(field: FieldDescriptor) -> bool:
    """Whether the field is a list. Protobuf 4 has `label` (3: repeated), 7 has `is_repeated`."""
    repeated = getattr(field, "is_repeated", None)
    return bool(getattr(field, "label", None) == 3 if repeated is None else repeated)


def is_whole(field: FieldDescriptor) -> bool:
    """Whether the field holds whole numbers."""
    return is_number(field) and field.cpp_type != FieldDescriptor.CPPTYPE_FLOAT


def expected(field: FieldDescriptor) -> str:
    """What kind of value the field wants, in words."""
    if field.enum_type is not None:
        return "one of " + ", ".join(value.name for value in field.enum_type.values)
    return _KINDS[field.cpp_type]


def unknown_field_cure(
    name: str, parent: Descriptor, root: Descriptor, present: Mapping[str, Descriptor] | None = None
) -> str:
    """What to do about a field `name` that messages of type `parent` inside a `root` do not have.

    `present` are the blocks that the config has, path -> type: a field in one of them is the likeliest.
    """
    here = {field.name: [field.name] for field in parent.fields}
    if (meant := _MEANT.get(name)) in here:
        return f"did you mean {meant}?"
    blocks: dict[str, list[str]] = {}
    for path, descriptor in (present or {}).items():
        for field in descriptor.fields:
            blocks.setdefault(field.name, []).append(f"{path}.{field.name}")
    everywhere = _paths_of_fields(root)
    for names, cutoff in (
        *((names, 1.0) for names in (blocks, everywhere)),
        *((names, 0.75) for names in (here, blocks)),
        (here, 0.6),
        (everywhere, 0.75),
    ):
        if hint := nearest(name, names, cutoff):
            return f"did you mean {' or '.join(names[hint][:3])}?"
    return f"the fields of {parent.name} are: {', '.join(here)}"


def example(field: FieldDescriptor, value: str) -> tuple[str, bool]:
    """A value that the field would take, near to `value`, which it does not take; and whether it was surely meant."""
    if field.enum_type is not None:
        return nearest(value.upper(), field.enum_type.values_by_name) or field.enum_type.values[-1].name, False
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return f'"{value}"', False
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL and value.strip("\"'").lower() in _SWITCHES:
        return _SWITCHES[value.strip("\"'").lower()], True
    number = _number(value) if field.cpp_type in _NUMBERS else None
    if number is None or (field.cpp_type == FieldDescriptor.CPPTYPE_UINT32 and number < 0):
        return _EXAMPLES[field.cpp_type], False
    if field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT:
        return f"{number:g}", True
    whole = round(number)
    return (str(whole), whole == number) if whole else (_EXAMPLES[field.cpp_type], False)


def _number(value: str) -> float | None:
    """The number that a text was meant to be: in quotes, as a percentage, with a minus that is none, say."""
    plain = value.strip("\"' ").translate(MINUS_SIGNS).replace("_", "")
    try:
        number = float(plain.removesuffix("%")) / (100 if plain.endswith("%") else 1)
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) < _MOST else None


@lru_cache(maxsize=4)
def _paths_of_fields(root: Descriptor) -> dict[str, list[str]]:
    """Field name -> paths below `root`, the shallowest first; each message type is entered once."""
    paths: dict[str, list[str]] = {}
    seen = {root.full_name}
    queue = [(root, "")]
    for descriptor, prefix in queue:
        for field in descriptor.fields:
            paths.setdefault(field.name, []).append(prefix + field.name)
            inner = field.message_type
            if inner is not None and inner.full_name not in seen:
                seen.add(inner.full_name)
                queue.append((inner, f"{prefix}{field.name}."))
    return paths
