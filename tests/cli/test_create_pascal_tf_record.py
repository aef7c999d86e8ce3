"""create_pascal_tf_record: the original's flags and layout."""

import json
from pathlib import Path

import pytest

from tests.annotations.voc_files import annotation, item, write_photo
from tfod import names
from tfod.cli.create_label_map import main as create_label_map
from tfod.cli.create_pascal_tf_record import main
from tfod.records.example import decode_example
from tfod.records.frames import read_frames


@pytest.fixture
def devkit(tmp_path: Path) -> Path:
    """A VOCdevkit of two years with a photo each, and the label map."""
    for year, extra in (("VOC2007", ""), ("VOC2012", "<difficult>1</difficult>")):
        root = tmp_path / year
        xml = write_photo(root / "JPEGImages", f"{year}_1", item("cat"), item("dog", extra=extra))
        (root / "Annotations").mkdir()
        xml.rename(root / "Annotations" / xml.name)
        (root / "ImageSets" / "Main").mkdir(parents=True)
    (tmp_path / "VOC2007/ImageSets/Main/train.txt").write_text("VOC2007_1\n")
    (tmp_path / "VOC2012/ImageSets/Main/aeroplane_train.txt").write_text("VOC2012_1 -1\n")
    create_label_map(["--names", "cat", "dog", "-o", f"{tmp_path}/map.pbtxt"])
    return tmp_path


def _records(devkit: Path, *flags: str) -> list[dict]:
    arguments = [f"--data_dir={devkit}", f"--label_map_path={devkit}/map.pbtxt", f"--output_path={devkit}/a.record"]
    assert main([*arguments, *flags]) == 0
    return [decode_example(frame) for frame in read_frames(devkit / "a.record")]


def test_years_and_their_lists(devkit: Path) -> None:
    def found(*flags: str) -> list[bytes]:
        return [record[names.IMAGE_FILENAME][0] for record in _records(devkit, *flags)]

    assert found() == [b"VOC2007_1.jpg"]
    assert found("--year", "VOC2012", "--set=train") == [b"VOC2012_1.jpg"]
    assert found("--year=merged") == [b"VOC2007_1.jpg", b"VOC2012_1.jpg"]


def test_difficult_objects(devkit: Path) -> None:
    (record,) = _records(devkit, "--year=VOC2012")
    assert record[names.OBJECT_DIFFICULT] == [0, 1]
    (record,) = _records(devkit, "--year=VOC2012", "--ignore_difficult_instances")
    assert record[names.OBJECT_CLASS_TEXT] == [b"cat"]


def test_background_pictures_are_kept_unless_told_otherwise(devkit: Path) -> None:
    (devkit / "VOC2012/Annotations/VOC2012_1.xml").write_text(annotation("VOC2012_1.jpg"))
    assert len(_records(devkit, "--year=merged")) == 2
    assert len(_records(devkit, "--year=merged", "--nokeep_empty")) == 1


def test_a_set_that_is_not_there(devkit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [f"--data_dir={devkit}", f"--label_map_path={devkit}/map.pbtxt", f"--output_path={devkit}/a.record"]
    assert main([*arguments, "--set=val"]) == 2
    assert "there is train" in capsys.readouterr().err
    assert main([*arguments, "--year=VOC2010"]) == 2
    assert not (devkit / "a.record").exists()


def test_bccd_with_its_two_boxes_without_area(shared: Path, tmp_path: Path) -> None:
    create_label_map(["--names", "Platelets", "RBC", "WBC", "-o", f"{tmp_path}/map.pbtxt"])
    objects = 0
    for data_dir, year, part, pictures in (("bccd", "BCCD", "trainval", 292), ("bccd/BCCD", "VOC2007", "test", 72)):
        output = f"{tmp_path}/{part}.record"
        flags = {"data_dir": f"{shared}/data/{data_dir}", "year": year, "set": part, "output_path": output}
        assert (
            main([f"--{name}={value}" for name, value in flags.items()] + [f"--label_map_path={tmp_path}/map.pbtxt"])
            == 0
        )
        summary = json.loads(Path(f"{tmp_path}/{part}.manifest.json").read_text())
        assert summary["pictures"] == pictures
        dropped = summary["notes"].get("boxes_empty", {"total": 0})["total"]
        assert dropped == (2 if part == "trainval" else 0)
        objects += sum(summary["objects"].values()) + dropped
    assert objects == 4888
