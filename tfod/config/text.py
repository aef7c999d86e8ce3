"""Reading text protos so that an error says which field, in which line, and what was probably meant."""

import errno
import warnings
from pathlib import Path
from typing import Any, Literal

from google.protobuf import text_format
from google.protobuf.message import Message

from tfod import stores
from tfod.config.explain import explained
from tfod.config.kinds import wrong_kind
from tfod.config.path_hints import files_of_kind, meant_path, shown
from tfod.config.scan import too_deep
from tfod.config.words import nearest
from tfod.errors import ConfigError, StoreError
from tfod.files import LFS_CURE, is_lfs_pointer

__all__ = ["merge_text", "parse_text", "read_file"]

_BACKSLASHES = "\\" * 1000
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_ENDINGS: dict[str, tuple[str, ...]] = {"pipeline config": (".config",), "label map": (".pbtxt", ".txt")}
_KINDS: dict[str, Literal["config", "label map"]] = {"pipeline config": "config", "label map": "label map"}


def read_file(path: Path | str, kind: str) -> bytes:
    """The bytes of the file `path`, called `kind` ("pipeline config") in errors; ConfigError without it."""
    if stores.is_remote(path):
        return _read_remote(path, kind)
    text = str(path)
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        hint = _nearest_file(text)
        raise ConfigError(f"there is no such {kind}", shown(text), _meant(hint, "check the path")) from error
    except IsADirectoryError as error:
        inside = files_of_kind(text, _KINDS.get(kind, "config"), _ENDINGS.get(kind, ()))
        what = f"this is a folder, not a {kind}"
        raise ConfigError(what, shown(text), _meant(inside[0] if inside else None, "name the file")) from error
    except (OSError, ValueError) as error:
        number = getattr(error, "errno", None)
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        cure = "check its rights" if number in (errno.EACCES, errno.EPERM) else "check the path"
        raise ConfigError(f"cannot read the {kind}: {reason}", shown(text), cure) from error


def _read_remote(path: Path | str, kind: str) -> bytes:
    try:
        return stores.read_file(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        cure = f"check the path and its rights: gsutil ls {stores.normal(path)}, or the like"
        raise ConfigError(f"cannot read the {kind}: {reason}", stores.normal(path), cure) from error
    except StoreError as error:
        raise ConfigError(f"cannot read the {kind}: {error.what}", error.where, error.cure) from error


def parse_text(data: bytes | str, message: Message, source: str, kind: str = "") -> str:
    """Merges a text proto into `message` and returns its text; `source` names it in errors.

    As in the original, a field given twice is taken from its last place; `field_places` finds both.
    Raises ConfigError with line, column and field where the text is not one of `message`'s type; for files of a
    `kind` ("pipeline config"), it also says what the file is instead.
    """
    if isinstance(data, bytes) and is_lfs_pointer(data):
        raise ConfigError("this is a pointer of Git LFS, not the file", source, LFS_CURE)
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse_kind(raw, source, kind)
        line = error.object[: error.start].count(b"\n") + 1
        what = "the file is UTF-16 text, not UTF-8" if raw[:2] in _UTF_16 else "the file is not UTF-8 text"
        raise ConfigError(what, f"{source}, line {line}", "save it again as UTF-8") from error
    try:
        merge_text(text, message, source)
    except text_format.ParseError as error:
        _refuse_kind(raw, source, kind)
        descriptor: Any = message.DESCRIPTOR
        raise explained(error, text, descriptor, source) from error
    return text


def merge_text(text: str, message: Message, source: str) -> None:
    """Merges a text proto into `message`.

    Raises ParseError, as protobuf's own function, and ConfigError for blocks that are nested beyond any schema and for
    backslashes beyond any path.
    """
    if line := too_deep(text):
        what = "blocks stand in blocks deeper than any config has them"
        raise ConfigError(what, f"{source}, line {line}", "look for braces { and brackets [ that are not closed")
    if (start := text.find(_BACKSLASHES)) >= 0:  # protobuf takes minutes to read them
        where = f"{source}, line {text.count(chr(10), 0, start) + 1}"
        raise ConfigError(f"{len(_BACKSLASHES)} backslashes stand in a row", where, "write what the text is to say")
    with warnings.catch_warnings():
        # "\d" and the like stay as they are; of what they do to paths the check tells.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", SyntaxWarning)
        text_format.Merge(text, message)


def _refuse_kind(data: bytes, source: str, kind: str) -> None:
    wanted = _KINDS.get(kind)
    if wanted is not None and (wrong := wrong_kind(data, source, wanted)):
        raise ConfigError(wrong[0], source, wrong[1])


def _nearest_file(text: str) -> str | None:
    path = Path(text)
    try:
        siblings = [entry.name for entry in path.parent.iterdir()]
    except (OSError, ValueError):
        siblings = []
    hint = nearest(path.name, siblings)
    return str(path.parent / hint) if hint else meant_path(text)


def _meant(path: str | None, otherwise: str) -> str:
    return f"did you mean {path}?" if path else otherwise
