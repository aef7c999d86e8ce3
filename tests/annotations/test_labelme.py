"""LabelMe's JSON as LabelMe 6.3.1 writes it."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.annotations.voc_files import picture
from tfod.annotations.labelme import read_labelme_file
from tfod.errors import DataError


def _shape(label: str, kind: str, *points: list[float], **said: object) -> dict[str, object]:
    shape = {"label": label, "points": list(points), "group_id": None, "description": "", "shape_type": kind}
    return {**shape, "flags": {}, "mask": None, **said}


def _read(folder: Path, *shapes: dict[str, object], **said: object):
    head = {"version": "6.3.1", "flags": {}, "shapes": shapes, "imagePath": "..\\pics\\a.jpg", "imageData": None}
    path = folder / "a.json"
    path.write_text(json.dumps({**head, "imageHeight": 48, "imageWidth": 64, **said}, indent=2))
    return read_labelme_file(str(path))


def test_rectangles_circles_polygons_and_points(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture())
    image = _read(
        tmp_path,
        _shape("cat", "rectangle", [30.5, 36], [10, 12]),
        _shape("cat", "circle", [20, 20], [20, 25], flags={"difficult": True}),
        _shape("dog", "polygon", [1, 1], [5, 1], [5, 6]),
        _shape("dog", "linestrip", [7, 8], [1, 9]),
        _shape("owl", "point", [7, 8]),
    )
    assert (image.filename, image.picture, image.width) == ("a.jpg", f"{tmp_path}/a.jpg", 64)
    boxes = [item[:6] for item in image.objects]
    assert boxes == [
        ("cat", 10, 12, 30.5, 36, False),
        ("cat", 15, 15, 25, 25, True),
        ("dog", 1, 1, 5, 6, False),
        ("dog", 1, 8, 7, 9, False),
        ("owl", 7, 8, 7, 8, False),
    ]
    assert image.objects[2].mask == ((1, 1, 5, 1, 5, 6),)


def test_polygons_of_a_group_are_one_object_and_others_are_not(tmp_path: Path) -> None:
    lines = [[1, 1], [5, 1], [5, 6]], [[11, 1], [15, 1], [15, 6]]
    image = _read(tmp_path, *(_shape("dog", "polygon", *line, group_id=3) for line in lines))
    (found,) = image.objects
    assert found[1:5] == (1, 1, 15, 6) and len(found.mask or ()) == 2
    assert len(_read(tmp_path, *(_shape("dog", "polygon", *line) for line in lines)).objects) == 2


def test_a_mask_and_a_picture_inside_the_file(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.ones((5, 4), bool)).save(buffer, "PNG")
    shape = _shape("owl", "mask", [7, 8], [10, 12], mask=base64.b64encode(buffer.getvalue()).decode())
    image = _read(tmp_path, shape, imageData=base64.b64encode(picture()).decode())
    assert image.encoded == picture()
    assert image.objects[0][1:5] == (7, 8, 11, 13)


@pytest.mark.parametrize(
    ("shape", "what"),
    [
        ({"label": "a"}, "no points"),
        (_shape("", "rectangle", [1, 2], [3, 4]), "label is no name"),
        (_shape("a", "rectangle", [1, 2, 3]), "no pair"),
        (_shape("a", "rectangle", ["1", 2]), "no number"),
        (_shape("a", "circle", [1, 2]), "circle has not two points"),
        (_shape("a", "polygon"), "no points"),
        (_shape("a", "mask", [0, 0], [3, 4], mask="bm8="), "mask cannot be read"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_shape(shape: dict[str, object], what: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=what) as caught:
        _read(tmp_path, _shape("a", "rectangle", [1, 2], [3, 4]), shape)
    assert caught.value.where == f"{tmp_path}/a.json, shape 1"


def test_another_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"images": []}')
    with pytest.raises(DataError, match="no LabelMe annotation"):
        read_labelme_file(str(tmp_path / "a.json"))


def test_an_image_renamed_together_with_its_annotation_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture())
    image = _read(tmp_path, _shape("cat", "rectangle", [30, 36], [10, 12]), imagePath="IMG_2020.jpg")
    assert (image.filename, image.picture) == ("a.jpg", f"{tmp_path}/a.jpg")


def test_an_image_under_the_written_name_comes_first(tmp_path: Path) -> None:
    for name in ("a.jpg", "IMG_2020.jpg"):
        (tmp_path / name).write_bytes(picture())
    assert _read(tmp_path, imagePath="IMG_2020.jpg").picture == f"{tmp_path}/IMG_2020.jpg"


def test_a_key_given_twice_is_an_error_unless_it_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    text = '{"shapes": [], "imagePath": "a.jpg", %s}'
    path.write_text(text % '"imageWidth": 64, "imageWidth": 64')
    assert read_labelme_file(str(path)).width == 64
    path.write_text(text % '"shapes": [{"label": "cat", "points": [[1, 2], [3, 4]]}]')
    with pytest.raises(DataError, match="two values of 'shapes'"):
        read_labelme_file(str(path))
