"""generate_tfrecord: the tutorial's flags, subsets, tables; real data."""

import json
from pathlib import Path

import pytest

from tests.annotations.voc_files import annotation, item, write_photo
from tfod import names
from tfod.cli.create_label_map import main as create_label_map
from tfod.cli.generate_tfrecord import main
from tfod.records.example import decode_example
from tfod.records.files import expand
from tfod.records.frames import read_frames


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of five photos, the last a background, and their label map."""
    for number in range(5):
        write_photo(tmp_path / "xml", f"p{number}", *([item("cat"), item("dog")] if number < 4 else []))
    create_label_map(["-x", f"{tmp_path}/xml", "-o", f"{tmp_path}/label_map.pbtxt"])
    return tmp_path


def _convert(folder: Path, *flags: str) -> int:
    return main(["-l", f"{folder}/label_map.pbtxt", "-o", f"{folder}/train.record", *flags])


def _names(*paths: str) -> list[str]:
    records = [decode_example(frame) for path in paths for frame in read_frames(path)]
    return [record[names.IMAGE_FILENAME][0].decode() for record in records]


def test_a_folder(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _convert(data, "-x", f"{data}/xml") == 0
    assert _names(f"{data}/train.record") == ["p0.jpg", "p1.jpg", "p2.jpg", "p3.jpg"]
    out = capsys.readouterr().out
    assert "4  pictures\n" in out
    assert "8  objects: cat 4, dog 4\n" in out
    assert f"1  pictures left out, they have no object\n            {data}/xml/p4.xml\n" in out


def test_background_pictures_on_request(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _convert(data, "-x", f"{data}/xml", "--keep_empty") == 0
    assert _names(f"{data}/train.record")[-1] == "p4.jpg"
    assert "1  pictures without objects, kept as background" in capsys.readouterr().out


def test_photos_in_another_folder_shards_and_a_list(data: Path) -> None:
    (data / "photos").mkdir()
    for path in (data / "xml").glob("*.jpg"):
        path.rename(data / "photos" / path.name)
    (data / "val.txt").write_text("p3\np1.jpg\np0\n")
    flags = ["-x", f"{data}/xml", "-i", f"{data}/photos", "--list", f"{data}/val.txt", "--num_shards", "2"]
    assert _convert(data, *flags) == 0
    paths = expand([f"{data}/train.record-*"])
    assert [_names(path) for path in paths] == [["p3.jpg", "p0.jpg"], ["p1.jpg"]]


def test_a_list_with_a_name_that_is_not_there(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "val.txt").write_text("p1\np9\n")
    flags = ["-x", f"{data}/xml", "--list", f"{data}/val.txt"]
    assert _convert(data, *flags) == 2
    assert f"{data}/xml/p9.xml" in capsys.readouterr().err
    assert not (data / "train.record").exists()
    assert _convert(data, *flags, "--skip_bad") == 0
    assert _names(f"{data}/train.record") == ["p1.jpg"]


def test_the_table_beside_the_records_gives_the_same_records(data: Path) -> None:
    assert _convert(data, "-x", f"{data}/xml", "-c", f"{data}/labels.csv") == 0
    from_xml = (data / "train.record").read_bytes()
    assert len((data / "labels.csv").read_text().splitlines()) == 9

    assert _convert(data, "--csv_input", f"{data}/labels.csv", "-i", f"{data}/xml") == 0
    assert (data / "train.record").read_bytes() == from_xml


def test_the_origin_is_recorded(data: Path) -> None:
    assert _convert(data, "-x", f"{data}/xml", "--voc_origin", "one_based") == 0
    assert json.loads((data / "train.manifest.json").read_text())["settings"]["voc_origin"] == "one_based"
    record = decode_example(next(read_frames(data / "train.record")))
    assert record[names.OBJECT_XMIN][0] == 9 / 64


def test_a_class_that_the_label_map_lacks(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "xml" / "p2.xml").write_text(annotation("p2.jpg", item("dgo")))
    assert _convert(data, "-x", f"{data}/xml") == 2
    error = capsys.readouterr().err
    assert error.endswith(
        "error: the label map has no class 'dgo'\n"
        f"  where: {data}/xml/p2.xml, line 4\n"
        "  what to do: did you mean 'dog'? Else add the class to the label map, or leave its objects out"
        " with --skip_unknown_classes\n"
    )
    assert _convert(data, "-x", f"{data}/xml", "--skip_unknown_classes") == 0


@pytest.mark.parametrize(
    ("data_set", "images", "pictures", "objects"),
    [
        ("raccoon/annotations", "raccoon/images", 200, {"raccoon": 217}),
        ("capybara/images/train", None, 180, {"capivara": 309}),
        ("capybara/images/test", None, 20, {"capivara": 25}),
        (
            "labelme_bbox/bbox_detection/data_dataset_voc/Annotations",
            None,
            3,
            {"bus": 2, "car": 1, "person": 6},
        ),
    ],
)
def test_real_data(
    shared: Path, tmp_path: Path, data_set: str, images: str | None, pictures: int, objects: dict[str, int]
) -> None:
    folder = f"{shared}/data/{data_set}"
    assert create_label_map(["-x", folder, "-o", f"{tmp_path}/label_map.pbtxt"]) == 0
    flags = ["-i", f"{shared}/data/{images}"] if images else []
    assert _convert(tmp_path, "-x", folder, *flags) == 0
    summary = json.loads((tmp_path / "train.manifest.json").read_text())
    assert (summary["pictures"], summary["objects"], summary["notes"]) == (pictures, objects, {})
    assert len(_names(f"{tmp_path}/train.record")) == pictures
