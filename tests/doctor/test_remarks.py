"""What readers could not use, or had to decide, is found by the doctor, counted by a conversion, and hides nothing."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.annotations.voc_files import item, picture, write_photo
from tfod.cli import convert_annotations, dataset_doctor, dataset_stats
from tfod.doctor.rules.descriptions import RULES

__all__ = ["REMARKS"]

BOX = "0 0.3125 0.5 0.3125 0.5\n"
IMAGE = {"id": 0, "file_name": "a.jpg", "width": 64, "height": 48}
OBJECT = {"id": 1, "image_id": 0, "category_id": 1, "bbox": [10, 12, 20, 24]}
CAT = {"id": 1, "name": "cat"}


def _coco(folder: Path, name: str = "a.json", **change: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.jpg").write_bytes(picture())
    content = {"images": [IMAGE], "annotations": [OBJECT], "categories": [CAT], **change}
    (folder / name).write_text(json.dumps(content))
    return folder


def _beside(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder


def _yolo(folder: Path, label: str = "a.txt", **yaml: str) -> Path:
    for path, data in (("images/a.jpg", picture()), (f"labels/{label}", BOX.encode()), ("labels/a.txt", BOX.encode())):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    said = {"train": "images", "val": "images", "names": "[cat]", **yaml}
    return _beside(folder, "data.yaml", "".join(f"{key}: {value}\n" for key, value in said.items()))


def _moved_label(folder: Path) -> Path:
    _yolo(folder)
    (folder / "labels").rename(folder / "texts")
    return folder


def _unnamed(folder: Path) -> Path:
    _yolo(folder)
    for path, data in (("more/images/b.jpg", picture(70)), ("more/labels/b.txt", BOX.encode())):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def _two_formats(folder: Path) -> Path:
    write_photo(folder, "b", item())
    return _coco(folder)


# Rule -> a data set that it finds one thing in, beside one picture with one object that can be used.
REMARKS: dict[str, Callable[[Path], Path]] = {
    "annotation-orphan": lambda folder: _coco(folder, annotations=[OBJECT, {**OBJECT, "image_id": 77}]),
    "set-unannotated": lambda folder: _coco(folder, annotations=[]),
    "file-passed-over": lambda folder: _beside(_coco(folder), "tasks.json", '[{"id": 1, "annotations": []}]'),
    "format-chosen": _two_formats,
    "part-missing": lambda folder: _yolo(folder, val="images/val"),
    "test-missing": lambda folder: _yolo(folder, test="../test/images"),
    "part-unnamed": _unnamed,
    "label-elsewhere": _moved_label,
    "id-types": lambda folder: _coco(folder, annotations=[{**OBJECT, "image_id": "0"}]),
    "class-id-differs": lambda folder: _coco(
        _coco(folder), "b.json", images=[], annotations=[], categories=[{"id": 7, "name": "cat"}]
    ),
    "picture-listed-twice": lambda folder: _coco(_coco(folder), "b.json"),
    "box-from-outline": lambda folder: _coco(
        folder, annotations=[{**OBJECT, "bbox": [], "segmentation": [[10, 12, 30, 12, 30, 36]]}]
    ),
}


def _examined(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, int], dict[str, int]]:
    report = folder.parent / "report.json"
    code = dataset_doctor.main([str(folder), "--json", str(report)])
    capsys.readouterr()
    content = json.loads(report.read_text())
    return code, content["counts"], {"pictures": content["pictures"], "objects": content["objects"]}


@pytest.mark.parametrize("rule", REMARKS)
def test_the_doctor_finds_it_and_reads_the_rest(rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, counts, seen = _examined(REMARKS[rule](tmp_path / "set"), capsys)
    assert counts[rule] == 1
    assert code == (RULES[rule].severity == "error") or "split-leak" in counts
    assert seen["objects"] == {"set-unannotated": 0}.get(rule, 1)


@pytest.mark.parametrize("rule", REMARKS)
def test_a_conversion_counts_it_and_writes_the_rest(
    rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = REMARKS[rule](tmp_path / "set")
    arguments = ["-i", str(folder), "-o", f"{tmp_path}/out", "--to", "tfrecord"]
    assert convert_annotations.main(arguments) == (2 if rule in ("annotation-orphan", "part-missing") else 0)
    assert convert_annotations.main([*arguments, "--skip_bad", "--overwrite"]) == 0
    assert re.search(r"^ *\d+  (?!pictures$|objects:)", capsys.readouterr().out, re.MULTILINE)


# A file of which one entry cannot be used, and what the rest is.
BAD_ENTRIES: dict[str, dict[str, object]] = {
    "an image without an id": {"images": [IMAGE, {"file_name": "b.jpg"}]},
    "an image that is none": {"images": [IMAGE, None]},
    "an image without a name": {"images": [IMAGE, {"id": 5}]},
    "two images of one id": {"images": [IMAGE, {**IMAGE, "id": 5}, {**IMAGE, "id": 5, "file_name": "c.jpg"}]},
    "an annotation that is none": {"annotations": [OBJECT, "x"]},
    "an orphan": {"annotations": [OBJECT, {**OBJECT, "image_id": 9}]},
    "an orphan with a text": {"annotations": [OBJECT, {**OBJECT, "image_id": "9"}]},
    "an annotation without an image_id": {"annotations": [OBJECT, {"id": 3, "bbox": [1, 2, 3, 4]}]},
    "a category without a name": {"categories": [CAT, {"id": 2}]},
    "a category that is none": {"categories": [CAT, 7]},
    "a category twice": {"categories": [CAT, {"id": 2, "name": "a"}, {"id": 2, "name": "b"}]},
}


@pytest.mark.parametrize("change", BAD_ENTRIES.values(), ids=BAD_ENTRIES.keys())
def test_one_bad_entry_of_coco_hides_nothing(
    change: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _coco(tmp_path / "set", **change)
    code, counts, seen = _examined(folder, capsys)
    assert code == 1 and counts.keys() & {"annotation-unreadable", "annotation-orphan"} and seen["objects"] == 1
    arguments = ["-i", str(folder), "-o", f"{tmp_path}/out", "--to", "voc"]
    assert convert_annotations.main(arguments) == 2
    assert convert_annotations.main([*arguments, "--skip_bad"]) == 0
    assert "1  objects: cat 1" in capsys.readouterr().out


@pytest.mark.parametrize(("image_id", "category_id"), [("0", 1), (0.0, 1.0), (" 0 ", "1"), (0, "1")])
def test_ids_that_other_programs_have_written_otherwise(
    image_id: object, category_id: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _coco(tmp_path / "set", annotations=[{**OBJECT, "image_id": image_id, "category_id": category_id}])
    code, _, seen = _examined(folder, capsys)
    assert (code, seen["objects"]) == (0, 1)
    texts = [{**IMAGE, "id": "0"}], [{**CAT, "id": "1"}]
    code, _, seen = _examined(_coco(tmp_path / "set", images=texts[0], categories=texts[1]), capsys)
    assert (code, seen["objects"]) == (0, 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tasks.json", '[{"id": 1}]'),
        ("captions_val2017.json", json.dumps({"images": [IMAGE], "annotations": [{"image_id": 0, "caption": "a"}]})),
        ("result.json", '{"date": "today"}'),
    ],
)
def test_a_json_of_another_kind_beside_is_passed_over(
    name: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, counts, seen = _examined(_beside(_coco(tmp_path / "set"), name, text), capsys)
    assert (code, counts["file-passed-over"], seen["objects"]) == (0, 1, 1)


def test_a_broken_file_beside_is_an_error_and_hides_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, counts, seen = _examined(_beside(_coco(tmp_path / "set"), "b.json", '{"images": ['), capsys)
    assert (code, counts["annotation-unreadable"], seen["objects"]) == (1, 1, 1)


def test_files_of_another_kind_beside_xml_and_labelme(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_photo(tmp_path / "voc", "a", item())
    code, counts, _ = _examined(_beside(tmp_path / "voc", "pom.xml", "<project/>"), capsys)
    assert (code, counts["file-passed-over"]) == (0, 1)
    assert convert_annotations.main(["-i", f"{tmp_path}/voc", "-o", f"{tmp_path}/out", "--to", "labelme"]) == 0
    _beside(tmp_path / "out", "summary.json", '{"count": 1}')
    code, counts, seen = _examined(tmp_path / "out", capsys)
    assert (code, counts["file-passed-over"], seen["objects"]) == (0, 1, 1)


def test_a_table_of_another_kind_beside_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.jpg").write_bytes(picture())
    table = "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,64,48,cat,10,12,30,36\n"
    _beside(_beside(tmp_path / "set", "_annotations.csv", table), "_classes.csv", "filename, cat\na.jpg, 1\n")
    code, counts, seen = _examined(tmp_path / "set", capsys)
    assert (code, counts["file-passed-over"], seen["objects"]) == (0, 1, 1)


def test_a_track_of_cvat_that_cannot_be_used_costs_one_frame(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes = "".join(f'<box frame="{n}" xtl="1" ytl="2" xbr="{9 if n else "x"}" ybr="8"/>' for n in range(3))
    nowhere = '<track label="cat"><box xtl="1" ytl="2" xbr="9" ybr="8"/></track>'
    (tmp_path / "set").mkdir()
    for number in range(3):
        (tmp_path / "set" / f"frame_{number:06d}.png").write_bytes(picture(kind="PNG", width=60 + number))
    text = f'<annotations><track label="cat">{boxes}</track>{nowhere}</annotations>'
    code, counts, seen = _examined(_beside(tmp_path / "set", "a.xml", text), capsys)
    assert (code, counts["annotation-unreadable"], counts["annotation-orphan"], seen["objects"]) == (1, 1, 1, 2)


def test_what_a_table_means_is_told_by_every_command_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "set").mkdir()
    for number, name in enumerate("ab"):
        (tmp_path / "set" / f"{name}.jpg").write_bytes(picture(64 + number))
    rows = "a.jpg,cat,0.125,0.25,0.75,0.5\nb.jpg,cat,0.5,0.5,0.75,0.75\n"
    _beside(tmp_path / "set", "labels.csv", f"filename,class,xmin,ymin,xmax,ymax\n{rows}")
    _, counts, _ = _examined(tmp_path / "set", capsys)
    assert counts["annotation-meaning"] == 1
    assert dataset_doctor.main([f"{tmp_path}/set", "--fix", f"{tmp_path}/mended"]) == 0
    changes = (tmp_path / "mended" / "changes.txt").read_text()
    assert changes.count("annotation-meaning\t") == 1 and "read as fractions" in changes
    assert dataset_stats.main([f"{tmp_path}/set", "-o", f"{tmp_path}/stats"]) == 0
    assert capsys.readouterr().err.count("read as fractions") == 1


HALF = {
    "coco.json": '{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"id": 1,',
    "labelme.json": '{"version": "5.5.0", "shapes": [{"label": "cat", "points": [[',
    "cvat.xml": "<annotations><image name='a.jpg'>",
    "voc.xml": "<annotation><filename>a.jpg</filename>",
    "table.csv": "filename,class,xmin,ymin,xmax\na.jpg,cat,1,2,3\n",
}


@pytest.mark.parametrize("name", HALF)
def test_the_only_file_is_malformed_which_the_doctor_reports(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_text(HALF[name])
    for given in (tmp_path / "set", tmp_path / "set" / name):
        assert dataset_doctor.main([str(given)]) == 1
        out, err = capsys.readouterr()
        assert "annotation-unreadable" in out and name in out and "Traceback" not in err
        command = [str(given), "-o", str(tmp_path / "out"), "--to", "voc"]
        assert convert_annotations.main(command) == 2
        assert "error: " in capsys.readouterr().err
        assert convert_annotations.main([*command, "--skip_bad"]) == 2
        assert "no picture is left to write" in capsys.readouterr().err
