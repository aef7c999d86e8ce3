"""Verifying records: every kind of fault is found, with its place; sound records, whoever wrote them, are sound."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
import tensorflow as tf

from tests.annotations.voc_files import item, picture, write_photo
from tests.doctor.sound_features import sound_features
from tfod import names
from tfod.annotations.voc import read_voc_files
from tfod.cli.verify_records import main
from tfod.config.label_map import label_map_from_names, write_label_map
from tfod.doctor.verify import Report, verify
from tfod.records.example import bytes_feature, encode_example, float_feature, int64_feature
from tfod.records.frames import read_frames, write_frame
from tfod.records.write import write_records

LABEL_MAP = label_map_from_names(["cat", "dog"])
KEY = "image/object/bbox"


def _features(**changes: bytes | None) -> dict[str, bytes]:
    """The features of a sound example; `changes` are by the last part of a name, None to leave one out."""
    features = sound_features() | {names.OBJECT_CLASS_TEXT: bytes_feature(b"cat", b"dog")}
    for end, value in changes.items():
        (key,) = (key for key in (*features, names.IMAGE_KEY, names.OBJECT_MASK) if key.endswith(f"/{end}"))
        features.pop(key, None)
        if value is not None:
            features[key] = value
    return features


def _verified(path: Path, *examples: Mapping[str, bytes]) -> Report:
    with path.open("wb") as file:
        for features in examples:
            write_frame(file, encode_example(features))
    return verify([str(path)], LABEL_MAP)


FAULTS = [
    ({"encoded": None}, "missing", names.IMAGE_ENCODED, "it is not there"),
    ({"source_id": bytes_feature()}, "absent", names.IMAGE_SOURCE_ID, "it has no value"),
    ({"height": float_feature([48])}, "type", names.IMAGE_HEIGHT, "one value of int64, it is 1 of float"),
    ({"width": int64_feature((65,))}, "size", names.IMAGE_WIDTH, "it says 65, the picture's header 64"),
    ({"format": bytes_feature(b"png")}, "format", names.IMAGE_FORMAT, "it says 'png', the picture is jpeg"),
    ({"sha256": bytes_feature(b"0" * 64)}, "hash", names.IMAGE_KEY, "not the SHA-256"),
    ({"encoded": bytes_feature(picture()[:-400])}, "picture", names.IMAGE_ENCODED, "cut short"),
    ({"xmin": None}, "missing", names.OBJECT_XMIN, "it is not there"),
    ({"ymax": float_feature([0.3])}, "type", names.OBJECT_YMAX, "1 values for 2 boxes"),
    ({"label": None, "text": None}, "missing", names.OBJECT_CLASS_LABEL, "it is not there"),
    ({"label": float_feature([1, 2])}, "type", names.OBJECT_CLASS_LABEL, "list of int64, it is of float"),
    ({"xmin": float_feature([0.3, 0.5])}, "box", KEY, "object 1: 0.3 0 0.3 0.3 (xmin ymin xmax ymax) has no area"),
    ({"xmax": float_feature([0.3, 1.2])}, "box", KEY, "object 2: 0.5 0.5 1.2 0.9 (xmin ymin xmax ymax) reaches out"),
    ({"ymin": float_feature([float("nan"), 0.5])}, "box", KEY, "is not finite"),
    ({"label": int64_feature((0, 2))}, "label", names.OBJECT_CLASS_LABEL, "object 1: 0, and classes count from 1"),
    ({"label": int64_feature((1, 3)), "text": None}, "label", names.OBJECT_CLASS_LABEL, "3, which the label map lacks"),
    ({"label": int64_feature((2, 2))}, "label", names.OBJECT_CLASS_TEXT, "is 1 in the label map, the record says 2"),
    ({"text": bytes_feature(b"cat", b"\x1bdo")}, "label", names.OBJECT_CLASS_TEXT, r"'\x1bdo', which the label map"),
    ({"mask": bytes_feature(picture(kind="PNG"))}, "mask", names.OBJECT_MASK, "1 masks for 2 boxes"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "kind", "key", "what"), FAULTS)
def test_each_kind_of_fault_is_found_alone_and_in_its_place(
    tmp_path: Path, changes: dict[str, bytes | None], kind: str, key: str, what: str
) -> None:
    sound, faulty = _features(source_id=bytes_feature(b"b.jpg")), _features(**changes)
    report = _verified(tmp_path / "a.record", sound, faulty)
    at = [(found.file, found.record, found.feature) for found in report.findings if found.rule == kind]
    assert (f"{tmp_path}/a.record", 1, key) in at
    assert any(what in found.what for found in report.findings)
    # A list of the wrong length or type may be a fault of each of its neighbours, too.
    assert {found.rule for found in report.findings} <= {kind, "type"}
    assert {found.record for found in report.findings} == {1}


def test_what_training_does_without_is_no_error(tmp_path: Path) -> None:
    unused = dict.fromkeys(("label", "source_id", "format", "height", "width", "filename"))
    report = _verified(tmp_path / "a.record", _features(**unused))
    assert report.severe == 0
    assert {found.rule for found in report.findings} == {"absent"}
    background = {key: value for key, value in _features().items() if "object" not in key}
    assert _verified(tmp_path / "b.record", background).findings == []


def test_a_class_as_text_needs_a_label_map_that_knows_it(tmp_path: Path) -> None:
    path = tmp_path / "a.record"
    text_only = _features(label=None)
    assert _verified(path, text_only).findings == []
    (found,) = verify([str(path)]).findings
    assert (found.rule, found.feature) == ("missing", names.OBJECT_CLASS_LABEL)
    assert "enough with a label map" in found.what
    (found,) = _verified(path, _features(label=None, text=bytes_feature(b"cat", b"cow"))).findings
    assert (found.rule, found.what) == ("label", "object 2: 'cow', which the label map lacks")
    report = _verified(path, _features(label=None, text=bytes_feature(b"cat")))
    assert report.severe  # one text for two boxes


def test_what_verifying_calls_fit_is_what_the_decoder_reads(tmp_path: Path) -> None:
    from tfod.input.decode import RecordDecoder

    decode = RecordDecoder(LABEL_MAP, 2, for_evaluation=True)
    dropped = ("encoded", "format", "height", "width", "filename", "source_id", "label", "text", "xmin", "ymax")
    for end in dropped:
        features = _features(**{end: None})
        fit = not _verified(tmp_path / f"{end}.record", features).severe
        try:
            decoded = decode(encode_example(features), 0)
        except tf.errors.InvalidArgumentError:
            assert not fit, end
        else:
            assert fit, end
            assert decoded[names.GROUNDTRUTH_CLASSES].numpy().tolist() == [1, 2]


def test_masks_of_another_size(tmp_path: Path) -> None:
    masks = bytes_feature(picture(kind="PNG"), picture(32, 48, kind="PNG"))
    (found,) = _verified(tmp_path / "a.record", _features(mask=masks)).findings
    assert (found.rule, found.what) == ("mask", "object 2: it has 32 x 48 pixels, the picture 64 x 48")


def test_segmentation_needs_no_boxes(tmp_path: Path) -> None:
    features = {key: value for key, value in _features().items() if "object" not in key}
    with_mask = {**features, names.CLASS_MASK_ENCODED: bytes_feature(picture(kind="PNG", mode="L"))}
    assert _verified(tmp_path / "a.record", with_mask).findings == []
    other_size = {**features, names.CLASS_MASK_ENCODED: bytes_feature(picture(9, 9, kind="PNG", mode="L"))}
    (found,) = _verified(tmp_path / "a.record", other_size).findings
    assert found.where == f"{tmp_path}/a.record, record 0, {names.CLASS_MASK_ENCODED}"


def test_damage_is_told_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.record"
    _verified(path, _features(), _features(width=int64_feature((1,))), _features(label=int64_feature((0, 2))))
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data + struct.pack("<Q", 5) + b"end")
    with path.open("rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
    found = [(one.rule, one.record) for one in verify([str(path)]).findings]
    assert found == [("damage", 0), ("size", 1), ("label", 2), ("damage", 3), ("same_name", 2)]
    assert length < 100_000

    with path.open("wb") as file:
        write_frame(file, b"no example")
    assert [one.rule for one in verify([str(path)]).findings] == ["example"]


def test_names_that_come_twice_are_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = _verified(tmp_path / "a.record", _features(), _features())
    assert [(found.rule, found.record) for found in report.findings] == [("same_name", 1)]
    assert report.severe == 0
    assert main([f"{tmp_path}/a.record"]) == 0
    assert "warning      1  same_name" in capsys.readouterr().out


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    """A set of three shards of seven photos, as our own conversion writes it."""
    photos = [str(write_photo(tmp_path / "in", f"p{number}", item(), item("dog"))) for number in range(7)]
    write_records(read_voc_files(photos), tmp_path / "out" / "train.record", LABEL_MAP, 3)
    write_label_map(LABEL_MAP, tmp_path / "map.pbtxt")
    return tmp_path / "out"


def test_a_sound_set(converted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pattern = f"{converted}/train.record-*"
    assert main([pattern, "--label_map", f"{converted.parent}/map.pbtxt", "--json", f"{converted}/all.json"]) == 0
    out = capsys.readouterr().out
    assert "7  records in 3 files" in out and "14  objects: cat 7, dog 7" in out
    assert f"0 errors, 0 warnings; compared with {converted}/train.manifest.json" in out
    content = json.loads((converted / "all.json").read_text())
    assert (content["records"], content["findings"], len(content["files"])) == (7, [], 3)


def test_what_differs_from_the_manifest(converted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = sorted(converted.glob("train.record-*"))
    payloads = list(read_frames(first))
    with second.open("wb") as file:  # another number of records
        write_frame(file, payloads[0])
    with first.open("wb") as file:  # the same records in another order
        for payload in reversed(payloads):
            write_frame(file, payload)
    assert main([f"{converted}/train.record-*"]) == 1
    out = capsys.readouterr().out
    assert f"{first}: its checksum is" in out
    assert f"{second}: it has 1 records, the manifest says 2" in out
    assert f"{converted}/train.manifest.json: it says 7 objects of class 'cat', there are 6" in out

    third.unlink()
    assert main([f"{converted}/train.record-*"]) == 1
    out = capsys.readouterr().out
    assert f"{third}: the manifest names it, but it is not there" in out
    assert (
        f"set: shards that are missing, sets that are mixed, or without a record\n{'':16}{third}: the set is incomplete"
        in out
    )

    (converted / "train.manifest.json").write_text("{}")
    assert main([f"{converted}/train.record-*"]) == 1
    assert "the manifest of the records cannot be read" in capsys.readouterr().out


def test_many_files_are_read_by_several_processes(converted: Path) -> None:
    alone = verify([f"{converted}/train.record-*"], LABEL_MAP)
    done: list[int] = []
    assert verify([f"{converted}/train.record-*"], LABEL_MAP, done.append, processes=2) == alone
    assert sum(done) == alone.bytes == sum(path.stat().st_size for path in converted.glob("train.record-*"))


def test_no_such_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{tmp_path}/none.record"]) == 2
    assert "no TFRecord file matches" in capsys.readouterr().err
