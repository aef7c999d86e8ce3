import numpy as np
import pytest

from tests.clock import seconds_at_most
from tfod.visualize.colours import class_colour
from tfod.visualize.draw import _make_label, _place, _shorten, draw_boxes, enlarge_small, mosaic
from tfod.visualize.style import Style

GREY = np.full((200, 300, 3), 128, np.uint8)


def is_colour(image, class_id):
    return (image == np.array(class_colour(class_id))).all(axis=-1)


def test_a_box_is_drawn_where_it_is():
    drawn = draw_boxes(GREY, [[0.25, 0.5, 0.75, 1.0]], [""], class_ids=[3])
    ys, xs = np.nonzero(is_colour(drawn, 3))
    assert (ys.min(), ys.max(), xs.min(), xs.max()) == (50, 149, 150, 299)


def test_the_picture_that_came_in_is_not_changed():
    before = GREY.copy()
    drawn = draw_boxes(GREY, [[0.1, 0.1, 0.9, 0.9]], ["cat"], [0.5], [1])
    assert (before == GREY).all()
    assert drawn.shape == GREY.shape
    assert drawn.dtype == np.uint8
    assert (drawn != GREY).any()


def test_no_boxes_give_the_same_picture():
    assert (draw_boxes(GREY, np.zeros((0, 4)), []) == GREY).all()


@pytest.mark.parametrize(
    "box", [[-0.5, -0.5, 1.5, 1.5], [0.5, 0.5, 0.5, 0.5], [1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 3.0, 3.0]]
)
def test_boxes_outside_and_without_area_leave_a_mark(box):
    assert is_colour(draw_boxes(GREY, [box], [""]), 1).any()


def test_boxes_that_are_not_numbers_are_left_out():
    assert (draw_boxes(GREY, [[np.nan, 0, 1, 1]], ["cat"], [0.9]) == GREY).all()


def test_one_class_has_one_colour_on_every_picture():
    small, large = np.zeros((80, 100, 3), np.uint8), np.zeros((1000, 1500, 3), np.uint8)
    for image in (small, large):
        assert is_colour(draw_boxes(image, [[0.2, 0.2, 0.8, 0.8]], ["cat"], [0.5], [7]), 7).any()


def test_lines_of_small_objects_on_a_large_image_are_as_thin_as_on_a_small_one():
    large, box = np.full((1600, 1600, 3), 128, np.uint8), [[0.25, 0.25, 0.5, 0.5]]
    thick, thin = draw_boxes(large, box, [""]), draw_boxes(large, box, [""], side=400)
    assert is_colour(thick, 1).sum() > 2 * is_colour(thin, 1).sum() > 0


@pytest.mark.parametrize(("width", "height"), [(100, 80), (640, 480), (6000, 4000), (3000, 20)])
def test_sizes_grow_with_the_picture_and_have_a_least(width, height):
    style = Style.of(width, height)
    side = (width * height) ** 0.5
    assert style.line >= max(1, side / 350)
    assert style.letters.size >= max(9, side / 45)


@pytest.mark.parametrize(("width", "height"), [(100, 80), (640, 480), (20, 300), (1, 1)])
def test_a_label_stays_inside_the_picture(width, height):
    style = Style.of(width, height)
    label = _make_label("a rather long name of a class 99%", (0, 0, 0), width, style)
    for box in ((0, 0, width, height), (width - 1, height - 1, width, height)):
        left, top, _right, _bottom = _place(label.size, box, (width, height), [])
        assert left >= 0 and top >= 0
    drawn = draw_boxes(np.zeros((height, width, 3), np.uint8), [[0, 0, 1, 1]], ["cat"], [0.9])
    assert drawn.shape == (height, width, 3)


def test_a_label_lies_above_its_box_and_inside_where_there_is_no_room():
    assert _place((40, 10), (50, 60, 120, 100), (300, 200), []) == (50, 50, 90, 60)
    assert _place((40, 10), (50, 5, 120, 100), (300, 200), []) == (50, 5, 90, 15)


def test_labels_of_equal_boxes_do_not_cover_each_other():
    placed = []
    for _ in range(8):
        placed.append(_place((40, 10), (50, 60, 170, 140), (300, 200), placed))
    for i, one in enumerate(placed):
        for other in placed[:i]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart


def test_a_long_name_is_shortened_in_its_middle():
    style = Style.of(100, 80)
    text = _shorten("an endless name of a class  99%", 80, style)
    assert text.endswith("9%")
    assert "…" in text
    assert style.letters.width(text) <= 80


def test_names_in_any_script_can_be_drawn():
    draw_boxes(GREY, [[0.1, 0.1, 0.9, 0.9]] * 3, ["Ägypten", "苹果", "a\nb"], [0.9, 0.8, 0.7])


def test_a_name_of_a_hundred_thousand_letters_costs_no_more_than_a_look():
    with seconds_at_most(5):
        draw_boxes(GREY, [[0.1, 0.1, 0.9, 0.9]], ["a" * 100_000], [0.9])


def test_mosaic_places_pictures_in_rows():
    red = np.zeros((50, 60, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    sheet = mosaic([red] * 3, columns=2)
    assert (sheet == [255, 0, 0]).all(axis=-1).sum() == 3 * 50 * 60


def test_mosaic_keeps_proportions_in_a_cell():
    sheet = mosaic([np.full((100, 50, 3), 255, np.uint8)], cell_size=(40, 80))
    ys, xs = np.nonzero((sheet == 255).all(axis=-1))
    assert np.ptp(ys) + 1 == 40
    assert np.ptp(xs) + 1 == 20


def test_mosaic_with_captions_is_taller():
    assert mosaic([GREY], captions=["a.jpg"]).shape[0] > mosaic([GREY]).shape[0]


def test_small_pictures_are_enlarged_a_whole_number_of_times():
    assert enlarge_small(np.zeros((80, 100, 3), np.uint8)).shape == (320, 400, 3)
    large = np.zeros((320, 10, 3), np.uint8)
    assert enlarge_small(large) is large
