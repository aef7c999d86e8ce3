import itertools

from tfod.visualize.colours import PALETTE, class_colour, text_colour


def test_palette_can_be_told_apart():
    assert len(PALETTE) >= 20
    for one, other in itertools.combinations(PALETTE, 2):
        assert sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) > 45**2, (one, other)


def test_a_class_keeps_its_colour():
    assert class_colour(1) == PALETTE[0]
    assert class_colour(1000) == class_colour(1000)


def test_colours_beyond_the_palette_do_not_repeat_soon():
    beyond = [class_colour(class_id) for class_id in range(len(PALETTE) + 1, 600)]
    assert len(set(beyond)) > 500
    assert all(0 <= channel <= 255 for colour in beyond for channel in colour)


def test_ids_outside_the_label_map_have_a_colour():
    assert len(class_colour(0)) == 3
    assert len(class_colour(-3)) == 3


def test_text_stands_out_from_its_ground():
    assert text_colour((255, 255, 0)) == (0, 0, 0)
    assert text_colour((0, 0, 128)) == (255, 255, 255)
