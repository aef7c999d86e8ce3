"""Every rule of the doctor finds what it is there for, at its place, and finds nothing in a data set without fault."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.annotations.voc_files import annotation, item, picture, write_photo
from tests.doctor.test_remarks import REMARKS
from tests.doctor.test_shapes import SHAPE_RULES
from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.source import open_sources
from tfod.config.label_map import LabelMap, LabelMapItem, label_map_from_names
from tfod.doctor.examination import Checks, Report, examine
from tfod.doctor.findings import Finding
from tfod.doctor.rules.boxes import Frame, check_boxes
from tfod.doctor.rules.classes import alike
from tfod.doctor.rules.descriptions import RULES, markdown_table

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "doctor.md"
FIELDS = "<pose>Left</pose><truncated>0</truncated><difficult>0</difficult><occluded>0</occluded>"
CHECKS = Checks(label_map_from_names(["cat", "dog"]), "label_map.pbtxt", min_objects=1)


def _item(name: str = "cat", box: tuple[object, ...] = (10, 12, 30, 36)) -> str:
    return item(name, box, FIELDS)


def _examined(*folders: Path, checks: Checks = CHECKS) -> Report:
    return examine(open_sources([str(folder) for folder in folders]), checks)


def _rules(report: Report) -> list[str]:
    return [finding.rule for finding in report.findings]


def _sound(folder: Path) -> Path:
    write_photo(folder, "one", _item("cat"), _item("dog", (2, 3, 40, 47)))
    return folder


def test_a_sound_data_set_has_no_finding(tmp_path: Path) -> None:
    report = _examined(_sound(tmp_path))
    assert (report.pictures, report.objects, report.findings) == (1, 2, [])


# Rule -> the boxes of objects that break it, in a picture of 64 x 48.
BOXES: dict[str, list[tuple[object, ...]]] = {
    "box-not-finite": [("nan", 1, 20, 20)],
    "box-inverted": [(30, 36, 10, 12)],
    "box-empty": [(10, 10, 10, 20)],
    "box-outside": [(64, 10, 90, 20)],
    "box-negative": [(-1, 10, 20, 20)],
    "box-over-edge": [(40, 10, 65, 20)],
    "box-tiny": [(10, 10, 12, 16)],
    "box-huge": [(0, 0, 64, 47)],
    "box-narrow": [(1, 10, 60, 16)],
    "box-duplicated": [(10, 12, 30, 36), (10, 12, 30, 36)],
    "box-doubled": [(10, 12, 50, 36), (11, 12, 50, 36)],
    "box-fraction": [(10.5, 12, 30, 36)],
}


@pytest.mark.parametrize("rule", BOXES)
def test_boxes(tmp_path: Path, rule: str) -> None:
    _sound(tmp_path)
    path = write_photo(tmp_path, "bad", *(_item("cat", box) for box in BOXES[rule]), data=picture(64, 48, quality=60))
    (finding,) = _examined(tmp_path).findings
    number = len(BOXES[rule])
    assert (finding.rule, finding.file, finding.line, finding.number) == (rule, str(path), finding.line, number)
    assert path.read_text().splitlines()[(finding.line or 0) - 1].strip() == "<object>"


def _giant() -> bytes:
    """A PNG whose header says 10,001 x 10,000 pixels; nobody is to decode them."""
    data = picture(64, 48, "PNG")
    header = b"IHDR" + struct.pack(">II", 10_001, 10_000) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


# Rule -> the file of the picture `bad`, and what its annotation says of the size.
PICTURES: dict[str, tuple[str, bytes, tuple[object, object] | None]] = {
    "picture-unreadable": ("bad.jpg", b"GIF89a" + bytes(50), (64, 48)),
    "picture-not-fetched": ("bad.jpg", b"version https://git-lfs.github.com/spec/v1\n", (64, 48)),
    "picture-truncated": ("bad.jpg", picture(64, 48)[:-40], (64, 48)),
    "picture-extension": ("bad.jpg", picture(64, 48, "PNG"), (64, 48)),
    "picture-size": ("bad.jpg", picture(128, 96), (64, 48)),
    "picture-size-missing": ("bad.jpg", picture(64, 48, quality=60), None),
    "picture-gray": ("bad.jpg", picture(64, 48, mode="L"), (64, 48)),
    "picture-palette": ("bad.png", picture(64, 48, "PNG", "P"), (64, 48)),
    "picture-alpha": ("bad.png", picture(64, 48, "PNG", "RGBA"), (64, 48)),
    "picture-cmyk": ("bad.jpg", picture(64, 48, mode="CMYK"), (64, 48)),
    "picture-giant": ("bad.png", _giant(), (10_001, 10_000)),
}


@pytest.mark.parametrize("rule", PICTURES)
def test_pictures(tmp_path: Path, rule: str) -> None:
    name, data, size = PICTURES[rule]
    (tmp_path / name).write_bytes(data)
    (tmp_path / "bad.xml").write_text(annotation(name, _item("cat"), _item("dog", (2, 3, 40, 47)), size=size))
    assert _rules(_examined(tmp_path)) == [rule]


def test_sixteen_bits_and_a_turned_picture(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("I;16", (64, 48), 30000).save(tmp_path / "deep.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (48, 64)).save(tmp_path / "turned.jpg", exif=exif)
    for name in ("deep.png", "turned.jpg"):
        (tmp_path / name).with_suffix(".xml").write_text(annotation(name, _item("cat"), _item("dog", (2, 3, 40, 47))))
    report = _examined(tmp_path)
    assert _rules(report) == ["picture-gray", "picture-16-bit", "picture-rotated"]
    assert "drawn on the turned one" in report.findings[2].what


def _missing(folder: Path) -> None:
    (folder / "bad.xml").write_text(annotation("bad.jpg", _item()))


def _unannotated(folder: Path) -> None:
    (folder / "alone.jpg").write_bytes(picture(20, 20))


def _empty(folder: Path) -> None:
    write_photo(folder, "bad", data=picture(64, 48, quality=60))


def _other_name(folder: Path) -> None:
    write_photo(folder, "bad", data=picture(64, 48, quality=60))
    (folder / "bad.xml").write_text(annotation("good.jpg", _item()))


def _malformed(folder: Path) -> None:
    (folder / "bad.xml").write_text("<annotation>\n<object>\n</annotation>")


def _without_field(folder: Path) -> None:
    write_photo(folder, "bad", item(extra=FIELDS.replace("<difficult>0", "<difficult>")), data=picture(quality=60))


def _path_elsewhere(folder: Path) -> None:
    write_photo(folder, "bad", data=picture(64, 48, quality=60))
    text = annotation("bad.jpg", _item()).replace("<filename>", "<path>C:\\pictures\\bad.jpg</path><filename>")
    (folder / "bad.xml").write_text(text)


def _unknown(folder: Path) -> None:
    write_photo(folder, "bad", _item("cart"), data=picture(quality=60))


def _two_classes(folder: Path) -> None:
    write_photo(folder, "bad", _item("cat"), _item("dog", (10, 12, 30, 37)), data=picture(quality=60))


def _same_name_twice(folder: Path) -> None:
    write_photo(folder / "more", "one", _item("cat"), data=picture(quality=60))


def _same_bytes(folder: Path) -> None:
    write_photo(folder, "two", _item("cat"))


def _same_bytes_to_judge_by(folder: Path) -> None:
    write_photo(folder / "val", "two", _item("cat"))


FILES: dict[str, Callable[[Path], None]] = {
    "annotation-unreadable": _malformed,
    "annotation-fields": _without_field,
    "annotation-path": _path_elsewhere,
    "picture-missing": _missing,
    "picture-unannotated": _unannotated,
    "picture-empty": _empty,
    "picture-name": _other_name,
    "picture-name-repeated": _same_name_twice,
    "picture-duplicated": _same_bytes,
    "split-leak": _same_bytes_to_judge_by,
    "class-unknown": _unknown,
    "box-two-classes": _two_classes,
}


@pytest.mark.parametrize("rule", FILES)
def test_files(tmp_path: Path, rule: str) -> None:
    FILES[rule](_sound(tmp_path))
    assert _rules(_examined(tmp_path)) == [rule]


def test_a_misspelt_class_is_answered_with_the_nearest(tmp_path: Path) -> None:
    _unknown(_sound(tmp_path))
    (finding,) = _examined(tmp_path).findings
    assert finding.cure == "did you mean 'cat'? Else add it to the label map"
    assert finding.where == f"{tmp_path / 'bad.xml'}, line 4, object 1"


def test_classes(tmp_path: Path) -> None:
    boxes = [(x, y, x + 10, y + 10) for x in range(0, 50, 11) for y in range(0, 33, 11)]
    write_photo(tmp_path, "one", *(_item("button", box) for box in boxes[:10]), _item("buton", boxes[11]))
    label_map = LabelMap((LabelMapItem(1, "button"), LabelMapItem(3, "buton"), LabelMapItem(4, "switch")))
    report = _examined(tmp_path, checks=Checks(label_map, "map", min_objects=2))
    assert {finding.rule: finding.what for finding in report.findings} == {
        "label-map-gap": "3 classes count up to 4; there is no 2",
        "class-alike": "'buton' (1 objects) and 'button' (10) are nearly the same name",
        "class-unused": "there is no object of class 'switch'",
        "class-rare": "class 'buton' has one object",
        "class-imbalance": "class 'buton' has 1 objects, 'button' 10: 10 times as many",
    }


def test_names_of_real_label_maps_are_not_taken_for_slips(shared: Path) -> None:
    from itertools import combinations

    from tfod.config.label_map import read_label_map

    # Those of `cases` have faults on purpose.
    found = [path for path in shared.rglob("*label_map*.pbtxt") if path.relative_to(shared).parts[0] != "cases"]
    assert found
    for path in found:
        names = sorted({name for name in read_label_map(path).names.values()})
        pairs = [pair for pair in combinations(names, 2) if alike(*pair)]
        assert len(pairs) <= len(names) / 50, pairs[:10]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("button", "buton", True),
        ("button", "buttno", True),
        ("Stop Sign", "stop_sign", True),
        ("screwdriver", "scrowdriver", True),
        ("horse", "house", False),
        ("lane1", "lane2", False),
        ("cat", "cats", False),
        ("left", "right", False),
    ],
)
def test_slips(first: str, second: str, expected: bool) -> None:
    assert alike(first, second) is alike(second, first) is expected


def test_the_id_zero_of_coco(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(picture(64, 48))
    content = {
        "images": [{"id": 1, "file_name": "one.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 0, "bbox": [10, 12, 20, 24], "area": 480, "iscrowd": 0},
            {"id": 2, "image_id": 1, "category_id": 1, "bbox": [2, 3, 30, 44], "area": 1320, "iscrowd": 0},
        ],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    (finding,) = _examined(tmp_path).findings
    assert (finding.rule, finding.what) == ("class-id-zero", "the class 'cat' has the id 0")


def test_what_a_reader_had_to_decide(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(picture(64, 48))
    rows = "one.jpg,64,48,cat,0.125,0.25,0.75,0.5\none.jpg,64,48,dog,0.5,0.5,0.75,0.75\n"
    (tmp_path / "labels.csv").write_text("filename,width,height,class,xmin,ymin,xmax,ymax\n" + rows)
    (finding,) = _examined(tmp_path).findings
    assert (finding.rule, finding.where) == ("annotation-meaning", f"{tmp_path}/labels.csv")
    assert "fractions" in finding.what


def test_most_boxes_in_the_wrong_order(tmp_path: Path) -> None:
    write_photo(tmp_path, "one", _item("cat", (30, 36, 10, 12)), _item("dog", (60, 47, 20, 3)))
    rules = _rules(_examined(tmp_path))
    assert sorted(rules) == ["box-inverted", "box-inverted", "boxes-exchanged"]


def test_boxes_within_a_pixel_may_be_fractions(tmp_path: Path) -> None:
    write_photo(tmp_path, "one", _item("cat", (0.125, 0.25, 0.75, 0.5)), _item("dog", (2, 3, 40, 47)))
    (finding,) = [found for found in _examined(tmp_path).findings if found.rule == "box-tiny"]
    assert finding.what.endswith("are the coordinates fractions of the picture?")


def test_a_whole_data_set_between_whole_pixels_is_one_note(tmp_path: Path) -> None:
    for number in range(3):
        items = [_item("cat", (10 + x, 12.5, 30 + x, 36)) for x in (0, 25)]
        write_photo(tmp_path, f"p{number}", *items, _item("dog", (2, 3, 40, 47)), data=picture(quality=60 + number))
    (finding,) = _examined(tmp_path).findings
    told = "6 of 9 boxes lie between whole pixels, such as (10, 12.5, 30, 36)"
    assert (finding.rule, finding.what, finding.number) == ("box-fraction", told, 1)


def test_an_image_that_cannot_be_used_is_not_also_called_unannotated(tmp_path: Path) -> None:
    write_photo(_sound(tmp_path), "cut", _item(), data=picture(quality=60)[:-40])
    write_photo(tmp_path, "broken", _item(), data=picture(quality=70)).write_text("<annotation>")
    write_photo(tmp_path, "other", _item(), data=b"GIF89a" + bytes(50))
    assert sorted(_rules(_examined(tmp_path))) == ["annotation-unreadable", "picture-truncated", "picture-unreadable"]


def test_of_very_many_boxes_only_the_first_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfod.doctor.rules.boxes._MOST_COMPARED", 2)
    sides = [(10.0, 10.0, 30.0, 30.0), (50.0, 50.0, 80.0, 80.0), (10.0, 10.0, 30.0, 30.0), (50.0, 50.0, 80.0, 81.0)]
    image = AnnotatedImage("a.xml", "a.png", None, tuple(AnnotatedObject("cat", *box) for box in sides))
    found = [(finding.rule, finding.number) for finding in check_boxes(image, Frame(100, 100))]
    assert found == [("box-duplicated", 3), ("box-many", None)], "the fourth is nearly the second"


def test_ignored_rules_do_not_count(tmp_path: Path) -> None:
    _empty(_sound(tmp_path))
    assert _examined(tmp_path, checks=Checks(min_objects=1, ignored=frozenset({"picture-empty"}))).findings == []


def test_a_picture_of_a_crowded_file_is_named() -> None:
    assert Finding("picture-gray", "", "labels.csv", "photos/cat.jpg").where == "labels.csv, cat.jpg"
    assert Finding("picture-gray", "", "photos/cat.xml", "photos/cat.jpg").where == "photos/cat.xml"


def test_every_rule_is_tested_and_documented() -> None:
    here = {*BOXES, *PICTURES, *FILES, "picture-16-bit", "picture-rotated", "class-alike", "class-id-zero"}
    here |= {"annotation-meaning", "boxes-exchanged", "box-many"}
    here |= {"label-map-gap", "class-unused", "class-rare", "class-imbalance"}
    elsewhere = {"picture-alike", "split-leak-alike", "picture-damaged", "picture-doubtful"}  # test_duplicates.py
    elsewhere |= {"list-unmatched", "list-names", "list-repeated"}  # test_dataset_commands.py
    elsewhere |= {*REMARKS, *SHAPE_RULES}  # test_remarks.py, test_shapes.py
    elsewhere |= {"anchors-miss", "objects-too-many", "label-map"}  # test_network.py, test_dataset_commands.py
    assert here | elsewhere == {*RULES}
    assert markdown_table() in DOCUMENT.read_text(encoding="utf-8")
