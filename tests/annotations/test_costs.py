"""Work grows as the input does: no file of strangers, however it is made, takes minutes or all memory."""

import json
import struct
from pathlib import Path

import pytest

from tests.annotations.voc_files import annotation, item, picture, write_photo
from tests.clock import seconds_at_most
from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.catalogue import read_dataset
from tfod.annotations.coco import read_coco
from tfod.annotations.format import Reading
from tfod.annotations.path_list import fields_of, list_names
from tfod.annotations.source import open_sources
from tfod.annotations.yaml_text import read_yaml
from tfod.cli import check_masks, dataset_stats, inspect_records
from tfod.config.label_map import LabelMap, LabelMapItem
from tfod.doctor.examination import Checks, Report, examine
from tfod.doctor.rules.classes import check_label_map
from tfod.errors import DataError
from tfod.explore.browse import write_page
from tfod.explore.split import split_pictures
from tfod.names import IMAGE_ENCODED, IMAGE_FILENAME
from tfod.records.example import bytes_feature, encode_example, float_feature
from tfod.records.frames import read_frames, write_frame
from tfod.shards import masked_crc

MANY = 4000
CHECKS = Checks(LabelMap(tuple(LabelMapItem(number, f"class {number} of all") for number in range(1, MANY))), "map")


def _looked_at(folder: Path, text: str) -> Report:
    write_photo(folder)
    (folder / "photo.xml").write_text(text)
    sources = open_sources([str(folder)])
    report = examine(sources, CHECKS)
    write_page(sources, report.findings, folder / "page.html")
    return report


@pytest.mark.parametrize(
    "box",
    [
        lambda n: (10, 12, 30, 36),
        lambda n: (10, n % 36 / 3, 30, n % 36 / 3 + 12),
        lambda n: (n / 1e4, 2, 30 + n / 1e4, 9),
    ],
    ids=["the same", "one column", "moved a little"],
)
def test_thousands_of_objects_in_one_image(box, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    objects = "".join(item(f"class {n % 7} of all", box(n)) for n in range(MANY))
    with seconds_at_most(8):
        report = _looked_at(tmp_path, annotation("photo.jpg", objects))
    assert report.objects == MANY
    assert sum(finding.rule.startswith("box-d") for finding in report.findings) > MANY / 2


@pytest.mark.parametrize(
    "name", [lambda n: f"class {n}", lambda n: f"klass {'ab'[n % 2]}{chr(0x4E00 + n)}", lambda n: "k!" * (n + 1)],
    ids=["numbers", "one letter", "marks"],
)  # fmt: skip
def test_thousands_of_classes(name, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    objects = "".join(item(name(n), (n % 50, 2, n % 50 + 9, 20)) for n in range(MANY // 2))
    with seconds_at_most(8):
        _looked_at(tmp_path, annotation("photo.jpg", objects))


def test_which_of_thousands_of_classes_are_seen_together(tmp_path: Path) -> None:
    write_photo(tmp_path, "photo", *(item(f"class {n}", (n % 50, 2, n % 50 + 9, 20)) for n in range(600)))
    with seconds_at_most(15):
        assert dataset_stats.main([str(tmp_path), "--output_dir", str(tmp_path / "out")]) == 0
    assert len((tmp_path / "out" / "together.csv").read_text().splitlines()) == 501


def test_a_split_of_thousands_of_classes() -> None:
    boxes = [AnnotatedObject(f"class {n}", 0, 0, 10, 10) for n in range(MANY)]
    images = [AnnotatedImage("a", f"{n}.jpg", None, tuple(boxes[n::20]), 100, 100) for n in range(20)]
    with seconds_at_most(8):
        assert len(split_pictures(images, {"train": 0.8, "val": 0.2}).members(1)) == 4


def test_an_id_of_two_thousand_million_is_a_gap_and_no_list_of_numbers() -> None:
    label_map = LabelMap((LabelMapItem(1, "cat"), LabelMapItem(2**31 - 1, "dog")))
    with seconds_at_most(1):
        (finding,) = check_label_map(label_map, "map")
    assert finding.what == "2 classes count up to 2147483647; there is no 2, 3, 4, 5, 6, ..."


def test_thousands_of_images_that_are_not_there(tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"photos/{n}.jpg", "width": 64, "height": 48} for n in range(MANY)]
    content = {"images": images, "annotations": [], "categories": [{"id": 1, "name": "cat"}]}
    (tmp_path / "a.json").write_text(json.dumps(content))
    (tmp_path / "images").mkdir()
    with seconds_at_most(3):
        assert len([*read_coco(str(tmp_path), Reading()).images]) == MANY
    (tmp_path / "b.jpg").write_bytes(picture())
    (tmp_path / "train.txt").write_text("".join(f"/far/away/images/{n}.jpg\n" for n in range(MANY)) + "b.jpg\n")
    (tmp_path / "data.yaml").write_text("train: train.txt\nnames: [cat]\n")
    with seconds_at_most(3):
        images_of_yolo = [*read_dataset(str(tmp_path), "yolo").images]
    assert len(images_of_yolo) == MANY + 1 and sum(isinstance(one, AnnotatedImage) for one in images_of_yolo) == 1


def test_thousands_of_classes_that_two_files_number_otherwise(tmp_path: Path) -> None:
    for name, step in (("a", 1), ("b", -1)):
        classes = [{"id": n, "name": f"c{step * n}"} for n in range(1, MANY)]
        (tmp_path / f"{name}.json").write_text(json.dumps({"images": [], "annotations": [], "categories": classes}))
    with seconds_at_most(1):
        assert len({*read_coco(str(tmp_path), Reading()).class_ids.values()}) == 2 * (MANY - 1)


def test_an_example_of_many_objects_is_shown_in_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sides = {f"image/object/bbox/{side}": float_feature([0.1 + 0.2 * (side[1:] == "max")] * 50_000)
             for side in ("xmin", "ymin", "xmax", "ymax")}  # fmt: skip
    features = {IMAGE_FILENAME: bytes_feature(b"\0../[/a\x1b.jpg"), IMAGE_ENCODED: bytes_feature(picture())}
    with (tmp_path / "a.record").open("wb") as file:
        write_frame(file, encode_example({**features, **sides}))
    with pytest.MonkeyPatch.context() as patch, seconds_at_most(8):
        patch.chdir(tmp_path)
        assert inspect_records.main(["a.record"]) == 0
    out = capsys.readouterr().out
    assert "and 49500 more objects" in out and len(out) < 1_000_000
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".png"] == ["a__boxes.png"]


def test_a_record_longer_than_any_example_is_refused_by_its_length(tmp_path: Path) -> None:
    length = struct.pack("<Q", 6 << 30)
    with (tmp_path / "a.record").open("wb") as file:
        file.write(length + struct.pack("<I", masked_crc(length)))
        file.truncate((6 << 30) + 16)  # no block of it is on the disk
    with seconds_at_most(1), pytest.raises(DataError, match=r"a record of 6\.4 GB is no tf\.Example"):
        [*read_frames(tmp_path / "a.record")]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nclasses: *b\n", "aliases"),
        ("classes: " + "[" * 20_000, "nested too deeply"),
        ("".join(f"{' ' * n}a:\n" for n in range(700)), "malformed"),
        ("- " * 20_000, "nested too deeply"),
    ],
)
def test_a_yaml_that_is_a_bomb_is_refused_at_once(
    text: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with seconds_at_most(2):
        with pytest.raises(DataError, match=what):
            read_yaml(str(tmp_path / "data.yaml"))
        assert check_masks.main(["--data", str(tmp_path / "data.yaml")]) == 2
    assert what in capsys.readouterr().err


def test_dates_and_numbers_of_a_yaml_are_texts(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"date: 2020-99-99\nnumber: {'9' * 5000}\nsixty: 1:60:60\nhex: 0x_\n")
    assert read_yaml(str(tmp_path / "a.yaml"))["date"] == "2020-99-99"


@pytest.mark.parametrize("filling", [" ", '"', '""', '"a\t', "\t", ", "])
def test_a_list_whose_line_is_longer_than_any_path(filling: str, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"a{filling * 30_000}b\n")
    with seconds_at_most(2):
        with pytest.raises(DataError, match="longer than any path"):
            [*list_names(tmp_path / "list.txt")]
        for separators in ("\t", ",", r"\s"):
            fields_of(f"a{filling * 8_000}b"[:16_000], separators)
