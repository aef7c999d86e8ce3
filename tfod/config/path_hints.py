"""What a path that leads nowhere was meant to be: it has quotes inside, is one of Windows or of another machine."""

import glob
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from tfod.config.explain import CURLY_QUOTES
from tfod.config.kinds import Kind, kind_of_file
from tfod.config.words import nearest

__all__ = ["assignment", "existing", "files_of_kind", "foreign_path", "meant_path", "nearest_file", "shown"]

# What a backslash and a letter became when the text was read.
_ESCAPES = {"\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r"}
_CONTROL = re.compile(r"[\x00-\x1f]")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|[A-Za-z]:(?=[\x00-\x1f])|\\\\\w")
_OTHER_MACHINES = {
    "/content": "Google Colab", "/kaggle": "Kaggle", "/Users": "a Mac", "/Volumes": "a Mac", "/mnt": "another machine",
    "/home": "another machine", "/root": "another machine", "/workspace": "a container",
}  # fmt: skip
_PLAIN = re.compile(r"[\w@%+=:,./-]*")
_LONGEST = 160
_MOST_PARTS = 20
_MOST_ENTRIES = 2000


def shown(path: str) -> str:
    """The path as one line that can be read: its middle is left out where it is very long.

    >>> shown("a\\tb"), len(shown("x" * 5000))
    ("'a\\\\tb'", 163)
    """
    if not path.isprintable():
        path = repr(path)
    half = _LONGEST // 2
    return path if len(path) <= _LONGEST else f"{path[:half]}...{path[-half:]}"


def assignment(field: str, value: str) -> str:
    """The flag that sets a field, as it can be pasted into a shell.

    >>> assignment("a.b[0]", "x/y.record"), assignment("a.b", "my *.record")
    ('--set a.b[0]=x/y.record', "--set 'a.b=my *.record'")
    """
    whole = f"{field}={value}"
    return f"--set {whole if _PLAIN.fullmatch(value) else shlex.quote(whole)}"


def existing(path: str) -> bool:
    """Whether something matches `path`, a name or a glob pattern; a path that cannot be one matches nothing."""
    try:
        return os.path.exists(path) or next(glob.iglob(path), None) is not None
    except (OSError, ValueError, RecursionError):
        return False


def meant_path(path: str) -> str | None:
    """The file, folder or pattern that exists and that `path` was probably meant to be; None where there is none."""
    candidates = list(dict.fromkeys(_repaired(path)))
    for candidate in candidates:
        if candidate != path and candidate.strip("/.") and existing(candidate):
            return candidate
    for candidate in candidates:
        parts = [part for part in Path(candidate).parts if part not in (os.sep, "..", ".")]
        least = 0 if os.path.isabs(candidate) else 1
        for first in range(max(least, len(parts) - _MOST_PARTS), len(parts)):
            ending = os.path.join(*parts[first:])
            if ending != path and existing(ending):
                return ending
        if parts and (found := _below(parts[-1])):
            return found
    return None


def foreign_path(path: str) -> tuple[str, str] | None:
    """What is wrong with a path that only another machine can have, and what to do; None for any other path."""
    if os.name != "nt" and (_DRIVE.match(path) or "\\" in path or _CONTROL.search(path)):
        written = _with_slashes(path)
        became = f", whose backslashes were read as escapes: it became {shown(repr(path))}" if _changed(path) else ""
        what = f"this is a path of Windows{became}"
        return (
            what,
            f"copy what it names to this machine, and write where it lies there, with slashes: {shown(written)}",
        )
    root = next((root for root in _OTHER_MACHINES if path.startswith(f"{root}/")), None)
    if root is None or existing(_first_folders(path)):
        return None
    what = f"there is no {_first_folders(path)} here: this is a path of {_OTHER_MACHINES[root]}"
    return what, "copy what it names to this machine, and write where it lies there"


def files_of_kind(folder: str, kind: Kind, endings: Sequence[str] = ()) -> list[str]:
    """The files in `folder` ("" for the working directory) that are of a kind, sorted; where none is known to be of it,
    those of which the name ends so and that may be of any."""
    try:
        with os.scandir(folder or ".") as entries:
            names = sorted(entry.name for entry in islice(entries, _MOST_ENTRIES) if entry.is_file())
    except (OSError, ValueError):
        return []
    paths = [os.path.join(folder, name) for name in names]
    surely = [path for path in paths if kind_of_file(path) == kind]
    return surely or [path for path in paths if path.endswith(tuple(endings)) and kind_of_file(path) == ""]


def nearest_file(path: str, files: Sequence[str]) -> str | None:
    """The one of `files` that is called nearly as `path` is, letters of either case being the same."""
    names = {os.path.basename(file).lower(): file for file in files}
    hint = nearest(os.path.basename(path).lower(), names)
    return names[hint] if hint else None


def _repaired(path: str) -> Iterator[str]:
    """`path` without what does not belong to a path, and with slashes."""
    plain = path.strip().strip("".join(CURLY_QUOTES) + "\"'").strip().removeprefix("file://")
    yield plain
    yield os.path.expandvars(os.path.expanduser(plain))
    if os.name != "nt" and ("\\" in plain or _CONTROL.search(plain) or _DRIVE.match(plain)):
        yield re.sub(r"^[A-Za-z]:", "", _with_slashes(plain))


def _with_slashes(path: str) -> str:
    """A path of Windows as it can stand in a config; what escapes became is undone.

    >>> _with_slashes("C:\\train\\new.record"), _with_slashes("C:" + chr(9) + "rain" + chr(10) + "ew.record")
    ('C:/train/new.record', 'C:/train/new.record')
    """
    undone = _CONTROL.sub(lambda match: "\\" + _ESCAPES.get(match[0], f"{ord(match[0]):o}"), path)
    return re.sub(r"\\+", "/", undone)


def _changed(path: str) -> bool:
    return _CONTROL.search(path) is not None


def _first_folders(path: str) -> str:
    """The two outermost folders, of which at least the first is everywhere: /home/ann of /home/ann/data/x."""
    parts = Path(path).parts
    return os.path.join(*parts[: 3 if len(parts) > 3 else 2])


def _below(name: str) -> str | None:
    """What is called so in the working directory or a folder or two below; None if there is nothing, or several."""
    if not name or len(name) > _LONGEST:
        return None
    escaped = name if glob.has_magic(name) else glob.escape(name)
    seen = 0
    found: list[str] = []
    for folder, folders, _ in os.walk("."):
        folders[:] = sorted(one for one in folders if not one.startswith(".")) if folder.count(os.sep) < 2 else []
        seen += 1 + len(folders)
        pattern = os.path.join(glob.escape(folder), escaped)
        if next(glob.iglob(pattern), None) is not None:
            found.append(os.path.normpath(os.path.join(folder, name)))
        if seen > _MOST_ENTRIES or len(found) > 1:
            break
    return found[0] if len(found) == 1 else None
