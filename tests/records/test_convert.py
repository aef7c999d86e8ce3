"""One picture to one tf.Example: what is written, repaired, left out and refused."""

import hashlib
import math
from pathlib import Path

import pytest

from tests.annotations.test_pictures import _with_orientation
from tests.annotations.voc_files import annotation, item, picture, write_photo
from tfod import names
from tfod.annotations.voc import read_voc
from tfod.config.label_map import label_map_from_names
from tfod.errors import DataError
from tfod.records.convert import ConversionRules, to_example
from tfod.records.example import decode_example
from tfod.records.summary import Summary

LABEL_MAP = label_map_from_names(["cat", "dog"])


def _convert(path: Path, **rules: object):
    summary = Summary()
    data = to_example(read_voc(path), LABEL_MAP, ConversionRules(**rules), summary)
    example = data and decode_example(data)
    return example, {kind: note.total for kind, note in summary.notes.items()}, summary


def _close(found: list, expected: list) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-6) for a, b in zip(found, expected, strict=True))


def test_every_standard_feature(tmp_path: Path) -> None:
    extra = "<pose>Left</pose><truncated>1</truncated><difficult>1</difficult>"
    path = write_photo(tmp_path, "photo", item("dog", (16, 12, 32, 36), extra), item("cat", (0, 0, 64, 48)))

    found, notes, summary = _convert(path)

    data = (tmp_path / "photo.jpg").read_bytes()
    assert {name: value for name, value in found.items() if "bbox" not in name} == {
        names.IMAGE_HEIGHT: [48],
        names.IMAGE_WIDTH: [64],
        names.IMAGE_FILENAME: [b"photo.jpg"],
        names.IMAGE_SOURCE_ID: [b"photo.jpg"],
        names.IMAGE_KEY: [hashlib.sha256(data).hexdigest().encode()],
        names.IMAGE_ENCODED: [data],
        names.IMAGE_FORMAT: [b"jpeg"],
        names.OBJECT_CLASS_TEXT: [b"dog", b"cat"],
        names.OBJECT_CLASS_LABEL: [2, 1],
        names.OBJECT_DIFFICULT: [1, 0],
        names.OBJECT_TRUNCATED: [1, 0],
        names.OBJECT_VIEW: [b"Left", b"Unspecified"],
    }
    assert (found[names.OBJECT_XMIN], found[names.OBJECT_XMAX]) == ([0.25, 0.0], [0.5, 1.0])
    assert (found[names.OBJECT_YMIN], found[names.OBJECT_YMAX]) == ([0.25, 0.0], [0.75, 1.0])
    assert notes == {}
    assert (summary.pictures, summary.objects) == (1, {"dog": 1, "cat": 1})


def test_the_header_decides_the_size(tmp_path: Path) -> None:
    path = write_photo(tmp_path, "photo", item(box=(10, 12, 30, 36)), data=picture(100, 60))
    found, notes, summary = _convert(path)
    assert (found[names.IMAGE_WIDTH], found[names.IMAGE_HEIGHT]) == ([100], [60])
    assert _close(found[names.OBJECT_XMAX] + found[names.OBJECT_YMAX], [0.3, 0.6])
    assert notes == {"size": 1}
    assert "says 64 x 48, is 100 x 60" in summary.text()


def test_the_header_decides_the_format(tmp_path: Path) -> None:
    found, notes, _ = _convert(write_photo(tmp_path, "photo", item(), data=picture(kind="PNG")))
    assert found[names.IMAGE_FORMAT] == [b"png"]
    assert notes == {"format": 1}


def test_boxes_are_repaired_dropped_and_counted(tmp_path: Path) -> None:
    boxes = [(30, 36, 10, 12), (-5, 0, 32, 24), (5, 5, 5, 9), (64, 1, 70, 9), (1, 1, "nan", 9)]
    found, notes, summary = _convert(write_photo(tmp_path, "photo", *(item(box=box) for box in boxes)))
    assert _close(found[names.OBJECT_XMIN], [10 / 64, 0])
    assert _close(found[names.OBJECT_XMAX], [30 / 64, 0.5])
    assert found[names.OBJECT_CLASS_TEXT] == [b"cat", b"cat"]
    assert notes == {
        "boxes_swapped": 1,
        "boxes_clipped": 1,
        "boxes_empty": 1,
        "boxes_outside": 1,
        "boxes_not_finite": 1,
    }
    assert f"{tmp_path}/photo.xml, line 12" in summary.text()  # the third object's


def test_the_origin_moves_the_upper_left_corner_only(tmp_path: Path) -> None:
    found, _, _ = _convert(write_photo(tmp_path, "photo", item(box=(1, 1, 64, 48))), voc_origin="one_based")
    assert [found[key] for key in (names.OBJECT_XMIN, names.OBJECT_YMIN)] == [[0.0], [0.0]]
    assert [found[key] for key in (names.OBJECT_XMAX, names.OBJECT_YMAX)] == [[1.0], [1.0]]


def test_a_picture_that_exif_turns(tmp_path: Path) -> None:
    # Stored 64 x 48, shown 48 x 64, turned by 90 degrees: y as shown is x as stored.
    path = write_photo(tmp_path, "photo", data=_with_orientation(6, "<"))
    path.write_text(annotation("photo.jpg", item(box=(12, 16, 24, 32)), size=(48, 64)))
    found, notes, _ = _convert(path)
    assert notes == {"turned": 1}
    assert [found[key] for key in (names.OBJECT_XMIN, names.OBJECT_XMAX)] == [[0.25], [0.5]]
    assert [found[key] for key in (names.OBJECT_YMIN, names.OBJECT_YMAX)] == [[0.5], [0.75]]

    path.write_text(annotation("photo.jpg", item(box=(16, 24, 32, 36)), size=(64, 48)))
    found, notes, _ = _convert(path)
    assert notes == {"exif": 1}
    assert found[names.OBJECT_XMIN] == [0.25]


def test_pictures_without_objects(tmp_path: Path) -> None:
    path = write_photo(tmp_path)
    found, notes, _ = _convert(path)
    assert (found[names.OBJECT_XMIN], found[names.OBJECT_CLASS_TEXT]) == ([], [])
    assert notes == {"background": 1}
    found, notes, summary = _convert(path, keep_empty=False)
    assert (found, notes, summary.pictures) == (None, {"left_out": 1}, 0)


def test_difficult_objects_are_left_out_on_request(tmp_path: Path) -> None:
    path = write_photo(tmp_path, "photo", item(extra="<difficult>1</difficult>"), item("dog"))
    assert _convert(path)[0][names.OBJECT_CLASS_LABEL] == [1, 2]
    found, notes, _ = _convert(path, ignore_difficult=True)
    assert (found[names.OBJECT_CLASS_LABEL], notes) == ([2], {"difficult": 1})


def test_an_unknown_class_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = write_photo(tmp_path, "photo", item("dog"), item("catt"))
    for rules in ({}, {"skip_bad": True}):
        with pytest.raises(DataError) as caught:
            _convert(path, **rules)
        assert caught.value.what == "the label map has no class 'catt'"
        assert caught.value.where == f"{path}, line 8"
        assert caught.value.cure.startswith("did you mean 'cat'? Else add the class")

    found, notes, _ = _convert(path, skip_unknown_classes=True)
    assert (found[names.OBJECT_CLASS_TEXT], notes) == ([b"dog"], {"unknown_class": 1})


def test_what_cannot_be_used_is_raised_or_skipped(tmp_path: Path) -> None:
    unknown = read_voc(write_photo(tmp_path, "unknown", item("horse")))
    missing = read_voc(write_photo(tmp_path, "missing", item("cat")))._replace(picture=str(tmp_path / "none.jpg"))
    unreadable = DataError("cannot read the annotation", "c.xml", "check its rights")
    for image, place in ((unknown, "unknown.xml"), (missing, "none.jpg"), (unreadable, "c.xml")):
        with pytest.raises(DataError) as caught:
            to_example(image, LABEL_MAP, ConversionRules(), Summary())
        assert place in caught.value.where

    rules, summary = ConversionRules(skip_bad=True, skip_unknown_classes=True), Summary()
    found = [to_example(image, LABEL_MAP, rules, summary) for image in (missing, unknown, unreadable)]
    assert [example is not None for example in found] == [False, True, False]
    assert (summary.notes["bad"].total, summary.notes["unknown_class"].total) == (2, 1)


@pytest.mark.parametrize("data", [None, b"", b"<html>", picture()[:100], picture(kind="GIF")])
def test_a_picture_that_cannot_be_used_stops_or_is_skipped(tmp_path: Path, data: bytes | None) -> None:
    path = write_photo(tmp_path, "photo", item())
    if data is None:
        (tmp_path / "photo.jpg").unlink()
    else:
        (tmp_path / "photo.jpg").write_bytes(data)
    with pytest.raises(DataError):
        _convert(path)
    assert _convert(path, skip_bad=True)[:2] == (None, {"bad": 1})


def test_the_summary_keeps_the_first_places_only() -> None:
    summary = Summary()
    for number in range(1000):
        summary.note("size", f"photo {number}")
    assert len(summary.notes["size"].places) == 5
    assert "    1000  pictures of another size" in summary.text()
    assert "and 995 more" in summary.text()
    assert summary.as_dict()["notes"]["size"]["total"] == 1000
