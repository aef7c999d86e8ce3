import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from tests.disks import mounted
from tests.models.configs import small_ssd
from tests.models.detections import assert_same_detections
from tfod.checkpoints.keys import variable_keys
from tfod.cli.model_source import read_class_names, read_config
from tfod.cli.visualize_detections import build_parser
from tfod.errors import CheckpointError, ConfigError, OutputError
from tfod.export.fold import folded
from tfod.export.from_config import export_model, require_replaceable
from tfod.export.saved_model import INPUT_TYPES, serving_module
from tfod.inference.detector import Detector
from tfod.models.build import build_model
from tfod.protos import pipeline_pb2

PICTURE = np.random.default_rng(0).integers(0, 256, [1, 50, 70, 3]).astype(np.uint8)


@pytest.fixture(scope="module")
def config() -> pipeline_pb2.TrainEvalPipelineConfig:
    return pipeline_pb2.TrainEvalPipelineConfig(model=small_ssd())


@pytest.fixture(scope="module")
def model(config: pipeline_pb2.TrainEvalPipelineConfig) -> Any:
    return build_model(config.model)


@pytest.fixture(scope="module")
def checkpoint(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    tf.train.Checkpoint(model=model.checkpoint_layout().full).save(str(folder / "ckpt"))
    return folder


@pytest.fixture(scope="module")
def export(
    config: pipeline_pb2.TrainEvalPipelineConfig, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    output = tmp_path_factory.mktemp("export") / "model"
    export_model(config, checkpoint, output)
    return output


@pytest.fixture(scope="module")
def loaded(export: Path) -> Any:
    return tf.saved_model.load(str(export / "saved_model"))


def expected_detections(model: Any, pictures: np.ndarray) -> dict[str, tf.Tensor]:
    inputs, shapes = model.preprocess(tf.constant(pictures))
    detections = model.postprocess(model.predict(inputs, shapes, training=False), shapes)
    return detections | {"detection_classes": detections["detection_classes"] + 1}


def test_a_large_model_keeps_its_large_weights_in_variables(model: Any, tmp_path: Path) -> None:
    with folded(model, constants=0, small=1000) as variables:
        module = serving_module(model, variables)
        tf.saved_model.save(module, str(tmp_path / "model"), signatures=module.signature)
    assert tf.train.list_variables(str(tmp_path / "model" / "variables" / "variables"))
    signature = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    assert_same_detections(signature(tf.constant(PICTURE)), expected_detections(model, PICTURE))


def test_it_detects_what_the_model_detects(model: Any, loaded: Any) -> None:
    found, expected = loaded(tf.constant(PICTURE)), expected_detections(model, PICTURE)
    assert found.keys() == expected.keys()
    assert_same_detections(found, expected)


BATCHES = {
    "two images": tf.zeros([2, 50, 70, 3], tf.uint8),
    "no image": tf.zeros([0, 50, 70, 3], tf.uint8),
    "no batch axis": tf.zeros([50, 70, 3], tf.uint8),
    "floats": tf.zeros([1, 50, 70, 3], tf.float32),
    "grey": tf.zeros([1, 50, 70, 1], tf.uint8),
    "four channels": tf.zeros([1, 50, 70, 4], tf.uint8),
}


@pytest.mark.parametrize("name", BATCHES)
def test_what_is_not_the_signature_is_refused_with_the_signature(loaded: Any, name: str) -> None:
    with pytest.raises(TypeError) as caught:
        loaded(BATCHES[name])
    assert "TensorSpec(shape=(1, None, None, 3), dtype=tf.uint8" in str(caught.value)


@pytest.mark.parametrize("name", BATCHES)
def test_the_served_signature_refuses_it_too_and_names_its_input(loaded: Any, name: str) -> None:
    with pytest.raises((TypeError, ValueError, tf.errors.InvalidArgumentError)) as caught:
        loaded.signatures["serving_default"](input_tensor=BATCHES[name])
    # Of another type TensorFlow itself says so, before the graph runs.
    assert ("expected to be a uint8 tensor" if name == "floats" else "input_tensor") in str(caught.value)


def test_lists_and_arrays_are_taken_as_the_original_takes_them(loaded: Any) -> None:
    expected = loaded(tf.constant(PICTURE))["detection_scores"]
    for given in (PICTURE, tf.Variable(PICTURE)):
        np.testing.assert_array_equal(loaded(given)["detection_scores"], expected)
    np.testing.assert_array_equal(loaded(input_tensor=tf.constant(PICTURE))["detection_scores"], expected)


@pytest.mark.parametrize(
    ("input_type", "shape"),
    [("image_tensor", [None, None, None, 3]), ("image_tensor", [2, 50, 70, 3]), ("float_image_tensor", None)],
)
def test_a_batch_is_answered_for_image_by_image(
    model: Any, loaded: Any, input_type: str, shape: list[int | None] | None
) -> None:
    other = np.random.default_rng(1).integers(0, 256, PICTURE.shape).astype(np.uint8)
    dtype = tf.uint8 if input_type == "image_tensor" else tf.float32
    detect = serving_module(model, input_type=input_type, input_shape=shape)
    assert detect.signature.structured_input_signature[0] == (
        tf.TensorSpec(shape or [None, None, None, 3], dtype, "input_tensor"),
    )
    found = detect(tf.cast(np.concatenate([PICTURE, other]), dtype))
    for number, image in enumerate((PICTURE, other)):
        one = {name: value[number : number + 1] for name, value in found.items()}
        assert_same_detections(one, loaded(tf.constant(image)))
    if shape != [2, 50, 70, 3]:
        assert detect(tf.zeros([3, 9, 11, 3], dtype))["num_detections"].shape == [3]
        with pytest.raises(tf.errors.InvalidArgumentError, match="input_tensor holds no image"):
            detect(tf.zeros([0, 9, 11, 3], dtype))
    else:
        with pytest.raises(TypeError, match=r"shape=\(2, 50, 70, 3\)"):
            detect(tf.zeros([1, 50, 70, 3], tf.uint8))


@pytest.mark.parametrize(
    ("input_type", "shape", "what"),
    [
        ("encoded_image_string_tensor", [1, 50, 70, 3], "have no shape"),
        ("tf_example", [1, 50, 70, 3], "have no shape"),
        ("image_tensor", [1, 50, 70, 1], r"the shape \[1, 50, 70, 1\]"),
        ("image_tensor", [1, 50, 70], r"the shape \[1, 50, 70\]"),
        ("image_tensor", [1, 0, 70, 3], r"the shape \[1, 0, 70, 3\]"),
        ("image_tensor", [1, 10**20, 70, 3], r"the shape \[1, 100000000000000000000, 70, 3\]"),
        ("float_image_tensor", [2**31, 50, 70, 3], "cannot have the shape"),
    ],
)
def test_shapes_that_no_image_has_are_refused(
    config: pipeline_pb2.TrainEvalPipelineConfig,
    checkpoint: Path,
    tmp_path: Path,
    input_type: str,
    shape: list[int | None],
    what: str,
) -> None:
    with pytest.raises(ConfigError, match=what) as caught:
        export_model(config, checkpoint, tmp_path / "model", input_type, shape)
    assert caught.value.where == "--input_shape"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_three_lines(
    config: pipeline_pb2.TrainEvalPipelineConfig, checkpoint: Path, tmp_path: Path
) -> None:
    with mounted(tmp_path / "disk", "size=300k"):
        with pytest.raises(OutputError, match="space") as caught:
            export_model(config, checkpoint, tmp_path / "disk" / "model")
        assert "free some space" in caught.value.cure
        assert caught.value.where.startswith(str(tmp_path / "disk" / "model"))
        assert list((tmp_path / "disk").iterdir()) == []


def test_a_mounted_disk_that_one_works_in_is_a_place_for_an_export(
    config: pipeline_pb2.TrainEvalPipelineConfig, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with mounted(tmp_path / "disk", "size=64m"):
        (tmp_path / "disk" / "saved_model").mkdir()
        monkeypatch.chdir("disk")
        export_model(config, checkpoint, ".")
        assert sorted(os.listdir()) == ["checkpoint", "pipeline.config", "saved_model"]
        monkeypatch.chdir(tmp_path)


def test_classes_count_from_one(loaded: Any) -> None:
    found = {name: value.numpy()[0] for name, value in loaded(tf.constant(PICTURE)).items()}
    classes = found["detection_classes"][: int(found["num_detections"])].astype(int)
    assert classes.size
    assert set(classes) <= {1, 2, 3}
    for number, anchor in enumerate(found["detection_anchor_indices"][: classes.size].astype(int)):
        assert found["detection_scores"][number] == found["raw_detection_scores"][anchor, classes[number]]


def test_a_process_that_knows_only_tensorflow_runs_it(export: Path, loaded: Any) -> None:
    program = (
        "import sys, numpy as np, tensorflow as tf\n"
        f"detect = tf.saved_model.load({str(export / 'saved_model')!r})\n"
        f"scores = detect(tf.zeros([1, 50, 70, 3], tf.uint8))['detection_scores']\n"
        "assert 'tfod' not in sys.modules\n"
        "print(float(scores[0, 0]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    black = loaded(tf.zeros([1, 50, 70, 3], tf.uint8))["detection_scores"][0, 0]
    assert float(done.stdout) == pytest.approx(float(black), abs=1e-6)


def test_the_checkpoint_is_the_model_in_the_zoos_layout(model: Any, export: Path) -> None:
    assert sorted(path.name for path in (export / "checkpoint").iterdir()) == [
        "checkpoint", "ckpt-0.data-00000-of-00001", "ckpt-0.index",
    ]  # fmt: skip
    listed = dict(tf.train.list_variables(str(export / "checkpoint")))
    suffix = "/.ATTRIBUTES/VARIABLE_VALUE"
    keys = {key + suffix: list(variable.shape) for key, variable in variable_keys(model=model).items()}
    assert listed == keys | {"_CHECKPOINTABLE_OBJECT_GRAPH": [], "save_counter" + suffix: []}


def test_the_config_goes_with_it(config: pipeline_pb2.TrainEvalPipelineConfig, export: Path) -> None:
    text = (export / "pipeline.config").read_text()
    assert text_format.Parse(text, pipeline_pb2.TrainEvalPipelineConfig()) == config


# What the original's exporter gave for the same config and input type with TensorFlow 2.15.
ORIGINALS_INPUTS = {
    "image_tensor": (tf.uint8, [1, None, None, 3]),
    "float_image_tensor": (tf.float32, [None, None, None, 3]),
    "encoded_image_string_tensor": (tf.string, [None]),
    "tf_example": (tf.string, [None]),
}
ORIGINALS_OUTPUTS = {
    "detection_anchor_indices": [20],
    "detection_boxes": [20, 4],
    "detection_classes": [20],
    "detection_multiclass_scores": [20, 4],
    "detection_scores": [20],
    "num_detections": [],
    "raw_detection_boxes": [170, 4],
    "raw_detection_scores": [170, 4],
}


@pytest.mark.parametrize("input_type", ORIGINALS_INPUTS)
def test_every_input_types_signature_is_the_originals(model: Any, input_type: str) -> None:
    dtype, shape = ORIGINALS_INPUTS[input_type]
    signature = serving_module(model, input_type=input_type).signature
    [taken] = signature.structured_input_signature[0]
    assert (taken.name, taken.dtype, taken.shape.as_list()) == ("input_tensor", dtype, shape)
    given = signature.structured_outputs
    assert {one.dtype for one in given.values()} == {tf.float32}
    expected = {name: [shape[0], *sides] for name, sides in ORIGINALS_OUTPUTS.items()}
    assert given.keys() == expected.keys()
    for name, sides in expected.items():
        if name.startswith("raw") and shape[0] is None:
            # Of any number of images the original leaves open how many anchors each has; here it may be known.
            assert given[name].shape.is_compatible_with(sides) and given[name].shape[2] == 4
        else:
            assert given[name].shape.as_list() == sides


def test_every_input_type_sees_the_same_picture(
    config: pipeline_pb2.TrainEvalPipelineConfig, checkpoint: Path, tmp_path: Path, loaded: Any
) -> None:
    encoded = tf.io.encode_png(PICTURE[0]).numpy()
    features = {"image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded]))}
    example = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    inputs = {
        "float_image_tensor": tf.constant(np.concatenate([PICTURE, PICTURE]), tf.float32),
        "encoded_image_string_tensor": tf.constant([encoded, encoded]),
        "tf_example": tf.constant([example, example]),
    }
    assert inputs.keys() | {"image_tensor"} == INPUT_TYPES.keys()
    expected = loaded(tf.constant(PICTURE))
    for input_type, batch in inputs.items():
        export_model(config, checkpoint, tmp_path / input_type, input_type)
        detect = tf.saved_model.load(str(tmp_path / input_type / "saved_model"))
        assert_same_detections({name: value[1:] for name, value in detect(batch).items()}, expected)


def test_an_earlier_export_is_replaced_and_other_things_are_not(
    config: pipeline_pb2.TrainEvalPipelineConfig, checkpoint: Path, tmp_path: Path
) -> None:
    output = tmp_path / "model"
    (output / "saved_model").mkdir(parents=True)
    (output / "saved_model" / "stale").touch()
    export_model(config, checkpoint, output)
    assert not (output / "saved_model" / "stale").exists()
    (output / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"other things \(notes\.txt\)"):
        export_model(config, checkpoint, output)


def test_the_label_map_goes_with_it_and_names_the_classes(
    config: pipeline_pb2.TrainEvalPipelineConfig, checkpoint: Path, tmp_path: Path
) -> None:
    text = "item { id: 1 name: '/m/01' display_name: 'red' }  # the first\nitem { id: 3 name: 'blue' }\n"
    (tmp_path / "classes.pbtxt").write_text(text)
    named = pipeline_pb2.TrainEvalPipelineConfig()
    named.CopyFrom(config)
    named.train_input_reader.label_map_path = str(tmp_path / "classes.pbtxt")
    output = tmp_path / "model"
    export_model(named, checkpoint, output)
    export_model(named, checkpoint, output)
    assert (output / "label_map.pbtxt").read_text() == text
    (tmp_path / "classes.pbtxt").unlink()
    assert Detector(output).class_names == {1: "red", 3: "blue"}
    source = build_parser().parse_args(["--saved_model_dir", str(output), "--output_dir", "x", "images"])
    assert read_class_names(read_config(source)[0], is_asked_for=False) == {1: "red", 3: "blue"}


def test_a_label_map_without_an_export_is_the_users(tmp_path: Path) -> None:
    (tmp_path / "label_map.pbtxt").touch()
    with pytest.raises(OutputError, match=r"other things \(label_map\.pbtxt\)"):
        require_replaceable(tmp_path)


def test_nothing_is_left_behind_when_the_checkpoint_does_not_fit(checkpoint: Path, tmp_path: Path) -> None:
    other = pipeline_pb2.TrainEvalPipelineConfig(model=small_ssd())
    other.model.ssd.num_classes = 7
    with pytest.raises(CheckpointError):
        export_model(other, checkpoint, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_input_type_is_an_error(
    config: pipeline_pb2.TrainEvalPipelineConfig, checkpoint: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="'image_and_boxes_tensor' is not available"):
        export_model(config, checkpoint, tmp_path / "model", "image_and_boxes_tensor")
    assert list(tmp_path.iterdir()) == []
