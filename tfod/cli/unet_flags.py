"""Flags that the commands of U-Nets share: which data, which run."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfod.errors import ConfigError

if TYPE_CHECKING:
    from tfod.segmentation.data import DataSet
    from tfod.segmentation.masks import MaskEncoding

__all__ = ["add_data_flags", "add_run_flags", "open_data", "read_data_file"]

_KINDS = ("ids", "binary", "levels", "colours", "labels")
_KEYS = ("images", "masks", "records", "val_images", "val_masks", "val_records", "classes", "mask_kind")


def add_data_flags(parser: argparse.ArgumentParser) -> None:
    """Adds --images, --masks, --records, --data, --classes and --mask_kind."""
    add = parser.add_argument
    add("--images", metavar="DIR", help="a folder of pictures")
    add("--masks", metavar="DIR", help="a folder of masks; pairs are matched by their names")
    add("--records", action="append", metavar="GLOB", help="TFRecords instead of folders; can be repeated")
    add("--data", metavar="YAML", help=f"a file with these flags as keys: {', '.join(_KEYS)}")
    add("--classes", metavar="FILE", help="the class table: names, or `name r g b` a line")
    add("--mask_kind", choices=_KINDS, help="how masks are stored (default: found from what they hold)")


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Adds --run and --checkpoint."""
    parser.add_argument("--run", required=True, metavar="DIR", help="the folder of a run: train_unet.py's --model_dir")
    parser.add_argument(
        "--checkpoint", default="best", metavar="WHICH", help="best, last, or a checkpoint's prefix (default: best)"
    )


def read_data_file(args: argparse.Namespace) -> None:
    """Fills the flags that were not given from the --data file; paths in it are relative to it."""
    if not args.data:
        return
    from pathlib import Path

    import yaml

    path = Path(args.data)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"the data file cannot be read: {reason}", args.data, "write `images: DIR` and so on"
        ) from error
    if not isinstance(content, Mapping) or not set(content) <= set(_KEYS):
        unknown = sorted(set(content) - set(_KEYS)) if isinstance(content, Mapping) else [type(content).__name__]
        raise ConfigError(f"the data file has {', '.join(unknown)}", args.data, f"its keys are {', '.join(_KEYS)}")
    for key, value in content.items():
        if getattr(args, key, None) is None and hasattr(args, key):
            setattr(args, key, _resolved(key, value, path.parent))


def _resolved(key: str, value: Any, folder: Any) -> Any:
    if key == "mask_kind":
        return value
    if key in ("records", "val_records"):
        return [str(folder / one) for one in ([value] if isinstance(value, str) else value)]
    return str(folder / value)


def open_data(
    images: str | None,
    masks: str | None,
    records: list[str] | None,
    *,
    classes: str | None = None,
    kind: Any = None,
    encoding: "MaskEncoding | None" = None,
) -> "DataSet | None":
    """The data set that three flags name; None where none of them is given.

    Raises ConfigError where they do not go together.
    """
    from tfod.segmentation.data import open_folders, open_records

    if records and not images and not masks:
        return open_records(records, classes=classes, kind=kind, encoding=encoding)
    if images and masks and not records:
        return open_folders(images, masks, classes=classes, kind=kind, encoding=encoding)
    if not images and not masks and not records:
        return None
    cure = "give a folder of pictures and one of masks, or TFRecords"
    raise ConfigError("the data is named by halves or twice", "--images, --masks, --records", cure)
