"""Masks of every usual form become the same class ids."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.segmentation.drawn_masks import (
    ROAD_COLOURS,
    ROAD_NAMES,
    cells,
    crack,
    in_colours,
    road,
    save,
    save_labelme,
    save_palette,
    through_jpeg,
)  # fmt: skip
from tfod.errors import ConfigError, DataError
from tfod.segmentation.classes import VOID, named_classes
from tfod.segmentation.masks import read_mask
from tfod.segmentation.survey import Survey, survey_masks

ROADS = named_classes([*ROAD_NAMES, "Void"], [*ROAD_COLOURS, (0, 0, 0)])


def _survey(paths: list[Path], **given: object) -> Survey:
    return survey_masks([str(path) for path in paths], **given)  # type: ignore[arg-type]


def _read(path: Path, survey: Survey) -> np.ndarray:
    return read_mask(path, survey.encoding)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_class_ids_are_taken_as_they_are_and_255_is_void(tmp_path: Path, suffix: str) -> None:
    mask = road()
    survey = _survey([save(mask, tmp_path / f"a.{suffix}")])
    assert (survey.encoding.kind, survey.classes.names[5]) == ("ids", "class_5")
    np.testing.assert_array_equal(_read(tmp_path / f"a.{suffix}", survey), mask)
    np.testing.assert_array_equal(survey.class_pixels[0], np.bincount(mask.ravel(), minlength=256)[:6])
    assert survey.void_pixels[0] == (mask == VOID).sum()


def test_palette_indices_are_class_ids_and_the_palette_gives_the_colours(tmp_path: Path) -> None:
    mask = road()
    colours = [*ROAD_COLOURS, *[(number, 9, 9) for number in range(6, 256)]]
    survey = _survey([save_palette(mask, tmp_path / "a.png", colours)])
    assert (survey.encoding.kind, survey.classes.colours) == ("ids", ROAD_COLOURS)
    np.testing.assert_array_equal(_read(tmp_path / "a.png", survey), mask)


def test_palettes_that_differ_from_file_to_file_are_colours(tmp_path: Path) -> None:
    mask = np.array([[0, 1], [1, 1]], np.uint8)
    paths = [save_palette(mask, tmp_path / "a.png", [(0, 0, 0), (9, 0, 0)])]
    paths += [save_palette(1 - mask, tmp_path / "b.png", [(9, 0, 0), (0, 0, 0)])]
    survey = _survey(paths)
    assert survey.encoding.kind == "colours"
    for path in paths:
        np.testing.assert_array_equal(_read(path, survey), mask)


@pytest.mark.parametrize("with_table", [True, False])
def test_colours_are_looked_up_or_become_classes(tmp_path: Path, with_table: bool) -> None:
    mask = road()
    path = save(in_colours(mask), tmp_path / "a.png")
    survey = _survey([path], classes=ROADS if with_table else None)
    found = _read(path, survey)
    if with_table:
        np.testing.assert_array_equal(found, mask)
        return
    # Black comes first in the order of red, green and blue; nothing says that it is void.
    assert survey.classes.names[:2] == ("#000000", "#3c28de")
    colours = np.array(survey.classes.colours, np.uint8)
    np.testing.assert_array_equal(colours[found], in_colours(mask))


def test_colours_that_the_table_lacks_are_void_and_counted(tmp_path: Path) -> None:
    picture = in_colours(road())
    picture[0, :3] = (1, 2, 3)
    survey = _survey([save(picture, tmp_path / "a.png")], classes=ROADS)
    assert survey.unknown_pixels.tolist() == [3]
    assert survey.unknown_values == {"#010203": 3}
    assert (_read(tmp_path / "a.png", survey)[0, :3] == VOID).all()
    assert "values without a meaning, taken as void" in survey.text()

    with pytest.raises(ConfigError, match="colours that the class table lacks"):
        _survey([save(255 - in_colours(road()), tmp_path / "b.png")], classes=ROADS)


def test_colours_of_a_jpeg_are_those_of_the_table_that_are_near(tmp_path: Path) -> None:
    mask = np.repeat(np.arange(6, dtype=np.uint8), 16 * 96).reshape(96, 96)
    path = save(in_colours(mask), tmp_path / "a.jpg", quality=95, subsampling=0)
    found = _read(path, _survey([path], classes=ROADS))
    assert (found == mask).mean() > 0.97


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_strays_near_the_ends_are_the_ends(tmp_path: Path, name: str) -> None:
    mask = crack()
    path = save(through_jpeg(mask) if name != "a.jpg" else mask, tmp_path / name)
    survey = _survey([path])
    assert survey.encoding.kind == "binary" and survey.classes.names == ("background", "foreground")
    found = _read(path, survey)
    assert set(np.unique(found)) == {0, 1}
    assert (found == (mask > 127)).mean() > 0.998


def test_strays_without_values_near_white_and_a_grey_picture_in_three_channels(tmp_path: Path) -> None:
    mask = crack()
    mask[0, :7] = 3
    survey = _survey([save(np.stack([mask] * 3, axis=-1), tmp_path / "a.png")])
    np.testing.assert_array_equal(_read(tmp_path / "a.png", survey), mask > 127)


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({1: 7, 255: 2000}, ("ids", "binary")),  # a rare class and much void, or a stray
        ({128: 30, 255: 2000}, ("levels", "binary")),
        ({3: 500, 17: 500, 120: 300}, ("ids", "levels")),
    ],
    ids=["ids or black and white", "levels or black and white", "ids or levels"],
)
def test_values_that_fit_two_forms_are_refused_and_each_can_be_asked_for(
    tmp_path: Path, values: dict[int, int], kinds: tuple[str, str]
) -> None:
    mask = np.zeros(10_000, np.uint8)
    mask[: sum(values.values())] = np.repeat([*values], [*values.values()])
    path = save(mask.reshape(100, 100), tmp_path / "a.png")
    with pytest.raises(DataError, match="what they mean cannot be told") as caught:
        _survey([path])
    assert "--mask_kind" in caught.value.cure and all(str(value) in caught.value.where for value in values)
    for kind in kinds:
        assert _survey([path], kind=kind).encoding.kind == kind


def test_few_objects_in_16_bits_are_told_from_black_and_white_or_refused(tmp_path: Path) -> None:
    mask = np.zeros((100, 100), np.uint16)
    mask[0], mask[1] = 3, 240
    path = save(mask, tmp_path / "a.png")
    with pytest.raises(DataError, match="cannot be told"):
        _survey([path])
    mask[1] = 24000
    path = save(mask, tmp_path / "b.png")
    assert _read(path, _survey([path])).sum() == 200


def test_smoothed_black_and_white_is_no_set_of_levels(tmp_path: Path) -> None:
    mask = Image.fromarray(crack(64)).resize((128, 128), Image.Resampling.BILINEAR)
    path = save(np.asarray(mask), tmp_path / "a.png")
    assert len(np.unique(mask)) < 12
    np.testing.assert_array_equal(_read(path, _survey([path])), np.asarray(mask) >= 128)


def test_of_palettes_that_differ_each_counts_with_its_own_colours(tmp_path: Path) -> None:
    table = named_classes(["ground", "thing"], [(0, 0, 0), (9, 0, 0)])
    mask = np.array([[0, 1], [1, 1]], np.uint8)
    paths = [save_palette(mask, tmp_path / "a.png", [(0, 0, 0), (9, 0, 0)])]
    paths += [save_palette(mask, tmp_path / "b.png", [(9, 0, 0), (77, 0, 0)])]
    survey = _survey(paths, classes=table)
    assert survey.unknown_pixels.tolist() == [0, 3]
    assert survey.class_pixels.tolist() == [[1, 3], [0, 1]]


def test_masks_in_colours_are_two_classes_by_their_brightness_if_asked(tmp_path: Path) -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[0], picture[1] = (200, 0, 0), (0, 0, 90)
    path = save(picture, tmp_path / "a.png")
    assert _read(path, _survey([path], kind="binary")).tolist() == [[1] * 4, [0] * 4, [0] * 4, [0] * 4]


def test_255_beside_0_and_1_is_void(tmp_path: Path) -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[:2], mask[2] = 1, 255
    survey = _survey([save(mask, tmp_path / "a.png")])
    assert survey.encoding.kind == "ids"
    np.testing.assert_array_equal(_read(tmp_path / "a.png", survey), mask)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_1_bit_8_bit_and_16_bit_masks_in_one_data_set(tmp_path: Path, suffix: str) -> None:
    mask = crack(64)
    paths = [
        save(mask, tmp_path / f"one_bit.{suffix}", mode="1"),
        save(mask.astype(np.uint16) * 257, tmp_path / f"sixteen.{suffix}"),
        save(mask, tmp_path / f"eight.{suffix}"),
        save(mask // 255, tmp_path / f"ones.{suffix}", mode="1"),
    ]
    survey = _survey(paths[:3])
    assert {raw.like.storage for raw in survey.masks} == {"1-bit", "8-bit", "16-bit"}
    for path in paths[:3]:
        np.testing.assert_array_equal(_read(path, survey), mask > 0)


def test_16_bit_numbers_are_instances_unless_a_table_has_them(tmp_path: Path) -> None:
    paths = [save(cells(seed=seed), tmp_path / f"{seed}.png") for seed in range(3)]
    survey = _survey(paths)
    assert survey.encoding.kind == "binary"
    np.testing.assert_array_equal(_read(paths[1], survey), cells(seed=1) > 0)

    ids = save((road() % 6).astype(np.uint16), tmp_path / "ids.png")
    table = named_classes(ROAD_NAMES)
    np.testing.assert_array_equal(_read(ids, _survey([ids], classes=table)), road() % 6)


def test_greys_spread_over_the_range_are_levels(tmp_path: Path) -> None:
    mask = road() % 3
    survey = _survey([save(np.array([0, 128, 255], np.uint8)[mask], tmp_path / "a.png")])
    assert (survey.encoding.kind, survey.encoding.values) == ("levels", (0, 128, 255))
    np.testing.assert_array_equal(_read(tmp_path / "a.png", survey), mask)


def test_numbers_may_count_from_1(tmp_path: Path) -> None:
    mask = (road() % 3 + 1).astype(np.uint8)
    survey = _survey([save(mask, tmp_path / "a.png")])
    assert survey.encoding.values == (1, 2, 3)
    np.testing.assert_array_equal(_read(tmp_path / "a.png", survey), mask - 1)
    assert "stored as 1, 2, 3" in survey.text()


def test_a_void_row_of_the_table_shifts_the_classes_behind_it(tmp_path: Path) -> None:
    table = named_classes(["sky", "unlabelled", "road"])
    path = save(np.array([[0, 1, 2, 255]], np.uint8), tmp_path / "a.png")
    assert _read(path, _survey([path], classes=table)).tolist() == [[0, VOID, 1, VOID]]


def test_few_numbers_that_the_table_lacks_are_void_and_many_are_an_error(tmp_path: Path) -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[0, 0] = 9
    mask[10:] = 1
    path = save(mask, tmp_path / "a.png")
    survey = _survey([path], classes=named_classes(["ground", "tree", "car"]))
    assert (survey.unknown_pixels[0], _read(path, survey)[0, 0]) == (1, VOID)

    mask[:5] = 7
    with pytest.raises(DataError, match="what they mean cannot be told"):
        _survey([save(mask, tmp_path / "b.png")], classes=named_classes(["ground", "tree", "car"]))


def test_what_cannot_be_told_is_an_error_with_the_flags_that_tell(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    noise[noise % 3 == 0] = 0
    path = save(noise, tmp_path / "a.png")
    with pytest.raises(DataError, match="--mask_kind"):
        _survey([path])
    np.testing.assert_array_equal(_read(path, _survey([path], kind="binary")), noise >= 128)
    path = save(np.arange(100, dtype=np.uint8).reshape(10, 10), tmp_path / "instances.png")
    np.testing.assert_array_equal(_read(path, _survey([path], kind="binary")).ravel(), [0] + [1] * 99)

    other = save(in_colours(road()), tmp_path / "b.png")
    ids = save(road(), tmp_path / "c.png")
    with pytest.raises(DataError, match="go together"):
        _survey([ids, save_labelme(tmp_path / "d.json", (4, 4), []), other])


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_numbers_of_few_bits_are_not_stretched(tmp_path: Path, bits: int) -> None:
    mask = np.arange(16, dtype=np.uint8).reshape(4, 4) % (1 << bits)
    picture = Image.fromarray(mask, "P")
    picture.putpalette([channel for number in range(16) for channel in (9, number, 200)])
    picture.save(tmp_path / "a.png", bits=bits)
    np.testing.assert_array_equal(_read(tmp_path / "a.png", _survey([tmp_path / "a.png"])), mask)


def test_shapes_of_labelme_are_drawn_in_their_order(tmp_path: Path) -> None:
    shapes = [
        ("tree", "polygon", [[0, 0], [7, 0], [7, 7], [0, 7]]),
        ("car", "rectangle", [[6, 6], [4, 4]]),
        ("__ignore__", "circle", [[0, 0], [1, 0]]),
    ]
    path = save_labelme(tmp_path / "a.json", (10, 10), shapes)
    survey = _survey([path])
    assert survey.classes.names == ("background", "car", "tree")
    mask = _read(path, survey)
    assert (mask[2, 2], mask[5, 5], mask[0, 0], mask[8, 8]) == (2, 1, VOID, 0)
    assert ((mask == 1).sum(), (mask == VOID).sum()) == (4, 1)


def _labelme(kind: str, points: list[list[float]], height: int = 4) -> str:
    shapes = [{"label": "a", "shape_type": kind, "points": points}]
    return json.dumps({"imagePath": "a.png", "imageHeight": height, "imageWidth": 4, "shapes": shapes})


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("{", "malformed"),
        ("{}", "no LabelMe annotation"),
        (_labelme("polygon", [[0]]), "shape 0"),
        (_labelme("polygon", [[0, 0]]), "a polygon has no area"),
        (_labelme("linestrip", [[0, 0], [3, 3]]), "a linestrip has no area"),
        (_labelme("polygon", [[0, 0], [1, 0], [1, 1]], height=-1), "imageHeight"),
    ],
)
def test_bad_files_of_labelme(tmp_path: Path, content: str, what: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(DataError, match=what):
        _survey([path])


def test_a_mask_that_was_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(DataError, match="a pointer of Git LFS") as caught:
        _survey([tmp_path / "a.png"])
    assert "git lfs pull" in caught.value.cure


def test_masks_that_cannot_be_read_are_kept_as_errors(tmp_path: Path) -> None:
    good = save(road(), tmp_path / "good.png")
    cut = tmp_path / "cut.png"
    cut.write_bytes(good.read_bytes()[:60])
    pages = tmp_path / "pages.tif"
    Image.fromarray(road()).save(pages, save_all=True, append_images=[Image.fromarray(road())])
    floats = save(np.array([[0.5, 1.0]], np.float32), tmp_path / "floats.tif")
    survey = _survey([good, cut, pages, floats, tmp_path / "gone.png"])
    errors = [str(mask.error) for mask in survey.masks]
    for text, what in zip(errors, ["None", "damaged", "2 pages", "from 0.5 to 1", "no such file"], strict=True):
        assert what in text
