"""Text in any script, drawn in the fonts that are there.

DejaVu Sans, which comes with matplotlib, has Latin, Greek, Cyrillic, Hebrew, Arabic and more; for other letters the
fonts of the system are searched, Noto first. A letter that no font has is drawn as its code point, `U+624B`.
"""

import functools
import importlib.util
import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import ImageFont, features

from tfod.visualize.right_to_left import is_right_to_left, visual

__all__ = ["Lettering", "drawable", "fonts_of", "lettering"]

_FOLDERS = (
    "~/.fonts",
    "~/.local/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/fonts",
    "~/Library/Fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
    "~/AppData/Local/Microsoft/Windows/Fonts",
    "C:/Windows/Fonts",
)
_BASE = "DejaVuSans.ttf"
_MOST_FONTS = 400  # opened at the most, Noto's first
_USELESS = ("color", "lastresort")  # images of letters, in sizes of their own; boxes for every letter


class Lettering:
    """Text of one size in pixels."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._ascent, descent = _sized(_base_font(), size).getmetrics()
        self._below = descent

    @property
    def height(self) -> int:
        """Room for letters with and without descenders, the same for every text."""
        return int(self._ascent + self._below)

    def width(self, text: str) -> float:
        """How many pixels a text takes."""
        return sum(font.getlength(part) for font, part in self._parts(text))

    def draw(self, canvas: Any, place: tuple[float, float], text: str, fill: Any) -> None:
        """Draws a text on a PIL.ImageDraw; `place` is the middle of its left edge."""
        left, middle = place
        baseline = middle + (self._ascent - self._below) / 2
        for font, part in self._parts(text):
            canvas.text((left, baseline), part, fill=fill, font=font, anchor="ls")
            left += font.getlength(part)

    def _parts(self, text: str) -> Iterator[tuple[Any, str]]:
        """The text as it is drawn, in parts of one font each, from left to right."""
        text = drawable(text)
        if not _orders_and_joins():
            text = visual(text, _has_font)
        fonts = zip(_fonts_along(text), text, strict=True)
        parts = [(path, "".join(letter for _, letter in pairs)) for path, pairs in groupby(fonts, key=lambda p: p[0])]
        if _orders_and_joins() and is_right_to_left(text):
            parts.reverse()
        return ((_sized(path, self.size), part) for path, part in parts)


@functools.lru_cache(maxsize=32)
def lettering(size: int) -> Lettering:
    """Text of a size in pixels, its fonts opened once."""
    return Lettering(size)


def drawable(text: str) -> str:
    """The text with the code point, `U+624B`, of each letter that no font has; that there are some is said once.

    >>> drawable("a\\nb")
    'aU+000Ab'
    """
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", text)
    missing = [letter for letter in text if not _has_font(letter) and not _is_mark(letter)]
    lost = "".join(dict.fromkeys(letter for letter in missing if unicodedata.category(letter)[0] != "C"))
    if lost and not _said:
        _said.append(lost)
        _say(lost)
    without = set(missing)
    parts = []
    for is_missing, letters in groupby(text, key=without.__contains__):
        part = list(letters)
        parts.append(" ".join(map(_code_point, part)) if is_missing else "".join(filter(_has_font, part)))
    return "".join(parts)


def fonts_of(texts: Sequence[str]) -> list[Path]:
    """The files of the fonts in which the texts are drawn, the first of which has most letters."""
    found = [_font_of(letter) for text in texts for letter in drawable(text)]
    return list(dict.fromkeys(path for path in [_base_font(), *found] if path is not None and path != _NONE))


_NONE = Path()  # in the place of the font of a letter that none has
_said: list[str] = []  # the first letters without a font, of which alone is told: images come by the hundred


def _has_font(letter: str) -> bool:
    return _font_of(letter) is not _NONE


def _fonts_along(text: str) -> Iterator[Path | None]:
    """The font of each letter; signs that join or change the letter before them stay with it."""
    before: Path | None = _NONE
    for letter in text:
        joins = _is_mark(letter) or unicodedata.combining(letter) or unicodedata.category(letter) == "Mc"
        if not (joins and before and ord(letter) in _letters_of(before)):
            before = _font_of(letter)
        yield before


@functools.lru_cache(maxsize=4096)
def _font_of(letter: str) -> Path | None:
    """The file of the first font that has a letter; None is Pillow's own font, `_NONE` that there is none."""
    base = _base_font()
    if " " <= letter <= "~":
        return base
    if unicodedata.category(letter) == "Cc":
        return _NONE
    fonts = [*([] if base is None else [base]), *_installed()]
    return next((path for path in fonts if ord(letter) in _letters_of(path)), _NONE)


@functools.cache
def _base_font() -> Path | None:
    spec = importlib.util.find_spec("matplotlib")
    folders = (spec and spec.submodule_search_locations) or []
    bundled = [Path(folder, "mpl-data", "fonts", "ttf", _BASE) for folder in folders]
    return next((path for path in [*bundled, *_installed()] if path.name == _BASE and path.is_file()), None)


@functools.cache
def _installed() -> list[Path]:
    """The fonts of the system, those first that are likely to have plain letters of many scripts."""
    found = [
        Path(at, name)
        for folder in _FOLDERS
        for at, _, names in os.walk(os.path.expanduser(folder))
        for name in names
        if name.lower().endswith((".ttf", ".otf", ".ttc")) and not any(word in name.lower() for word in _USELESS)
    ]
    return sorted(found, key=_order)[:_MOST_FONTS]


def _order(path: Path) -> tuple[bool, bool, bool, str]:
    name = path.stem
    return not name.startswith("Noto"), "Sans" not in name, "-" in name and "Regular" not in name, str(path)


@functools.lru_cache(maxsize=_MOST_FONTS + 1)
def _letters_of(path: Path) -> frozenset[int]:
    """The code points of the letters that a font has."""
    from matplotlib.ft2font import FT2Font  # only here: most texts need it not at all

    try:
        return frozenset(FT2Font(str(path)).get_charmap())
    except (OSError, RuntimeError):  # damaged, or of a kind that FreeType does not know
        return frozenset()


@functools.lru_cache(maxsize=128)
def _sized(path: Path | None, size: int) -> Any:
    return ImageFont.load_default(size) if path is None or path == _NONE else ImageFont.truetype(str(path), size)


def _say(letters: str) -> None:
    codes = " ".join(map(_code_point, letters))
    print(
        f"no font on this machine has {letters} ({codes}): letters without a font are drawn as their code points; "
        "install a font that has them, such as one of Noto's",
        file=sys.stderr,
    )


def _code_point(letter: str) -> str:
    return f"U+{ord(letter):04X}"


def _is_mark(letter: str) -> bool:
    """Whether a letter shows nothing by itself, such as a joiner or the choice of a variant: without a font it goes."""
    return unicodedata.category(letter) == "Cf" or "\ufe00" <= letter <= "\ufe0f"


@functools.cache
def _orders_and_joins() -> bool:
    """Whether Pillow draws right-to-left text by itself."""
    return bool(features.check("raqm"))
