"""The rule for boxes."""

import itertools
import math
from collections import Counter

import pytest

from tfod.annotations.placement import CLIPPED, EMPTY, IN_ONE_PIXEL, NOT_FINITE, OUTSIDE, SWAPPED, as_stored, place
from tfod.records.summary import Summary

NAN, INF = math.nan, math.inf


def _in_pixels(placed: tuple, width: int, height: int) -> tuple:
    box, done = placed
    sides = box and tuple(round(side * size, 9) for side, size in zip(box, (width, height) * 2, strict=True))
    return sides, done


@pytest.mark.parametrize(
    ("box", "expected", "done"),
    [
        ((1, 2, 3, 4), (1, 2, 3, 4), ()),
        ((0, 0, 100, 50), (0, 0, 100, 50), ()),
        ((1.5, 2.25, 3.125, 4), (1.5, 2.25, 3.125, 4), ()),
        ((3, 4, 1, 2), (1, 2, 3, 4), (SWAPPED,)),
        ((1, 4, 3, 2), (1, 2, 3, 4), (SWAPPED,)),
        ((-5, -5, 10, 10), (0, 0, 10, 10), (CLIPPED,)),
        ((90, 40, 101, 51), (90, 40, 100, 50), (CLIPPED,)),
        ((101, 40, 90, 51), (90, 40, 100, 50), (SWAPPED, CLIPPED)),
        ((504, 337, 504, 337), None, (EMPTY,)),
        ((5, 5, 5, 9), None, (EMPTY,)),
        ((100, 5, 120, 9), None, (OUTSIDE,)),
        ((-9, 5, 0, 9), None, (OUTSIDE,)),
        ((5, 50, 9, 60), None, (OUTSIDE,)),
        ((9, -3, 5, 0), None, (OUTSIDE,)),
        ((NAN, 1, 2, 3), None, (NOT_FINITE,)),
        ((1, 1, INF, 3), None, (NOT_FINITE,)),
        ((1, 1, 2, -INF), None, (NOT_FINITE,)),
    ],
)
def test_the_rule(box: tuple, expected: tuple | None, done: tuple) -> None:
    assert _in_pixels(place(box, width=100, height=50), 100, 50) == (expected, done)


@pytest.mark.parametrize(
    ("box", "expected", "done"),
    [
        ((1, 1, 100, 50), (0, 0, 100, 50), ()),
        ((504, 337, 504, 337), (503, 336, 504, 337), ()),  # one pixel, where both ends are inside
        ((10, 10, 5, 5), (4, 4, 10, 10), (SWAPPED,)),
        ((0, 0, 5, 5), (0, 0, 5, 5), (CLIPPED,)),
    ],
)
def test_coordinates_counted_from_one(box: tuple, expected: tuple, done: tuple) -> None:
    assert _in_pixels(place(box, width=640, height=480, one_based=True), 640, 480) == (expected, done)


def test_whatever_comes_in_what_comes_out_lies_inside_and_has_an_area() -> None:
    sides = (-7, -0.5, 0, 0.25, 3, 10, 11.5, NAN, INF)
    for box in itertools.product(sides, repeat=4):
        placed, done = place(box, width=10, height=3)
        if placed is None:
            assert done in ((NOT_FINITE,), (EMPTY,), (OUTSIDE,))
        else:
            xmin, ymin, xmax, ymax = placed
            assert 0 <= xmin < xmax <= 1 and 0 <= ymin < ymax <= 1
            assert place(placed, width=1, height=1) == (placed, ())


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_box_on_the_picture_as_shown_is_found_on_the_stored_pixels(orientation: int) -> None:
    from PIL import Image, ImageOps

    stored = Image.new("L", (12, 7), 0)
    stored.paste(255, (2, 1, 6, 3))
    stored.getexif()[0x0112] = orientation
    shown = ImageOps.exif_transpose(stored)
    assert shown.size == (7, 12)

    box, _ = place(shown.getbbox(), width=7, height=12)
    assert as_stored(box, orientation) == pytest.approx((2 / 12, 1 / 7, 6 / 12, 3 / 7))


def test_a_box_within_the_first_pixel_is_told() -> None:
    assert place((0.125, 0.25, 0.5, 1.0), 100, 80)[1] == (IN_ONE_PIXEL,)
    assert place((0.125, 0.25, 0.5, 1.0), 1, 1)[1] == place((0.5, 0.5, 2, 1), 100, 80)[1] == ()


@pytest.mark.parametrize(("swapped", "told"), [(2, True), (1, False)])
def test_a_set_of_which_most_boxes_are_swapped_is_told_so(swapped: int, told: bool) -> None:
    summary = Summary(pictures=1, objects=Counter(cat=3))
    for _ in range(swapped):
        summary.note(SWAPPED, "a.xml, line 3")
    assert ("xmax and ymin are exchanged" in summary.text()) is told
