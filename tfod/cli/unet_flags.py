"""Flags that the commands of U-Nets share: which data, which run."""

import argparse
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfod.errors import ConfigError

if TYPE_CHECKING:
    from tfod.segmentation.classes import ClassTable, Colour
    from tfod.segmentation.data import DataSet
    from tfod.segmentation.masks import MaskEncoding

__all__ = ["add_data_flags", "add_run_flags", "open_data", "read_data_file"]

_KINDS = ("ids", "binary", "levels", "colours", "labels")
_PARTS = ("", "val_", "test_")
_FORMS = ("images", "masks", "pairs", "records")
_CHANNEL = re.compile(r"\d{1,3}")
_KEYS = (*(f"{part}{form}" for part in _PARTS for form in _FORMS), "classes", "mask_kind")


def add_data_flags(parser: argparse.ArgumentParser, *, records: bool = True) -> None:
    """Adds --images, --masks, --pairs, --records (if `records`), --data, --classes and --mask_kind."""
    add = parser.add_argument
    add("--images", metavar="DIR", help="a folder of pictures")
    add("--masks", metavar="DIR", help="a folder of masks; pairs are matched by their names")
    add("--pairs", metavar="FILE", help="a list instead, a picture's path and its mask's a line")
    if records:
        add(
            "--records",
            action="append",
            metavar="GLOB",
            help="TFRecords instead of folders: files, patterns or folders of them; can be repeated",
        )
    add("--data", metavar="YAML", help=f"a file with these flags as keys: {', '.join(_KEYS)}")
    add("--classes", metavar="FILE", help="the class table: names, or `name r g b` a line")
    add("--mask_kind", choices=_KINDS, help="how masks are stored (default: found from what they hold)")


def add_run_flags(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Adds --model_dir, which may also be called --run, and --checkpoint."""
    parser.add_argument(
        "--model_dir", "--run", required=required, metavar="DIR", help="the folder of a run of train_unet.py"
    )
    parser.add_argument(
        "--checkpoint", default="best", metavar="WHICH", help="best, last, or a checkpoint's prefix (default: best)"
    )


def read_data_file(args: argparse.Namespace, *, to_judge: bool = False) -> None:
    """Fills the flags that were not given from the --data file; paths in it are relative to it.

    `to_judge` takes the data under test_... or, where there is none, under val_..., and leaves the classes to the run.
    """
    if not args.data:
        return
    from pathlib import Path

    from tfod.annotations.yaml_text import read_yaml
    from tfod.errors import DataError

    try:
        content = read_yaml(args.data)
    except DataError as error:
        cure = "write `images: DIR` and so on"
        raise ConfigError(f"the data file cannot be read: {error.what}", args.data, cure) from error
    if not isinstance(content, Mapping) or not set(content) <= set(_KEYS):
        unknown = sorted(map(str, set(content) - set(_KEYS))) if isinstance(content, Mapping) else ["no keys"]
        what = f"the data file has {', '.join(unknown)[:80]}"
        raise ConfigError(what, args.data, f"its keys are {', '.join(_KEYS)}")
    if to_judge:
        content = _part_to_judge(content, args.data)
    for key, value in content.items():
        if getattr(args, key, None) is None and hasattr(args, key):
            setattr(args, key, _resolved(key, value, Path(args.data).parent, args.data))


def _part_to_judge(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    for part in ("test_", "val_"):
        if found := {key.removeprefix(part): value for key, value in content.items() if key.startswith(part)}:
            return found
    cure = "add test_images and test_masks (or test_pairs, test_records), or give --images and --masks"
    raise ConfigError("the data file names nothing to judge by", where, cure)


def _resolved(key: str, value: Any, folder: Any, where: str) -> Any:
    if key == "mask_kind":
        if value not in _KINDS:
            raise ConfigError(f"mask_kind is {str(value)[:40]!r}", where, f"choose {', '.join(_KINDS)}")
        return value
    if key == "classes" and not isinstance(value, str):
        return _classes(value, where)
    values = value if isinstance(value, list) and key.endswith("records") else [value]
    if not all(isinstance(one, str) for one in values):
        raise ConfigError(f"{key} is {str(value)[:40]!r}", where, "write a path")
    paths = [str(folder / one) for one in values]
    return paths if key.endswith("records") else paths[0]


def _classes(value: Any, where: str) -> "ClassTable":
    """The table of `[name, ...]` or of `{name: [r, g, b], ...}`."""
    from tfod.segmentation.classes import named_classes

    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return named_classes(value, where=where)
    table = {str(name): _colour(colour) for name, colour in value.items()} if isinstance(value, Mapping) else {}
    if not table or None in table.values():
        cure = "write a file's name, a list of names, or `name: [r, g, b]`, a class a line"
        raise ConfigError("the classes cannot be read", where, cure)
    return named_classes(list(table), list(table.values()), where)


def _colour(value: Any) -> "Colour | None":
    if isinstance(value, list) and len(value) == 3 and all(_CHANNEL.fullmatch(str(one)) for one in value):
        red, green, blue = map(int, value)
        return (red, green, blue) if max(red, green, blue) <= 255 else None
    return None


def open_data(
    images: str | None,
    masks: str | None,
    records: list[str] | None,
    *,
    pairs: str | None = None,
    classes: "str | ClassTable | None" = None,
    kind: Any = None,
    encoding: "MaskEncoding | None" = None,
) -> "DataSet | None":
    """The data set that the flags name; None where none of them is given.

    Raises ConfigError where they do not go together.
    """
    from tfod.segmentation.data import open_folders, open_list, open_records

    folders = bool(images or masks)
    if folders + bool(records) + bool(pairs) > 1 or bool(images) != bool(masks):
        cure = "give a folder of pictures and one of masks, or a list of pairs, or TFRecords"
        raise ConfigError("the data is named by halves or twice", "--images, --masks, --pairs, --records", cure)
    if images and masks:
        return open_folders(images, masks, classes=classes, kind=kind, encoding=encoding)
    if pairs:
        return open_list(pairs, classes=classes, kind=kind, encoding=encoding)
    return open_records(records, classes=classes, kind=kind, encoding=encoding) if records else None
