"""Annotated pictures to record files, all or nothing."""

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.annotations.voc_files import item, write_photo
from tfod import __version__, names
from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.voc import read_voc, read_voc_files
from tfod.config.label_map import label_map_from_names
from tfod.errors import DataError, OutputError
from tfod.records.convert import ConversionRules
from tfod.records.example import decode_example
from tfod.records.files import expand
from tfod.records.frames import read_frames
from tfod.records.manifest import manifest_path, record_file
from tfod.records.write import write_records
from tfod.shards import shard_names

LABEL_MAP = label_map_from_names(["cat", "dog"])


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """The paths of seven annotated photos."""
    return [str(write_photo(tmp_path / "in", f"p{number}", item())) for number in range(7)]


def _names(path: Path | str) -> list[str]:
    return [decode_example(frame)[names.IMAGE_FILENAME][0].decode() for frame in read_frames(path)]


def test_one_file_in_the_order_given(tmp_path: Path, photos: list[str]) -> None:
    output = tmp_path / "new" / "train.record"
    summary = write_records(read_voc_files(photos), output, LABEL_MAP)
    assert _names(output) == [f"p{number}.jpg" for number in range(7)]
    assert summary.pictures == 7
    assert json.loads(Path(manifest_path(output)).read_text()) == {
        "tfod": __version__,
        "files": [
            {
                "name": "train.record",
                "records": 7,
                "bytes": output.stat().st_size,
                "checksum": f"{record_file(output).checksum:08x}",
            }
        ],
        "pictures": 7,
        "objects": {"cat": 7},
        "notes": {},
        "settings": {**asdict(ConversionRules()), "label_map": {"cat": 1, "dog": 2}},
    }
    assert sorted(path.name for path in output.parent.iterdir()) == ["train.manifest.json", "train.record"]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, photos: list[str]) -> None:
    for name in ("a", "b"):
        write_records(read_voc_files(photos), tmp_path / name, LABEL_MAP)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_shards_take_turns(tmp_path: Path, photos: list[str]) -> None:
    output = tmp_path / "out" / "train.record"
    write_records(read_voc_files(photos), output, LABEL_MAP, num_shards=3, rules=ConversionRules("one_based"))
    paths = expand([f"{output}-?????-of-00003"])
    assert paths == shard_names(str(output), 3)
    assert [_names(path) for path in paths] == [
        ["p0.jpg", "p3.jpg", "p6.jpg"],
        ["p1.jpg", "p4.jpg"],
        ["p2.jpg", "p5.jpg"],
    ]
    assert json.loads(Path(manifest_path(output)).read_text())["settings"]["voc_origin"] == "one_based"
    assert len(list(output.parent.iterdir())) == 4


def test_tensorflow_reads_the_records(tmp_path: Path, photos: list[str]) -> None:
    import tensorflow as tf

    output = str(tmp_path / "train.record")
    write_records(read_voc_files(photos), output, LABEL_MAP, num_shards=2)
    features = {
        names.IMAGE_ENCODED: tf.io.FixedLenFeature((), tf.string),
        names.IMAGE_HEIGHT: tf.io.FixedLenFeature((), tf.int64),
        names.OBJECT_XMIN: tf.io.VarLenFeature(tf.float32),
        names.OBJECT_CLASS_LABEL: tf.io.VarLenFeature(tf.int64),
        names.OBJECT_VIEW: tf.io.VarLenFeature(tf.string),
    }
    count = 0
    for record in tf.data.TFRecordDataset(expand([f"{output}-*"])):
        parsed = tf.io.parse_single_example(record, features)
        assert tf.io.decode_image(parsed[names.IMAGE_ENCODED]).shape == (48, 64, 3)
        assert parsed[names.IMAGE_HEIGHT] == 48
        assert parsed[names.OBJECT_XMIN].values.numpy().tolist() == [10 / 64]
        assert parsed[names.OBJECT_CLASS_LABEL].values.numpy().tolist() == [1]
        count += 1
    assert count == 7


def test_nothing_is_changed_after_an_error(tmp_path: Path, photos: list[str]) -> None:
    output = tmp_path / "out" / "train.record"
    write_records(read_voc_files(photos[:2]), output, LABEL_MAP)
    before = {path: path.read_bytes() for path in output.parent.iterdir()}
    Path(photos[5]).write_text("<annotation>")

    for shards in (1, 3):
        with pytest.raises(DataError, match="malformed"):
            write_records(read_voc_files(photos), output, LABEL_MAP, num_shards=shards)
        assert {path: path.read_bytes() for path in output.parent.iterdir()} == before

    summary = write_records(read_voc_files(photos), output, LABEL_MAP, rules=ConversionRules(skip_bad=True))
    assert (summary.pictures, summary.notes["bad"].total) == (6, 1)
    assert f"{photos[5]}, line 1: the XML is malformed" in summary.notes["bad"].places[0]


def test_nothing_to_write_is_an_error(tmp_path: Path, photos: list[str]) -> None:
    for images in ([], [DataError("broken", "a.xml", "mend it")]):
        with pytest.raises(DataError, match="no picture is left"):
            write_records(images, tmp_path / "out" / "a", LABEL_MAP, rules=ConversionRules(skip_bad=True))
    assert list((tmp_path / "out").iterdir()) == []


def test_places_that_are_no_files(tmp_path: Path, photos: list[str]) -> None:
    images = [read_voc(path) for path in photos]
    with pytest.raises(OutputError, match="is a directory"):
        write_records(images, tmp_path, LABEL_MAP)
    with pytest.raises(OutputError, match="a device"):
        write_records(images, "/dev/null", LABEL_MAP)
    assert Path("/dev/null").is_char_device()
    with pytest.raises(OutputError, match="0 shards"):
        write_records(images, tmp_path / "a", LABEL_MAP, num_shards=0)
    with pytest.raises(OutputError):
        write_records(images, Path(photos[0]) / "a", LABEL_MAP)


def test_equal_file_names_are_counted(tmp_path: Path) -> None:
    paths = [str(write_photo(tmp_path / folder, "same", item())) for folder in "ab"]
    summary = write_records(read_voc_files(paths), tmp_path / "a.record", LABEL_MAP)
    assert (summary.pictures, summary.notes["same_name"].total) == (2, 1)


def test_memory_does_not_grow_with_the_data_set(tmp_path: Path, photos: list[str]) -> None:
    (image,) = read_voc_files(photos[:1])
    big = tmp_path / "big.jpg"
    big.write_bytes(Path(image.picture).read_bytes()[:-2] + bytes(200_000) + b"\xff\xd9")

    def many(count: int) -> Iterator[AnnotatedImage]:
        for number in range(count):
            yield image._replace(filename=f"{number}.jpg", picture=str(big))

    peaks = []
    for count in (100, 300):
        tracemalloc.start()
        write_records(many(count), tmp_path / "a.record", LABEL_MAP)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000  # less than one more picture, for 200 more


KILLED_AT_RENAME = """
import os, signal, sys
from tfod.annotations.voc import read_voc_files
from tfod.config.label_map import label_map_from_names
from tfod.records import write

renames, rename = 0, os.replace
def replace(*paths):
    global renames
    renames += 1
    if renames == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    rename(*paths)
os.replace = replace
write.write_records(read_voc_files(sys.argv[3:]), sys.argv[2], label_map_from_names(["cat", "dog"]), num_shards=3)
"""


# Three notes, the manifest and three shards get their names, in this order.
@pytest.mark.parametrize(("rename", "left"), [(1, "old"), (4, "old"), (5, "incomplete"), (7, "incomplete")])
def test_killed_between_renames_old_and_new_shards_are_never_mixed_unseen(
    tmp_path: Path, photos: list[str], rename: int, left: str
) -> None:
    output = str(tmp_path / "out" / "train.record")
    write_records(read_voc_files(photos[:4]), output, LABEL_MAP, num_shards=3)

    command = [sys.executable, "-c", KILLED_AT_RENAME, str(rename), output, *photos]
    assert subprocess.run(command, check=False).returncode == -9

    if left == "old":
        assert sorted(name for path in expand([f"{output}-*"]) for name in _names(path)) == [
            f"p{number}.jpg" for number in range(4)
        ]
    else:
        with pytest.raises(DataError, match="the set is incomplete: 1 of its 3 shards"):
            expand([f"{output}-?????-of-00003"])
    for path in Path(output).parent.glob("train.record-*"):
        assert len(_names(path)) in (1, 2, 3)  # each file by itself is whole

    write_records(read_voc_files(photos), output, LABEL_MAP, num_shards=3)
    assert sum(len(_names(path)) for path in expand([f"{output}-?????-of-00003"])) == 7
    assert len(list(Path(output).parent.iterdir())) == 4


def test_objects_may_come_from_anywhere(tmp_path: Path, photos: list[str]) -> None:
    picture = photos[0].replace(".xml", ".jpg")
    image = AnnotatedImage("table", "p0.jpg", picture, (AnnotatedObject("dog", 0, 0, 32, 24),))
    write_records([image], tmp_path / "a.record", LABEL_MAP)
    (frame,) = read_frames(tmp_path / "a.record")
    assert decode_example(frame)[names.OBJECT_YMAX] == [0.5]
