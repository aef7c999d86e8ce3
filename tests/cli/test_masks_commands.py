"""check_masks.py, split_masks.py and masks_to_tfrecord.py, from folders to what they write."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.segmentation.drawn_masks import ROAD_COLOURS, ROAD_NAMES, in_colours, photo, road, save
from tfod import names
from tfod.annotations.pictures import read_header
from tfod.cli import check_masks, masks_to_tfrecord, split_masks
from tfod.errors import DataError
from tfod.records.example import decode_example
from tfod.records.frames import read_frames
from tfod.segmentation.data import open_folders, open_list, open_records, split
from tfod.segmentation.masks import read_mask


@pytest.fixture
def roads(tmp_path: Path) -> Path:
    """Twelve colour-coded pairs, JPEG pictures, the class table beside the masks."""
    for number in range(12):
        save(photo(48, 64, seed=number), tmp_path / "images" / f"r{number}.jpg")
        save(in_colours(road(seed=number)), tmp_path / "masks" / f"r{number}_L.png")
    colours = [*zip(ROAD_NAMES, ROAD_COLOURS, strict=True), ("Void", (0, 0, 0))]
    lines = [f"{red} {green} {blue}\t{name}\n" for name, (red, green, blue) in colours]
    (tmp_path / "label_colors.txt").write_text("".join(lines))
    return tmp_path


def _flags(root: Path) -> list[str]:
    return ["--images", str(root / "images"), "--masks", str(root / "masks")]


def test_check_tells_what_is_there_and_shows_it(roads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, findings = str(roads / "sheet.html"), str(roads / "found.json")
    assert check_masks.main([*_flags(roads), "--sheet", sheet, "--json", findings, "--sheet_pictures", "3"]) == 0
    told = capsys.readouterr().out
    assert "12 pairs" in told and "colours: each colour is a class" in told and "Pavement" in told
    page = Path(sheet).read_text(encoding="utf-8")
    assert page.count("<img") == 3 and "http" not in page
    assert json.loads(Path(findings).read_text()) == []

    save(road(20, 20), roads / "masks" / "r1_L.png")
    picture = roads / "sheet.jpg"
    assert check_masks.main([*_flags(roads), "--sheet", str(picture)]) == 1
    assert "error size: 1" in capsys.readouterr().out
    assert read_header(picture.read_bytes(), "").width == 1080


def test_the_check_and_the_conversion_do_without_tensorflow(roads: Path) -> None:
    program = "import sys; from tfod.cli import check_masks, masks_to_tfrecord, split_masks\n"
    program += f"flags = {_flags(roads)!r}; out = {str(roads / 'out')!r}\n"
    program += "check_masks.main([*flags, '--sheet', out + '.html']); split_masks.main([*flags, '-o', out])\n"
    program += "masks_to_tfrecord.main([*flags, '-o', out + '.record']); sys.exit('tensorflow' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-500:]


def test_check_compares_two_parts(roads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = ["--val_images", str(roads / "images"), "--val_masks", str(roads / "masks")]
    assert check_masks.main([*_flags(roads), *other]) == 1
    assert "error in-two-parts: 12" in capsys.readouterr().out
    assert check_masks.main(_flags(roads)[:2]) == 2
    assert "named by halves" in capsys.readouterr().err


def test_a_split_has_its_share_of_every_class(roads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [*_flags(roads), "--val", "0.25", "--test", "0.25", "-o", str(roads / "lists")]
    assert split_masks.main(command) == 0
    lists = {name: (roads / "lists" / f"{name}.txt").read_text() for name in ("train", "val", "test")}
    assert [len(text.splitlines()) for text in lists.values()] == [6, 3, 3]
    assert len(set("".join(lists.values()).splitlines())) == 12
    whole = open_folders(str(roads / "images"), str(roads / "masks")).class_pixels.sum(axis=0)
    for name, share in (("train", 0.5), ("val", 0.25), ("test", 0.25)):
        part = open_list(str(roads / "lists" / f"{name}.txt"), classes=str(roads / "label_colors.txt"))
        assert np.abs(part.class_pixels.sum(axis=0) / whole - share).max() < 0.08
    assert "Pavement" in capsys.readouterr().out

    assert split_masks.main(command) == 0
    assert (roads / "lists" / "val.txt").read_text() == lists["val"]
    assert split_masks.main([*command, "--val", "0.9", "--test", "0.2"]) == 2


def test_lists_of_names_with_commas_and_blanks_are_read_by_the_commands_that_take_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, name in enumerate(("a, b", "c d", "e;f", "#g", "plain", "h")):
        save(photo(48, 64, seed=number), tmp_path / "images" / f"{name}.jpg")
        save(road(seed=number), tmp_path / "masks" / f"{name}.jpg.png")
    lists = tmp_path / "lists"
    assert split_masks.main([*_flags(tmp_path), "--val", "0.34", "-o", str(lists)]) == 0
    command = ["--pairs", str(lists / "train.txt")]
    assert check_masks.main([*command, "--val_pairs", str(lists / "val.txt")]) == 0
    told = capsys.readouterr().out
    assert "train: 4 pairs of a list" in told and "val: 2 pairs of a list" in told and "nothing found" in told
    assert masks_to_tfrecord.main([*command, "-o", str(tmp_path / "train.record")]) == 0


def test_held_out_pairs_are_the_rest(roads: Path) -> None:
    data = open_folders(str(roads / "images"), str(roads / "masks"))
    training, validation = split(data, 0.25)
    assert sorted([*training.source.names, *validation.source.names]) == sorted(data.source.names)
    assert len(validation.source) == 3
    with pytest.raises(DataError, match="cannot be divided"):
        split(data.part([0]), 0.5)


def test_records_give_back_the_pictures_and_the_masks(roads: Path) -> None:
    save(photo(48, 64).astype(np.uint8)[..., 0].astype(np.uint16) * 257, roads / "images" / "r0.tif")
    (roads / "images" / "r0.jpg").unlink()
    output = roads / "records" / "train.record"
    assert masks_to_tfrecord.main([*_flags(roads), "-o", str(output), "--num_shards", "2"]) == 0

    folder = open_folders(str(roads / "images"), str(roads / "masks"))
    records = open_records([f"{output}-*"])
    assert records.encoding.classes.names == ROAD_NAMES  # found in train.classes.txt
    order = {name: number for number, name in enumerate(folder.source.names)}
    for number, name in enumerate(records.source.names):
        expected = folder.source.read(order[Path(name).stem])
        for one, other in zip(records.source.read(number), expected, strict=True):
            np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(records.class_pixels.sum(axis=0), folder.class_pixels.sum(axis=0))

    examples = [decode_example(frame) for frame in read_frames(f"{output}-00001-of-00002")]
    assert examples[0][names.IMAGE_ENCODED] == [(roads / "images" / "r1.jpg").read_bytes()]
    assert examples[0][names.CLASS_MASK_FORMAT] == [b"png"]
    summary = json.loads((roads / "records" / "train.manifest.json").read_text())
    assert (summary["pairs"], summary["pictures written as PNG"]) == (12, 1)


def test_no_record_is_left_of_a_conversion_that_fails(roads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(photo(20, 20), roads / "images" / "r5.jpg")
    output = roads / "records" / "train.record"
    assert masks_to_tfrecord.main([*_flags(roads), "-o", str(output)]) == 2
    assert "20 x 20 pixels, its mask 64 x 48" in capsys.readouterr().err
    assert list(output.parent.iterdir()) == []


def test_the_data_file_names_parts_and_classes(roads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = "\n".join(f"  {name}: [{r}, {g}, {b}]" for name, (r, g, b) in zip(ROAD_NAMES, ROAD_COLOURS, strict=True))
    data = roads / "data.yaml"
    data.write_text(f"images: images\nmasks: masks\nclasses:\n{table}\n  void: [0, 0, 0]\n")
    (roads / "label_colors.txt").unlink()
    assert check_masks.main(["--data", str(data)]) == 0
    assert "Pavement" in capsys.readouterr().out

    for text, what in (
        ("imges: x", "has imges"), ("[", "cannot be read"), ("masks: [3]", "masks is \"['3']\""),
        ("classes: {a: [1, 2]}", "classes cannot be read"), ("mask_kind: red", "mask_kind is 'red'"),
    ):  # fmt: skip
        data.write_text(text)
        assert check_masks.main(["--data", str(data)]) == 2
        assert what in capsys.readouterr().err


def test_masks_of_a_run_are_read_as_those_it_learnt_from(roads: Path) -> None:
    learnt = open_folders(str(roads / "images"), str(roads / "masks"))
    (roads / "label_colors.txt").unlink()
    again = open_folders(str(roads / "images"), str(roads / "masks"), encoding=learnt.encoding)
    np.testing.assert_array_equal(again.class_pixels, learnt.class_pixels)
    mask = read_mask(roads / "masks" / "r3_L.png", again.encoding)
    np.testing.assert_array_equal(mask, road(seed=3))
