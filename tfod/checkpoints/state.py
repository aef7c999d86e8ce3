"""The file `checkpoint` of a folder, which says which of its checkpoints is the newest."""

import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path

from google.protobuf import text_encoding

from tfod.errors import CheckpointError
from tfod.files import write_text
from tfod.stores import is_file, matches, normal, read_file

__all__ = ["STATE_FILE", "named_checkpoints", "newest_checkpoint", "numbered_checkpoints", "write_state"]

STATE_FILE = "checkpoint"
_NAMED = re.compile(r'\s*(all_model_checkpoint_paths|model_checkpoint_path)\s*:\s*"((?:[^"\\]|\\.)*)"\s*')
_TIME = re.compile(r"\s*((all_model_checkpoint_timestamps|last_preserved_timestamp)\s*:\s*[\d.e+]+\s*)?")
_NUMBERED = re.compile(r".*-(\d+)\.index")


def named_checkpoints(folder: Path | str) -> list[str]:
    """The prefixes that the file `checkpoint` of a folder names, newest first; [] where there is no such file.

    TensorFlow takes a file that it cannot read for one that is not there, or fails with an error of the text format.

    Raises:
      CheckpointError: the file is damaged.
    """
    try:
        text = read_file(_state_file(folder)).decode("utf-8")
        lines = [(line, _NAMED.fullmatch(line)) for line in text.splitlines()]
        named = [(match[1], text_encoding.CUnescape(match[2]).decode("utf-8")) for _, match in lines if match]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise _damaged(folder) from error
    newest = [name for field, name in named if field == "model_checkpoint_path" and name]
    if len(newest) != 1 or not all(match or _TIME.fullmatch(line) for line, match in lines):
        raise _damaged(folder)
    others = [name for field, name in reversed(named) if field != "model_checkpoint_path"]
    # An absolute name stands for itself.
    return [os.path.join(normal(folder), name) for name in dict.fromkeys([*newest, *others])]


def numbered_checkpoints(folder: Path | str) -> list[str]:
    """The prefixes of all checkpoints in a folder, `ckpt-12` before `ckpt-2`, whatever the file `checkpoint` says."""
    pattern = os.path.join(glob.escape(normal(folder)), "*.index")
    found = {match: path for path in matches(pattern) if (match := _NUMBERED.fullmatch(path))}
    in_order = sorted(found, key=lambda match: int(match[1]), reverse=True)
    return [found[match].removesuffix(".index") for match in in_order]


def newest_checkpoint(folder: Path | str) -> str | None:
    """The prefix of the newest checkpoint of a folder; None where there is none.

    Raises:
      CheckpointError: the file that names it is damaged, or its files are not there.
    """
    newest = next(iter(named_checkpoints(folder)), None)
    if newest is not None and not is_file(f"{newest}.index") and not is_file(newest):
        what = f"the file {STATE_FILE} names {os.path.basename(newest)}, whose files are not there"
        raise CheckpointError(what, _state_file(folder), _cure(folder))
    return newest


def write_state(folder: Path, prefixes: Sequence[str]) -> None:
    """Writes the file `checkpoint` of a folder: it names these checkpoints in it, newest first."""
    names = [text_encoding.CEscape(Path(prefix).name.encode(), as_utf8=False) for prefix in prefixes]
    lines = [f'model_checkpoint_path: "{names[0]}"', *(f'all_model_checkpoint_paths: "{name}"' for name in names[::-1])]
    write_text(folder / STATE_FILE, "\n".join(lines) + "\n")


def _damaged(folder: Path | str) -> CheckpointError:
    what = "the file that names the newest checkpoint is damaged"
    return CheckpointError(what, _state_file(folder), _cure(folder))


def _state_file(folder: Path | str) -> str:
    return os.path.join(normal(folder), STATE_FILE)


def _cure(folder: Path | str) -> str:
    others = numbered_checkpoints(folder)
    return f"name the checkpoint itself: {others[0]}" if others else "give the folder of a training run"
