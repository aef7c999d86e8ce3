"""Names in any script: what is drawn, and what is said where a letter has no font."""

import functools
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw

from tfod.visualize import letters
from tfod.visualize.draw import draw_boxes
from tfod.visualize.figures import figure_style
from tfod.visualize.letters import Lettering, drawable, fonts_of

DEJAVU = ["ışık çağ", "рука", "έβδομο", "يد", "יד", "ħƀ", "naïve"]
WITHOUT = "\u624b\u6307"  # the Chinese word for finger: in no font of the tests


@pytest.fixture(autouse=True)
def fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A machine with no fonts but those in the folder that this gives; nothing has been said yet."""
    monkeypatch.setattr(letters, "_FOLDERS", (str(tmp_path / "fonts"),))
    monkeypatch.setattr(letters, "_said", [])
    for cached in (letters._installed, letters._font_of, letters._base_font):
        cached.cache_clear()
    yield tmp_path / "fonts"
    for cached in (letters._installed, letters._font_of, letters._base_font):
        cached.cache_clear()


def drawn(text: str) -> np.ndarray:
    """A text, black on white, uint8 `[40, 400]`."""
    image = Image.new("L", (400, 40), 255)
    Lettering(20).draw(ImageDraw.Draw(image), (4, 20), text, 0)
    return np.asarray(image)


def boxes_of_missing_letters(text: str) -> bool:
    """Whether a text looks as if none of its letters had a shape."""
    path = letters._base_font()
    font = letters._sized(path, 20)
    missing = font.getmask("\uffff").getbbox(), bytes(font.getmask("\uffff"))
    return any((font.getmask(letter).getbbox(), bytes(font.getmask(letter))) == missing for letter in text)


@pytest.mark.parametrize("text", DEJAVU)
def test_scripts_that_dejavu_has_are_drawn_letter_by_letter(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert drawable(text) == text
    assert not boxes_of_missing_letters(text)
    assert (drawn(text) < 128).sum() > 30
    assert capsys.readouterr().err == ""


def test_letters_without_a_font_are_code_points_and_it_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert boxes_of_missing_letters(WITHOUT)
    assert drawable(f"{WITHOUT} a") == "U+624B U+6307 a"
    assert np.array_equal(drawn(WITHOUT), drawn("U+624B U+6307"))
    drawable("\u8db3")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert WITHOUT in said and "U+624B U+6307" in said and "Noto" in said


def test_control_characters_are_shown_and_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert drawable("a\nb\x1b[31mc\x00") == "aU+000AbU+001B[31mcU+0000"
    assert drawable("\udce9") == "U+DCE9"
    capsys.readouterr()
    assert Lettering(12).width("a\tb") == Lettering(12).width("aU+0009b")
    assert capsys.readouterr().err == ""


def test_letters_that_are_written_as_two_are_one() -> None:
    assert drawable("nai\u0308ve") == "naïve"


def test_a_joiner_without_a_font_goes() -> None:
    assert drawable("a\U000e0001b") == "ab"


def test_a_font_of_the_system_is_found(fonts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # STIX, which comes with matplotlib, has mathematical letters that DejaVu lacks.
    bundled = Path(matplotlib.get_data_path(), "fonts", "ttf")
    base = letters._letters_of(bundled / "DejaVuSans.ttf")
    letter = chr(min(letters._letters_of(bundled / "STIXGeneral.ttf") - base))
    assert drawable(letter) == f"U+{ord(letter):04X}"
    (fonts / "deep").mkdir(parents=True)
    for name in ("Noto Sans Other-Regular.ttf", "NotoColorEmoji.ttf", "broken.otf"):
        (fonts / "deep" / name).write_bytes(b"no font")
    (fonts / "deep" / "NotoSansMath-Regular.ttf").write_bytes((bundled / "STIXGeneral.ttf").read_bytes())
    for cached in (letters._installed, letters._font_of):
        cached.cache_clear()
    capsys.readouterr()
    assert drawable(letter) == letter
    assert fonts_of([f"a {letter}"]) == [bundled / "DejaVuSans.ttf", fonts / "deep" / "NotoSansMath-Regular.ttf"]
    assert (drawn(letter) < 200).any()
    assert drawn(f"a{letter}").tolist() != drawn("a").tolist()
    with figure_style([f"a {letter}"]):
        assert matplotlib.rcParams["font.family"] == ["DejaVu Sans", "STIXGeneral"]
    assert capsys.readouterr().err == ""


def test_without_any_font_the_letters_of_pillow_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "_base_font", functools.cache(lambda: None))
    letters._font_of.cache_clear()
    assert (drawn("cat") < 128).sum() > 30
    assert drawable("рука") == "U+0440 U+0443 U+043A U+0430"


def test_labels_of_boxes_have_these_letters() -> None:
    grey = np.full((200, 300, 3), 128, np.uint8)
    box = [[0.3, 0.1, 0.9, 0.9]]
    assert np.array_equal(draw_boxes(grey, box, [WITHOUT]), draw_boxes(grey, box, ["U+624B U+6307"]))
    assert not np.array_equal(draw_boxes(grey, box, ["рука"]), draw_boxes(grey, box, ["руки"]))
