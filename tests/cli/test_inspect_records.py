"""inspect_records: one example, found by number or name, as tables and as a picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.annotations.voc_files import item, picture, write_photo
from tfod import names
from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Keypoint
from tfod.annotations.voc import read_voc_files
from tfod.cli.inspect_records import main
from tfod.config.label_map import label_map_from_names
from tfod.records.example import bytes_feature, encode_example, int64_feature
from tfod.records.frames import write_frame
from tfod.records.write import write_records
from tfod.visualize.colours import class_colour


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Two shards of five photos; p3 has two objects."""
    items = [
        [item()] * 1,
        [item("dog")],
        [],
        [item("dog", (0, 0, 32, 24), "<difficult>1</difficult>"), item()],
        [item()],
    ]
    photos = [str(write_photo(tmp_path / "in", f"p{number}", *some)) for number, some in enumerate(items)]
    write_records(read_voc_files(photos), tmp_path / "a.record", label_map_from_names(["cat", "dog"]), 2)
    return tmp_path


def test_by_name_as_tables_and_picture(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = records / "drawn.png"
    assert main([f"{records}/a.record-*", "--name", "p3", "--output", str(output)]) == 0
    out = capsys.readouterr().out
    assert f"{records}/a.record-00001-of-00002, record 1: " in out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]
    assert [names.IMAGE_FILENAME, "bytes", "1", "p3.jpg"] in rows
    assert [names.OBJECT_CLASS_TEXT, "bytes", "2", "dog, cat"] in rows
    assert ["1", "2", "0.0", "0.0", "32.0", "24.0", "32.0", "24.0", "dog", "difficult"] in rows
    assert ["2", "1", "10.0", "12.0", "30.0", "36.0", "20.0", "24.0", "cat", ""] in rows

    drawn = np.asarray(Image.open(output))
    assert drawn.shape == (48 * 5, 64 * 5, 3)  # a thumbnail, enlarged
    for class_id in (1, 2):
        assert (drawn == class_colour(class_id)).all(axis=-1).any()


def test_by_number_through_all_files(
    records: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(records)
    assert main(["a.record-*"]) == 0
    assert Path("p0_boxes.png").is_file()
    assert main(["a.record-*", "--record", "4"]) == 0  # the first shard has p0, p2, p4, the second p1, p3
    assert "a.record-00001-of-00002, record 1:" in capsys.readouterr().out
    assert Path("p3_boxes.png").is_file()
    assert main(["a.record-00001-of-00002", "-r", "0", "-o", "one.jpg"]) == 0
    assert Path("one.jpg").read_bytes().startswith(b"\xff\xd8")


def test_what_is_not_there(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flags, what in (
        (["-r", "5"], "there is no record 5"),
        (["-n", "p9.jpg"], "no record is named 'p9.jpg'"),
    ):
        assert main([f"{records}/a.record-*", *flags, "-o", f"{records}/out.png"]) == 2
        assert what in capsys.readouterr().err
    assert not (records / "out.png").exists()


def test_a_damaged_record(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = records / "a.record-00000-of-00002"
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    assert main([f"{path}", "-o", f"{records}/out.png"]) == 2
    assert f"{path}, record 0, byte 0" in capsys.readouterr().err
    assert main([f"{path}", "-n", "p0"]) == 2
    assert "1 damaged records could not be looked at" in capsys.readouterr().err
    assert main([f"{path}", "-n", "p2", "-o", f"{records}/out.png"]) == 0  # those behind it can be


def test_a_class_mask_tints_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = np.zeros((400, 400), np.uint8)
    mask[:, 200:] = 2
    mask[300:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    grey = Image.new("RGB", (400, 400), (100, 100, 100))
    grey.save(tmp_path / "grey.png")
    features = {
        names.IMAGE_FILENAME: bytes_feature(b"road\x1b[31m.png"),
        names.IMAGE_HEIGHT: int64_feature((400,)),
        names.IMAGE_ENCODED: bytes_feature((tmp_path / "grey.png").read_bytes()),
        names.CLASS_MASK_ENCODED: bytes_feature((tmp_path / "mask.png").read_bytes()),
    }
    with (tmp_path / "m.record").open("wb") as file:
        write_frame(file, encode_example(features))
        write_frame(file, encode_example({**features, names.IMAGE_ENCODED: bytes_feature(picture()[:100])}))
    assert main([f"{tmp_path}/m.record", "-o", f"{tmp_path}/out.png"]) == 0
    assert "\x1b" not in capsys.readouterr().out
    drawn = np.asarray(Image.open(tmp_path / "out.png"))
    expected = [(100 + side) // 2 for side in class_colour(2)]
    assert drawn[10, 10].tolist() == drawn[390, 390].tolist() == [100, 100, 100]
    assert drawn[10, 390].tolist() == expected
    assert main([f"{tmp_path}/m.record", "-r", "1", "-o", f"{tmp_path}/bad.png"]) == 2
    assert "image/encoded cannot be decoded" in capsys.readouterr().err


def test_masks_and_keypoints_are_told_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.png").write_bytes(picture(kind="PNG"))
    outline = (2.0, 4.0, 30.0, 4.0, 30.0, 40.0, 2.0, 40.0)
    points = (Keypoint(10, 12), Keypoint(50, 40, 1), Keypoint(0, 0, 0))
    cat = AnnotatedObject("cat", 2, 4, 30, 40, mask=(outline,), keypoints=points)
    image = AnnotatedImage("a", "a.png", f"{tmp_path}/a.png", (cat, cat._replace(mask=None, keypoints=())))
    bare = image._replace(filename="b.png", objects=tuple(item._replace(mask=None, keypoints=()) for item in image[3]))
    write_records([image, bare], tmp_path / "a.record", label_map_from_names(["cat"]))

    drawn = []
    for name in ("a", "b"):
        assert main([f"{tmp_path}/a.record", "--name", name, "--output", f"{tmp_path}/{name}_drawn.png"]) == 0
        drawn.append(np.asarray(Image.open(tmp_path / f"{name}_drawn.png"), np.int64))

    out = capsys.readouterr().out
    assert "2 of 3" in out and "0 of 3" in out
    changed = np.abs(drawn[0] - drawn[1]).sum(axis=-1) > 0
    scale = drawn[0].shape[0] // 48
    assert changed[8 * scale : 36 * scale, 6 * scale : 26 * scale].mean() > 0.9, "the mask tints its pixels"
    assert changed[39 * scale : 41 * scale, 49 * scale : 51 * scale].any(), "a hidden keypoint is a ring"
    assert not changed[45 * scale :, 40 * scale :].any()

    edges = "keypoint_edge { start: 0 end: 1 } keypoint_edge { start: 1 end: 2 }"
    (tmp_path / "pipeline.config").write_text(f"eval_config {{ {edges} }}")
    flags = ["--pipeline_config_path", f"{tmp_path}/pipeline.config", "--output", f"{tmp_path}/lines.png"]
    assert main([f"{tmp_path}/a.record", "--name", "a", *flags]) == 0
    lines = np.asarray(Image.open(tmp_path / "lines.png"), np.int64)
    assert lines[26 * scale, 30 * scale].tolist() == [*class_colour(1)], "half way between the two points"
    assert not (lines != drawn[0])[41 * scale :].any(), "there is no line to a point that is not labelled"
