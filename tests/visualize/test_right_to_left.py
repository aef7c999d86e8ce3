import pytest

from tfod.visualize.right_to_left import is_right_to_left, visual

ALEF, BEH, DAL, LAM, FATHA = "\u0627", "\u0628", "\u062f", "\u0644", "\u064e"
HEBREW = "\u05d0\u05d1\u05d2"


@pytest.mark.parametrize(("text", "right"), [("", False), ("7%", False), ("a" + HEBREW, False), ("7 " + HEBREW, True)])
def test_the_first_letter_with_a_direction_says_where_a_text_begins(text: str, right: bool) -> None:
    assert is_right_to_left(text) == right


@pytest.mark.parametrize("text", ["", "cat  93%", "рука (2)", "手指"])
def test_other_scripts_stay_as_they_are(text: str) -> None:
    assert visual(text) == text


def test_words_go_to_the_left_and_numbers_within_do_not() -> None:
    backwards = HEBREW[::-1]
    assert visual(f"{HEBREW}  93%") == f"93%  {backwards}"
    assert visual(f"cat {HEBREW} dog") == f"cat {backwards} dog"
    assert visual(f"{HEBREW} {HEBREW}") == f"{backwards} {backwards}"
    assert visual(f"{HEBREW} (ab)") == f"(ab) {backwards}"


def test_arabic_letters_take_the_forms_that_join() -> None:
    # beh-beh-beh joins on both sides; after dal and alef nothing joins.
    assert visual(BEH) == "\ufe8f"
    assert visual(BEH * 3) == "\ufe90\ufe92\ufe91"
    assert visual(DAL + BEH) == "\ufe8f\ufea9"
    assert visual(BEH + ALEF + BEH) == "\ufe8f\ufe8e\ufe91"


def test_lam_and_alef_are_one_sign() -> None:
    assert visual(LAM + ALEF) == "\ufefb"
    assert visual(BEH + LAM + ALEF) == "\ufefc\ufe91"


def test_a_mark_stays_behind_its_letter_and_parts_nothing() -> None:
    assert visual(BEH + FATHA + BEH) == "\ufe90\ufe91" + FATHA


def test_a_form_without_a_font_is_the_letter_itself() -> None:
    assert visual(BEH * 2, lambda letter: letter != "\ufe91") == "\ufe90" + BEH
