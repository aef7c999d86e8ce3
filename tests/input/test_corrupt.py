"""Records that cannot be used: they are named, or skipped and counted."""

import pytest
import tensorflow as tf
from google.protobuf import text_format

from tests.input.records import example, picture, reader, resize_to, write
from tfod import names
from tfod.errors import DataError
from tfod.input.corrupt import find_corrupt
from tfod.input.decode import RecordDecoder
from tfod.input.from_config import decoder_from_config, naming_corrupt_records, training_dataset
from tfod.protos import train_pb2

GOOD = [example(f"good{n}.png") for n in range(3)]
CUT = picture(encode=tf.io.encode_jpeg, height=64, width=64)[:500]


def _dataset(source, **options):
    config = text_format.Parse("batch_size: 1", train_pb2.TrainConfig())
    return training_dataset(source, config, preprocess=resize_to(), num_classes=3, **options)


def _read(source, records=6, **options):
    with naming_corrupt_records(source):
        return [
            features[names.SOURCE_ID].numpy()[0].decode() for features, _ in _dataset(source, **options).take(records)
        ]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (example("bad.png", encoded=b"GIF89 no picture"), "the image cannot be decoded"),
        (example("bad.png", encoded=CUT), "the image cannot be decoded"),
        (example("bad.png", encoded=b""), "the record holds no image"),
        (example("bad.png", boxes=((0.5, 0.0, 0.25, 1.0),)), "box 0 is inverted: ymin 0.5, xmin 0.0, ymax 0.25"),
        (example("bad.png", image__object__bbox__ymin=[0.1, 0.2]), r"box coordinates have \[2, 1, 1, 1\] values"),
        (example("bad.png", texts=["cat", "dog"]), "the lists of the objects differ in length"),
        (example("bad.png", image__encoded=[7]), "image/encoded holds values of int64, and should hold bytes"),
        (example("bad.png", image__encoded=[0.5]), "image/encoded holds values of float, and should hold bytes"),
        (example("bad.png", image__object__bbox__ymin=[1]), "ymin holds values of int64, and should hold float"),
        (example("bad.png", image__object__class__label=["cat"]), "label holds values of bytes, and should hold int64"),
    ],
    ids=["junk", "truncated", "empty", "inverted", "coordinates", "classes", "number", "fraction", "pixels", "label"],
)  # fmt: skip
def test_a_bad_record_is_named(tmp_path, bad, message):
    write(tmp_path / "train.record", *GOOD[:2], bad, GOOD[2])

    with pytest.raises(DataError, match=message) as caught:
        _read(reader(tmp_path))

    assert caught.value.where == f"{tmp_path / 'train.record'}, record 2, image/filename 'bad.png'"


def test_a_record_that_is_no_example_is_named(tmp_path):
    write(tmp_path / "train.record", GOOD[0], b"no example at all")

    with pytest.raises(DataError, match=r"is no tf\.Example") as caught:
        _read(reader(tmp_path))

    assert caught.value.where == f"{tmp_path / 'train.record'}, record 1"


def _damage(path, from_end):
    data = bytearray(path.read_bytes())
    data[-from_end] ^= 0xFF
    path.write_bytes(data)


def test_a_damaged_file_is_named(tmp_path):
    write(tmp_path / "train.record", *GOOD)
    _damage(tmp_path / "train.record", from_end=40)

    with pytest.raises(DataError, match="checksum") as caught:
        _read(reader(tmp_path))

    assert "record 2" in caught.value.where


def test_a_truncated_file_is_named(tmp_path):
    write(tmp_path / "train.record", *GOOD)
    data = (tmp_path / "train.record").read_bytes()
    (tmp_path / "train.record").write_bytes(data[:-20])

    with pytest.raises(DataError, match="ends inside a record") as caught:
        _read(reader(tmp_path))

    assert "record 2" in caught.value.where


def test_an_error_that_no_record_explains_stays_what_it_is(tmp_path):
    write(tmp_path / "train.record", *GOOD)

    with (
        pytest.raises(tf.errors.InvalidArgumentError, match="something else"),
        naming_corrupt_records(reader(tmp_path)),
    ):
        tf.debugging.Assert(False, ["something else"])


def test_all_bad_records_are_found(tmp_path):
    write(tmp_path / "train.record", example(encoded=b""), *GOOD, example(encoded=b"junk"), GOOD[0])
    _damage(tmp_path / "train.record", from_end=40)

    found = list(find_corrupt(str(tmp_path / "train.record"), RecordDecoder(None, 3, for_evaluation=False)))

    # Without a label map, records with class texts only have no classes: they are all unusable.
    assert [record.number for record in found] == [0, 1, 2, 3, 4, 5]
    decode = decoder_from_config(reader(tmp_path), 3, for_evaluation=False)
    assert [record.number for record in find_corrupt(str(tmp_path / "train.record"), decode)] == [0, 4, 5]


def test_bad_records_are_skipped_and_counted_if_asked(tmp_path, capfd):
    write(tmp_path / "train-00000-of-00002", GOOD[0], example("bad.png", encoded=b"junk"), GOOD[1])
    write(tmp_path / "train-00001-of-00002", GOOD[2], GOOD[0])
    _damage(tmp_path / "train-00001-of-00002", from_end=40)
    source = reader(tmp_path, "train-*")

    ids = _read(source, skip_corrupt=True)

    assert sorted(ids) == sorted(["good0.png", "good1.png", "good2.png"] * 2)
    messages = capfd.readouterr().err
    assert "record 1, image/filename 'bad.png'" in messages
    assert f"{tmp_path / 'train-00001-of-00002'}, record 1" in messages
    assert "records that cannot be used and are skipped: 2" in messages


def test_nothing_left_after_skipping(tmp_path):
    write(tmp_path / "train.record", example(encoded=b"junk"))

    with pytest.raises(DataError, match="no record"):
        _read(reader(tmp_path), skip_corrupt=True)
