"""Label maps: as people write them, and as they should not."""

from pathlib import Path

import pytest

from tfod.config.label_map import LabelMap, LabelMapItem, label_map_from_names, read_label_map, write_label_map
from tfod.errors import ConfigError
from tfod.protos.string_int_label_map_pb2 import StringIntLabelMap


def _read(tmp_path: Path, text: str | bytes) -> LabelMap:
    path = tmp_path / "label_map.pbtxt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_label_map(path)


def test_a_label_map_as_the_tutorials_write_it(tmp_path: Path) -> None:
    label_map = _read(tmp_path, "item {\n    id: 1\n    name: 'cat'\n}\n\nitem {\n    id: 2\n    name: 'dog'\n}\n")
    assert label_map.names == {1: "cat", 2: "dog"}
    assert label_map.num_classes == 2
    assert label_map.ids.get("dog") == 2
    assert label_map.ids.get("horse") is None
    assert label_map.ids.get("") is None


def test_names_codes_gaps_and_background(tmp_path: Path) -> None:
    label_map = _read(
        tmp_path,
        'item { name: "background" id: 0 }\n'
        'item { name: "/m/01g317" id: 1 display_name: "person" }\n'
        'item { name: "/m/0k4j" id: 3 display_name: "car" keypoints { id: 5 label: "wheel" } }',
    )
    assert label_map.names == {1: "person", 3: "car"}
    assert label_map.num_classes == 3
    assert label_map.ids.get("/m/0k4j") == label_map.ids.get("car") == 3
    assert label_map.items[2].keypoints == ((5, "wheel"),)


def test_where_a_name_is_shown_by_another_class_the_greater_id_is_meant(tmp_path: Path) -> None:
    text = "item { id: 1 name: 'a' display_name: 'b' } item { id: 2 name: 'b' display_name: 'a' }"
    label_map = _read(tmp_path, text)
    assert label_map.ids.get("a") == label_map.ids.get("b") == 2


def test_everything_in_a_label_map_survives_writing(tmp_path: Path) -> None:
    item = LabelMapItem(
        id=7, name="it's", display_name="Größe", keypoints=((0, "nose"),), ancestor_ids=(1, 2),
        descendant_ids=(9,), frequency=3, instance_count=12,
    )  # fmt: skip
    label_map = LabelMap((item, LabelMapItem(2, "plain"), LabelMapItem(3, "", "shown only")))
    write_label_map(label_map, tmp_path / "x.pbtxt")
    assert read_label_map(tmp_path / "x.pbtxt") == label_map


def test_a_binary_label_map_is_read_too(tmp_path: Path) -> None:
    message = StringIntLabelMap()
    message.item.add(id=1, name="cat")
    message.item.add(id=2, name="dog")
    assert _read(tmp_path, message.SerializeToString()).names == {1: "cat", 2: "dog"}


def test_keypoints_are_known_by_their_places_among_all(tmp_path: Path) -> None:
    text = """item { id: 1 name: 'cat' display_name: 'Katze'
    keypoints { id: 3 label: 'tail' } keypoints { id: 0 label: 'nose' } }
    item { id: 2 name: 'stone' }"""
    label_map = _read(tmp_path, text)
    cat = {0: "nose", 3: "tail"}
    assert label_map.keypoints == {"cat": cat, "Katze": cat}
    assert [*label_map.keypoints["cat"]] == [0, 3]
    assert label_map.num_keypoints == 4
    assert label_map_from_names(["cat"]).num_keypoints == 0


def test_names_are_numbered_from_one() -> None:
    assert label_map_from_names(["dog", "cat"]).names == {1: "dog", 2: "cat"}
    with pytest.raises(ConfigError, match="the name 'cat' is given twice"):
        label_map_from_names(["cat", "cat"])
    with pytest.raises(ConfigError, match="no class"):
        label_map_from_names([])


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("item {\n id: 1\n name: 'a'\n}\nitem {\n id: 1\n name: 'b'\n}", "the id 1 is given twice", 7),
        ("item {\n id: 1 name: 'a' }\nitem {\n id: 2 name: 'a' }", "the name 'a' is given twice", 4),
        ("item {\n id: 1 name: 'a'\nkeypoints { id: -1 label: 'nose' } }", "keypoint of 'a' has the id -1", 2),
        ("item {\n id: 1 name: 'a'\nkeypoints { id: 2000000000 label: 'x' } }", "has the id 2000000000", 2),
        ("item {\n id: 1 name: 'a'\nkeypoints { label: 'x' } keypoints { label: 'y' } }", "'a' have one id", 2),
        ("item { id: 1 name: 'a' }\nitem { id: -1 name: 'b' }", "'b' has the id -1", 2),
        ("item { name: 'a' }", "'a' has the id 0", 1),
        ("item { id: 1 }", "the class with id 1 has no name", 1),
        ("item {\n nme: 'a' }", "item[0] has no field 'nme'", 2),
        ("item { id: '1' name: 'a' }", "id wants an integer, not '1'", 1),
    ],
)
def test_an_error_names_the_line(tmp_path: Path, text: str, what: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, text)
    assert what in caught.value.what
    assert f"label_map.pbtxt, line {line}" in caught.value.where


@pytest.mark.parametrize(
    ("text", "what", "cure"),
    [
        ("item {\n id: 1\n name: ‘number_plate’\n}", "the quotes are curly", 'write name: "number_plate", with plain'),
        ("item {\n id: 1\n name: “the driver’s seat”\n}", "quotes are curly", 'write name: "the driver’s seat", with'),
        ('item { id: 1 name: "cat” }', "the quotes are curly", 'write name: "cat", with plain quotes'),
        ("item { id: ‘1’ name: 'cat' }", "the quotes are curly", "write id: 1"),
        ("item { id: 1 name: `cat` display_name: `Cat` }", "the quotes are curly", 'write name: "cat", with'),
        ("item { ‘id’: 1 name: 'cat' }", "the name id stands in quotes", "write id without quotes"),
        ('item { "id": 1 "name": "cat" }', "the name id stands in quotes", "write id without quotes"),
        ("item { id: 1 name: 'driver's seat' }", "name ends at a quote inside", 'write name: "driver\'s seat"'),
        ("item { id: 'the driver’s' }", "id wants an integer", "write for example id: 8"),
        ("item { id: '21' }", "id wants an integer", "write id: 21"),
        ("item { id: 1 name: ''cat'' }", "the text of name ends at a quote inside it", 'write name: "cat"'),
        (
            "item {\n id: 1\n name: 'a'\n\nitem {\n id: 2\n}",
            "the item of line 1 is not closed",
            "add the missing } before",
        ),
        (
            "item { id: 1 }\nitem {\n id: 2\n",
            "is not closed before the end: that of item of line 2",
            "add the missing }",
        ),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS", "git lfs pull"),
    ],
)
def test_slips_of_people_get_the_cure_that_fits(tmp_path: Path, text: str, what: str, cure: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, text)
    assert what in caught.value.what
    assert caught.value.cure.startswith(cure) or cure in caught.value.cure


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the label map has no class"):
        _read(tmp_path, "")
