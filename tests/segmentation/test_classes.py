"""Class tables in the forms that data sets have them in."""

from pathlib import Path

import pytest

from tests.clock import seconds_at_most
from tfod.errors import ConfigError
from tfod.segmentation.classes import default_classes, find_class_file, named_classes, read_classes

RED, BLUE, BLACK = (255, 0, 0), (0, 0, 255), (0, 0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "road 255 0 0\nparked car 0 0 255\nVoid 0 0 0\n",
        "# ours\n255 0 0\troad\n0 0 255   parked car  # and vans\n\n0 0 0 Void",
        "name,r,g,b\nroad,255,0,0\nparked car,0,0,255\nunlabelled,0,0,0\n",
        "name, r, g, b\r\nroad, 255, 0, 0\r\nparked car, 0, 0, 255\r\nunlabeled, 0, 0, 0\r\n",
        "# label:color_rgb:parts:actions\nroad:255,0,0::\nparked car:0,0,255::\nignore:0,0,0::\n",
    ],
    ids=["name first", "CamVid", "table", "Kaggle", "CVAT"],
)
def test_names_and_colours(tmp_path: Path, text: str) -> None:
    path = tmp_path / "classes.txt"
    path.write_text(text)
    table = read_classes(path)
    assert (table.names, table.colours) == (("road", "parked car"), (RED, BLUE))
    assert (table.void_numbers, table.void_colours, table.numbers) == ((2,), (BLACK,), (0, 1))


def test_names_alone_get_colours_that_differ(tmp_path: Path) -> None:
    path = tmp_path / "codes.txt"
    path.write_text("Background\nAnimal\nBike 2\nVoid\n")
    table = read_classes(path)
    assert table.names == ("Background", "Animal", "Bike 2")
    assert table.colours[0] == BLACK and len(set(table.colours)) == 3
    assert len(set(named_classes([f"c{number}" for number in range(255)]).colours)) > 250


def test_a_label_map_counts_from_1_and_0_is_background(tmp_path: Path) -> None:
    path = tmp_path / "label_map.pbtxt"
    path.write_text("item { id: 1 name: 'cat' }\nitem { id: 3 name: 'dog' }")
    assert read_classes(path).names == ("background", "cat", "class_2", "dog")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("road 1 2 300", "out of range"),
        ("road 1 2 " + "3" * 5000, "out of range"),
        ("road 1 2 3\ncar", "'car' has no colour"),
        ("road\nroad", "'road' is given twice"),
        ("a 1 2 3\nb 1 2 3", "colour .* is given twice"),
        ("", "0 classes"),
        ("void", "0 classes"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "classes.txt"
    path.write_text(text)
    with pytest.raises(ConfigError, match=what) as caught:
        read_classes(path)
    assert str(path) in caught.value.where


@pytest.mark.parametrize("filling", [" ", ",", ":", "1", "1 ", "#", "a,"])
def test_a_line_of_30_000_letters_takes_no_time(tmp_path: Path, filling: str) -> None:
    path = tmp_path / "classes.txt"
    path.write_text(f"road 1 2 3\ncar{filling * 30_000}x\nx{filling * 30_000}1\n" + "a\n" * 30_000)
    with seconds_at_most(1), pytest.raises(ConfigError):
        read_classes(path)


def test_tables_that_are_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_classes(tmp_path / "gone.txt")
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not text"):
        read_classes(tmp_path / "a.txt")


def test_a_table_beside_the_masks_is_found_by_its_usual_names(tmp_path: Path) -> None:
    folders = [tmp_path / "masks", tmp_path]
    assert find_class_file(folders) is None
    (tmp_path / "label_colors.txt").write_text("1 2 3 road")
    assert find_class_file(folders) == tmp_path / "label_colors.txt"


def test_names_of_classes_that_nothing_names() -> None:
    assert default_classes(2).names == ("background", "foreground")
    assert default_classes(3).names == ("class_0", "class_1", "class_2")


def test_colours_may_be_written_as_on_web_pages(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("background #000000\nparked car,#FA3253\n")
    table = read_classes(tmp_path / "classes.txt")
    assert (table.names, table.colours) == (("background", "parked car"), ((0, 0, 0), (250, 50, 83)))
