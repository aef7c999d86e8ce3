"""Files in stores, tried on TensorFlow's file system in memory, `ram://`; no network is asked."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.input import records
from tfod import stores
from tfod.checkpoints.object_reader import CheckpointReader, find_checkpoint
from tfod.config.check import check_pipeline
from tfod.config.label_map import read_label_map
from tfod.config.rules.record_files import count_records
from tfod.errors import ConfigError, DataError, StoreError
from tfod.input.check_from_config import check_objects
from tfod.input.from_config import naming_corrupt_records, training_dataset
from tfod.input.tally import Tally
from tfod.models.resizer import ImageResizer
from tfod.protos.input_reader_pb2 import InputReader
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.protos.train_pb2 import TrainConfig
from tfod.records.files import expand
from tfod.records.frames import read_frames


@pytest.fixture
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A folder in memory with two shards of records and a label map."""
    place = f"ram://tests/{request.node.originalname}"
    records.write(tmp_path / "shard", records.example("a.png"))
    records.reader(tmp_path)
    tf.io.gfile.makedirs(place)
    for name in ("train.record-00000-of-00002", "train.record-00001-of-00002"):
        tf.io.gfile.copy(str(tmp_path / "shard"), f"{place}/{name}")
    tf.io.gfile.copy(str(tmp_path / "label_map.pbtxt"), f"{place}/label_map.pbtxt")
    yield place
    tf.io.gfile.rmtree(place)


@pytest.mark.parametrize(
    ("path", "is_remote"),
    [
        ("gs://bucket/a", True), (Path("s3://bucket/a"), True), ("ram://a", True), ("a/b", False), ("/a/b", False),
        ("C:\\a", False), ("C:/a", False), ("c://a", False), ("a b://c", False), ("", False), ("gs://", False),
    ],
)  # fmt: skip
def test_what_is_a_store(path: str | Path, is_remote: bool) -> None:
    assert stores.is_remote(path) == is_remote


def test_reading(bucket: str) -> None:
    path = f"{bucket}/label_map.pbtxt"
    assert stores.is_file(path) and not stores.is_folder(path)
    assert stores.is_folder(bucket) and not stores.is_file(bucket)
    assert not stores.is_file(f"{bucket}/no") and not stores.is_folder(f"{bucket}/no")
    data = stores.read_file(path)
    assert data.startswith(b"item") and len(data) == stores.file_size(path)
    with stores.open_file(path) as file:
        file.seek(1)
        assert file.read(3) == b"tem"
    assert stores.matches(f"{bucket}/*.pbtxt") == [path]
    with pytest.raises(FileNotFoundError):
        stores.open_file(f"{bucket}/no")
    with pytest.raises(FileNotFoundError):
        stores.file_size(f"{bucket}/no")


def test_a_scheme_without_a_file_system_is_refused_at_once() -> None:
    for ask in (stores.is_file, stores.is_folder, stores.matches, stores.read_file, stores.file_size):
        with pytest.raises(StoreError, match="no file system for none://") as caught:
            ask("none://bucket/a")
        assert caught.value.where == "none://bucket/a"


def test_a_file_system_that_can_be_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.io.gfile, "get_registered_schemes", lambda: ["", "file", "ram"])
    monkeypatch.setattr(stores.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StoreError, match="no file system for s3://") as caught:
        stores.is_file("s3://bucket/a")
    assert caught.value.cure.startswith("install tensorflow-io")
    found = check_pipeline(_config("s3://bucket"), for_training=True)
    assert {one.cure for one in found if one.rule == "remote-path"} == {caught.value.cure}


def test_a_store_that_fails_in_the_middle_of_a_file(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{bucket}/train.record-00000-of-00002"
    failure = tf.errors.UnavailableError(None, None, "Connection reset by peer\nmore")

    def read(*args: object) -> bytes:
        raise failure

    with stores.open_file(path) as file:
        assert len(file.read(4)) == 4
        monkeypatch.setattr(tf.io.gfile.GFile, "read", read)
        with pytest.raises(StoreError, match=r"Connection reset by peer\n") as caught:
            file.read(4)
    assert caught.value.where == path
    with pytest.raises(StoreError):
        list(read_frames(path))


def test_records_label_maps_and_training_data(bucket: str) -> None:
    paths = expand([f"{bucket}/train.record-*"])
    assert paths == [f"{bucket}/train.record-0000{number}-of-00002" for number in (0, 1)]
    assert count_records(paths) == 2
    assert len(list(read_frames(paths[0]))) == 1
    assert list(read_label_map(f"{bucket}/label_map.pbtxt").names.values()) == records.CLASSES
    assert read_label_map(Path(f"{bucket}/label_map.pbtxt")).num_classes == 3
    reader = InputReader(label_map_path=f"{bucket}/label_map.pbtxt")
    reader.tf_record_input_reader.input_path.append(f"{bucket}/train.record-*")
    resizer = ImageResizer.fixed_shape(4, 4)
    data = training_dataset(reader, TrainConfig(batch_size=2), preprocess=resizer, num_classes=3, seed=1)
    features, labels = next(iter(data))
    assert features["image"].shape == (2, 4, 4, 3)
    assert labels["num_groundtruth_boxes"].numpy().tolist() == [1, 1]


def test_objects_in_a_store_are_counted(bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = _config(bucket)
    assert list(check_objects(config)) == []
    config.model.ssd.num_classes = 1  # the records' dogs are the second class
    (finding, *_) = check_objects(config)
    assert finding.severity == "error" and "none of the 2 objects in the 2 records" in finding.what
    paths = expand(config.train_input_reader.tf_record_input_reader.input_path)
    tally = Tally(paths)
    for number in range(2):
        tally.count(tf.constant(number, tf.int64), tf.constant(1), [tf.constant(n) for n in (1, 0, 0, 0, 0)])
    assert tally.tell()
    assert "2 of 2 objects of the first epoch were left out" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["store", "disk"])
def test_records_that_go_while_they_are_read_are_named(bucket: str, kind: str, tmp_path: Path) -> None:
    place = bucket if kind == "store" else str(tmp_path / "data")
    if kind == "disk":
        tf.io.gfile.makedirs(place)
        for path in tf.io.gfile.glob(f"{bucket}/*"):
            tf.io.gfile.copy(path, f"{place}/{path.rpartition('/')[2]}")
    reader = _config(place).train_input_reader
    reader.num_readers = 1
    data = training_dataset(reader, TrainConfig(batch_size=1), preprocess=ImageResizer.fixed_shape(4, 4), num_classes=3)
    for path in tf.io.gfile.glob(f"{place}/train*"):
        tf.io.gfile.remove(path)
    error = StoreError if kind == "store" else DataError
    with pytest.raises(error, match="cannot be read any more") as caught, naming_corrupt_records(reader):
        for _ in data.take(3):
            pass
    assert caught.value.where == f"{place}/train.record-*"


def test_what_is_missing_is_told(bucket: str) -> None:
    with pytest.raises(DataError, match="no TFRecord file matches"):
        expand([f"{bucket}/*.tfrecord"])
    tf.io.gfile.remove(f"{bucket}/train.record-00000-of-00002")
    with pytest.raises(DataError, match="1 of its 2 shards"):
        expand([f"{bucket}/train.record-*"])
    for place in (f"{bucket}/no.pbtxt", bucket):
        with pytest.raises(ConfigError, match="cannot read the label map") as caught:
            read_label_map(place)
        assert caught.value.where == place
    with pytest.raises(ConfigError, match="no file system"):
        read_label_map("none://bucket/label_map.pbtxt")


def test_checkpoints(bucket: str) -> None:
    checkpoint = tf.train.Checkpoint(kernel=tf.Variable([1.0, 2.0]))
    tf.train.CheckpointManager(checkpoint, f"{bucket}/checkpoint", max_to_keep=1).save(checkpoint_number=0)
    prefix = f"{bucket}/checkpoint/ckpt-0"
    for place in (bucket, Path(bucket), f"{bucket}/checkpoint", prefix, f"{prefix}.index"):
        assert find_checkpoint(place) == prefix


def test_the_values_of_a_checkpoint(tmp_path: Path) -> None:
    checkpoint = tf.train.Checkpoint(kernel=tf.Variable([1.0, 2.0]))
    place = f"file://{tmp_path}"  # in memory TensorFlow takes every prefix for a folder
    tf.train.CheckpointManager(checkpoint, place, max_to_keep=1).save(checkpoint_number=0)
    reader = CheckpointReader(find_checkpoint(place))
    assert reader.prefix == f"{place}/ckpt-0"
    np.testing.assert_array_equal(reader.value(str(reader.find("kernel"))), [1.0, 2.0])


def _config(place: str) -> TrainEvalPipelineConfig:
    config = TrainEvalPipelineConfig()
    config.model.ssd.num_classes = 3
    for reader in (config.train_input_reader, config.eval_input_reader.add()):
        reader.label_map_path = f"{place}/label_map.pbtxt"
        reader.tf_record_input_reader.input_path.append(f"{place}/train.record-*")
    config.train_config.fine_tune_checkpoint = f"{place}/ckpt-0"
    return config


def _findings(config: TrainEvalPipelineConfig, **options: str) -> dict[str, str]:
    found = check_pipeline(config, for_training=True, **options)
    return {finding.where: finding.what for finding in found if finding.rule in ("remote-path", "label-map")}


def test_the_check_reads_the_store(bucket: str) -> None:
    assert _findings(_config(bucket), model_dir=f"{bucket}/run") == {
        "train_config.fine_tune_checkpoint": f"nothing in the store matches {bucket}/ckpt-0"
    }
    tf.io.gfile.remove(f"{bucket}/label_map.pbtxt")
    found = _findings(_config(bucket))
    assert "cannot read the label map" in found["train_input_reader.label_map_path"]


def test_the_check_says_what_cannot_be_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _findings(_config("none://bucket"), model_dir="none://bucket/run")
    assert found.keys() == {
        "train_input_reader.tf_record_input_reader.input_path[0]",
        "eval_input_reader[0].tf_record_input_reader.input_path[0]",
        "train_input_reader.label_map_path",
        "eval_input_reader[0].label_map_path",
        "train_config.fine_tune_checkpoint",
        "--model_dir",
    }
    assert all("no file system for none://" in what for what in found.values())
