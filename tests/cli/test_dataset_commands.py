"""The commands that look at a data set: doctor, split, stats, browse."""

import json
from pathlib import Path

import pytest

from tests.annotations.voc_files import annotation, item, picture, write_photo
from tfod.cli import (
    browse_dataset,
    dataset_doctor,
    dataset_stats,
    generate_tfrecord,
    inspect_records,
    split_dataset,
    verify_records,
)
from tfod.config.label_map import label_map_from_names, write_label_map
from tfod.records.frames import read_frames


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of ten pictures, one of which has a box that is none."""
    for number in range(9):
        write_photo(tmp_path / "photos", f"p{number}", item(), data=picture(64, 48, quality=50 + number))
    write_photo(tmp_path / "photos", "p9", item(), item(box=(5, 5, 5, 9)), data=picture(64, 48, quality=70))
    write_label_map(label_map_from_names(["cat"]), tmp_path / "label_map.pbtxt")
    return tmp_path / "photos"


def test_the_doctor_tells_people_programs_and_ci(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = photos.parent / "report.json"
    assert dataset_doctor.main([str(photos), "--json", str(report)]) == 1
    told = capsys.readouterr().out
    assert f"{photos / 'p9.xml'}, line 8, object 2: the box has no area: (5, 5, 5, 9)" in told
    assert told.endswith("10 pictures, 11 objects: 1 error, 1 warning, 10 notes\n")

    content = json.loads(report.read_text())
    assert content["counts"] == {"annotation-fields": 10, "box-empty": 1, "class-rare": 1}
    (finding,) = [finding for finding in content["findings"] if finding["rule"] == "box-empty"]
    assert finding == {
        "severity": "error", "rule": "box-empty", "what": "the box has no area: (5, 5, 5, 9)",
        "file": str(photos / "p9.xml"), "line": 8, "object": 2, "picture": str(photos / "p9.jpg"),
        "cure": "drop the box", "fixed": True,
    }  # fmt: skip
    assert dataset_doctor.main([str(photos), "--ignore", "box-empty"]) == 0


def test_the_doctor_writes_a_copy_that_it_finds_sound(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = photos.parent / "repaired"
    assert dataset_doctor.main([str(photos), "--fix", str(output)]) == 1
    assert "the repaired copy; 1 change, listed in" in capsys.readouterr().out
    assert dataset_doctor.main([str(output)]) == 0
    assert dataset_doctor.main([str(photos), "--fix", str(output)]) == 2  # it is there already
    assert dataset_doctor.main([str(photos), "--fix", str(photos), "--overwrite"]) == 2
    assert "would take the place of the data set itself" in capsys.readouterr().err


def test_a_label_map_that_is_wrong_is_a_finding(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = photos.parent / "label_map.pbtxt"
    path.write_text("item { id: 0 name: 'cat' }")
    assert dataset_doctor.main([str(photos), "--label_map", str(path), "--ignore", "box-empty"]) == 1
    assert "label-map: a label map that cannot be used" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--ignore", "box-emtpy"], "did you mean box-empty?"),
        (["--config", "nowhere.config"], "there is no such pipeline config"),
        (["--list", "nowhere.txt"], "cannot read the list"),
    ],
)
def test_what_the_doctor_cannot_do(
    photos: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    assert dataset_doctor.main([str(photos), *flags]) == 2
    assert message in capsys.readouterr().err


def test_there_is_no_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (dataset_doctor, split_dataset, dataset_stats, browse_dataset):
        output = {split_dataset: ["-o", "x"], dataset_stats: ["-o", "x"], browse_dataset: ["-o", "x"]}
        assert command.main([str(tmp_path / "nowhere"), *output.get(command, [])]) == 2
        assert capsys.readouterr().err.startswith("error: ")


def test_a_split_is_what_other_commands_take(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lists, root = photos.parent / "lists", photos.parent
    command = [str(photos), "--val", "0.3", "--output_dir", str(lists), "--copy", str(root / "copies")]
    assert split_dataset.main(command) == 0
    assert "pictures" in (table := capsys.readouterr().out) and "70.0%     30.0%" in table
    assert len((lists / "val.txt").read_text().split()) == 3
    assert len([*(root / "copies" / "val").iterdir()]) == 6
    record = ["-x", str(photos), "-l", str(root / "label_map.pbtxt"), "-o", str(root / "val.record")]
    assert generate_tfrecord.main([*record, "--list", str(lists / "val.txt")]) == 0
    lists_of_doctor = ["--list", str(lists / "train.txt"), str(lists / "val.txt")]
    assert dataset_doctor.main([str(photos), *lists_of_doctor, "--ignore", "box-empty"]) == 0


ODD_STEMS = ("img (1)", "WhatsApp Image 2020-04-12 at 21.18.54", "a, b", "frame 1", "#5", '"six"', " seven ", "tab\t8")


def test_names_with_blanks_commas_tabs_and_quotes_go_from_split_to_records_and_doctor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, lists, labels = tmp_path / "photos", tmp_path / "lists", tmp_path / "label_map.pbtxt"
    for number, stem in enumerate(ODD_STEMS):
        write_photo(photos, stem, item(), data=picture(64, 48, quality=50 + number))
    write_label_map(label_map_from_names(["cat"]), labels)
    assert split_dataset.main([str(photos), "--val", "0.25", "-o", str(lists)]) == 0
    records = 0
    for part in ("train", "val"):
        command = ["-x", str(photos), "-l", str(labels), "-o", str(tmp_path / f"{part}.record")]
        assert generate_tfrecord.main([*command, "--list", str(lists / f"{part}.txt")]) == 0
        records += len([*read_frames(tmp_path / f"{part}.record")])
    assert records == len(ODD_STEMS)
    both = ["--list", str(lists / "train.txt"), str(lists / "val.txt")]
    assert dataset_doctor.main([str(photos), *both]) == 0
    assert "list-" not in capsys.readouterr().out


def test_lists_go_by_the_names_of_xml_files_that_are_called_otherwise_than_their_images(tmp_path: Path) -> None:
    photos, lists, labels = tmp_path / "photos", tmp_path / "lists", tmp_path / "label_map.pbtxt"
    for number in range(4):
        path = write_photo(photos, f"img {number}", item(), data=picture(64, 48, quality=50 + number))
        path.rename(photos / f"annotation {number}.{'XML' if number % 2 else 'xml'}")
    write_label_map(label_map_from_names(["cat"]), labels)
    assert split_dataset.main([str(photos), "--val", "0.5", "-o", str(lists)]) == 0
    for part in ("train", "val"):
        command = ["-x", str(photos), "-l", str(labels), "-o", str(tmp_path / f"{part}.record")]
        assert generate_tfrecord.main([*command, "--list", str(lists / f"{part}.txt")]) == 0
    assert dataset_doctor.main([str(photos), "--list", str(lists / "train.txt"), str(lists / "val.txt")]) == 0
    (lists / "images.txt").write_text("img 0.jpg\nimg 3.jpg\n")
    assert dataset_doctor.main([str(photos), "--list", str(lists / "images.txt")]) == 0


def test_records_of_a_folder_are_verified_and_shown(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(photos.parent)
    for part in ("train", "val"):
        output = photos.parent / "records" / part / "x.record"
        assert generate_tfrecord.main(["-x", str(photos), "-l", "label_map.pbtxt", "-o", str(output)]) == 0
    capsys.readouterr()
    assert verify_records.main(["records"]) == 0
    assert "20  records in 2 files" in capsys.readouterr().out
    assert inspect_records.main(["records", "--record", "12"]) == 0
    assert "records/val/x.record, record 2" in capsys.readouterr().out


def test_split_and_stats_tell_what_the_readers_had_to_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        write_photo(tmp_path, f"p{number}", item(), data=picture(64, 48, quality=50 + number))
        shape = item(f"two{number}").replace("</bndbox>", "</bndbox><bndbox><xmin>1</xmin><ymin>1</ymin>"
                                             "<xmax>9</xmax><ymax>9</ymax></bndbox>")  # fmt: skip
        (tmp_path / f"p{number}.xml").write_text(annotation(f"p{number}.jpg", shape))
    for command in (split_dataset, dataset_stats):
        output = ["--output_dir", str(tmp_path / "out")]
        assert command.main([str(tmp_path), *output]) == 0
        told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: ")]
        assert len(told) == 1 and "p0.xml, line 4, and 3 more: pictures with several boxes in one object" in told[0]
    (tmp_path / "p9.xml").write_text("<annotation>")
    assert split_dataset.main([str(tmp_path), *output]) == 2
    assert dataset_stats.main([str(tmp_path), *output]) == 0
    assert "p9.xml, line 1: left out: the XML is malformed" in capsys.readouterr().err


def test_lists_tell_what_they_do_not_match(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, val, other = (photos.parent / f"{name}.txt" for name in ("train", "val", "other"))
    (photos / "p1.jpg").write_bytes((photos / "p0.jpg").read_bytes())
    train.write_text("p0\np2\n")
    val.write_text("p1.jpg\nnobody.jpg\np2\n")
    other.write_text("q1\nq2\nq3\nq4\n")
    lists = ["--list", *map(str, (train, val, other)), "--ignore", "box-empty", "--json", str(photos.parent / "r.json")]
    assert dataset_doctor.main([str(photos), *lists]) == 1
    found = json.loads((photos.parent / "r.json").read_text())["findings"]
    told = {finding["rule"]: (finding["file"], finding["what"]) for finding in found}
    assert told["split-leak"][1].startswith("the same picture as")
    assert told["list-names"] == (str(val), "1 of its 3 names are those of no image: 'nobody'")
    assert told["list-repeated"] == (str(val), f"1 of its names are in {train} too: 'p2'")
    assert told["list-unmatched"] == (str(other), "none of its 4 names is that of an image: 'q1', 'q2', 'q3', ...")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--val", "0.5", "--test", "0.5"], "nothing is left to learn from"),
        (["--folds", "1"], "1 folds are no split"),
        (["--folds", "11"], "cannot be split into 11 parts"),
        (["--group", "["], "malformed"),
    ],
)
def test_splits_that_cannot_be(
    photos: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    assert split_dataset.main([str(photos), "-o", str(photos.parent / "lists"), *flags]) == 2
    assert message in capsys.readouterr().err
    assert not (photos.parent / "lists").exists()


def test_lists_cannot_tell_equal_names_apart(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_photo(photos / "more", "p1", item())
    assert split_dataset.main([str(photos), "-o", str(photos.parent / "lists")]) == 2
    assert "two pictures are called 'p1'" in capsys.readouterr().err


def test_statistics_are_printed_and_written(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = photos.parent / "statistics"
    assert dataset_stats.main([str(photos), "-o", str(output), "--anchors", "2"]) == 0
    told = capsys.readouterr().out
    assert "1 shapes by k-means" in told and "20 x 24" in told
    names = ["classes.csv", "objects.csv", "pictures.csv", "statistics.png", "together.csv"]
    assert sorted(path.name for path in output.iterdir()) == names
    assert len((output / "objects.csv").read_text().splitlines()) == 11


def test_statistics_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_photo(tmp_path / "in", "a")
    assert dataset_stats.main([str(tmp_path / "in"), "-o", str(tmp_path / "out")]) == 2
    assert "no object" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_page_is_written(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = photos.parent / "page" / "browse.html"
    assert browse_dataset.main([str(photos), "-o", str(page), "--limit", "4", "--thumbnail", "32"]) == 0
    assert "4 pictures" in capsys.readouterr().out
    assert page.read_text().count('"name":') == 4
