"""What a file is, judged by how it begins: people name the wrong one, or save what they see instead of the file."""

import json
import os
import re
import shlex
from pathlib import Path
from typing import Literal

from tfod.shards import HEADER, MOST_BYTES

__all__ = ["WORDS", "Kind", "foreign", "kind_of", "kind_of_file", "wrong_kind"]

Kind = Literal["config", "label map", "records", "checkpoint", "model", "other", ""]
"""What a config can name; "other" is surely none of these, "" may be anything."""

_HEAD = 1 << 16
_EXAMPLE_TAG = 0x0A  # how the only field of a tf.Example begins
_MAGIC = (
    (b"\x1f\x8b", "an archive (gzip)", "unpack it first"),
    (b"PK\x03\x04", "an archive (zip)", "unpack it first"),
    (b"\x89PNG", "an image", ""),
    (b"\xff\xd8\xff", "an image", ""),
    (b"%PDF", "a PDF", ""),
    (b"\x89HDF", "a Keras model (HDF5)", ""),
)
_RAW = 'get the file itself: on GitHub press "Raw" and save that'
_SAVE = "take the pipeline.config that was read, or write the configs with config_util.save_pipeline_config"
_NAMES = re.compile(r"(?:[\w .'&()/-]{1,60}\n)*[\w .'&()/-]{1,60}\n?")
_NUMBERED = re.compile(r"(?:[ \t]*\d+[ \t]*[,;:\t][ \t]*[^\n,;{}]{1,60}\n?)+")
_TABLE = re.compile(r"[\w \"./-]+[,;\t][\w \"./,;\t-]*\n")
_MOST_NAMES = 20
_LABEL_MAP = re.compile(r"\s*(?:#[^\n]*\n\s*)*item\s*:?\s*[{<]")
_CONFIG = re.compile(
    r"(?:^|[\s}])(?:model|train_config|eval_config|train_input_reader|train_input_config|eval_input_reader"
    r"|eval_input_config)\s*:?\s*[{<]"
)
WORDS = {
    "config": "a pipeline config",
    "label map": "a label map",
    "records": "a TFRecord file",
    "checkpoint": "a file of a checkpoint",
    "model": "an exported model",
}
"""What a file of a kind is called."""


def kind_of(data: bytes, name: str = "") -> Kind:
    """The kind of a file that begins with `data` and is called `name`.

    >>> kind_of(b"item { id: 1 name: 'cat' }"), kind_of(b"model { ssd { } }"), kind_of(b"<!DOCTYPE html>")
    ('label map', 'config', 'other')
    """
    if re.search(r"\.(index|meta|data-\d+-of-\d+)$", name):
        return "checkpoint"
    if name.endswith(".pb"):
        return "model"
    if _is_records(data):
        return "records"
    if foreign(data):
        return "other"
    text = data.decode("utf-8", "ignore")
    if _LABEL_MAP.match(text):
        return "label map"
    return "config" if _CONFIG.search(text) else ""


def kind_of_file(path: str) -> Kind:
    """The same of a file; "" where there is none that can be read."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            return kind_of(file.read(_HEAD) or b"", Path(path).name)
    except (OSError, ValueError):
        return ""


def _without_waiting(path: str, flags: int) -> int:
    """Opens a file that a system may only give when there is something to tell, as `/proc/kmsg` and pipes."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def wrong_kind(data: bytes, path: str, wanted: Literal["config", "label map", "records"]) -> tuple[str, str] | None:
    """What a file is instead of the one `wanted`, and what to do; None where that cannot be told."""
    kind = kind_of(data[:_HEAD], Path(path).name)
    if wanted == "label map" and kind in ("", "other") and (found := _list_of_names(data, path)):
        return found
    if wanted == "records" and kind == "" and _TABLE.match(data[:_HEAD].decode("utf-8", "ignore")):
        return "this is a table of text, not a TFRecord file", "make records of it: tfod convert --help"
    if kind not in ("", "other", wanted):
        return f"this is {WORDS[kind]}, not {WORDS[wanted]}", f"name {WORDS[wanted]}"
    if kind == "other" and (found := foreign(data)):
        return f"this is {found[0]}, not {WORDS[wanted]}", found[1] or f"name {WORDS[wanted]}"
    return None


def _is_records(data: bytes) -> bool:
    length = int.from_bytes(data[:8], "little")
    return len(data) > HEADER.size and 0 < length <= MOST_BYTES and data[HEADER.size] == _EXAMPLE_TAG


def foreign(data: bytes) -> tuple[str, str] | None:
    """What a file that begins with `data` is that no config names, and what to do ("" for nothing in particular)."""
    for magic, kind, cure in _MAGIC:
        if data.startswith(magic):
            return kind, cure
    text = data[:_HEAD].decode("utf-8-sig", "ignore").lstrip()
    lowered = text[:1000].lower()
    if lowered.startswith("<!doctype html") or "<html" in lowered:
        return "a web page", _RAW
    if lowered.startswith("<?xml") or re.match(r"<\w+[^<>]*>", lowered):
        return "XML", ""
    if re.match(r"\{\s*'[\w ]*'\s*:", text):
        return "a printed Python dictionary", _SAVE
    if re.match(r'[\[{]\s*[\[{"\]}]', text) and (len(data) >= _HEAD or _is_json(text)):
        return "JSON", _RAW
    return None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return re.match(r'[\[{]\s*"[^"\n]*"\s*[:,]', text) is not None
    return True


def _list_of_names(data: bytes, path: str) -> tuple[str, str] | None:
    """Names of classes as TensorFlow Lite has them, one a line, or as other programs have them."""
    text = data.decode("utf-8-sig", "ignore").replace("\r\n", "\n").strip("\n ")
    if text and _NAMES.fullmatch(text) and not _NUMBERED.match(text) and ":" not in text:
        names, what = (
            [line.strip() for line in text.split("\n")],
            "a list of names, one a line, as TensorFlow Lite has them",
        )
    else:
        names, what = _names_elsewhere(text), "a list of names as another program has them"
    names = [name for name in names if name]
    if not names:
        return None
    shown = " ".join(map(shlex.quote, names[:_MOST_NAMES])) + (" ..." if len(names) > _MOST_NAMES else "")
    target = shlex.quote(str(Path(path).with_suffix(".pbtxt")))
    return (
        f"this is {what}, not a label map",
        f"write one: python tools/create_label_map.py --names {shown} -o {target}",
    )


def _names_elsewhere(text: str) -> list[str]:
    """The names in a JSON list or table, in the `names` of a YAML file, or in lines with a number each."""
    if match := re.search(r"^names:\s*\[([^\]]*)\]", text, re.MULTILINE):
        return [name.strip(" \"'") for name in match[1].split(",")]
    if match := re.search(r"^names:\s*\n((?:\s*(?:-|\d+:)[^\n]+\n?)+)", text, re.MULTILINE):
        return [re.sub(r"^\s*(?:-|\d+:)\s*", "", line).strip(" \"'") for line in match[1].splitlines()]
    if _NUMBERED.fullmatch(text):
        return [re.sub(r"^\s*\d+\s*[,;:\t]\s*", "", line).strip(" \"'") for line in text.splitlines()]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    items = list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else []
    names = [item.get("name") if isinstance(item, dict) else item for item in items]
    return [name for name in names if isinstance(name, str)]
