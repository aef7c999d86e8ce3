import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from tests.inference.models import export
from tfod.errors import CheckpointError, ConfigError, DataError, StoreError
from tfod.export.known import remember
from tfod.inference.detector import Detector
from tfod.inference.images import read_image


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    export(folder / "saved_model")
    return folder


def test_an_exported_model_detects_on_pictures_of_any_size(exported):
    detector = Detector.from_saved_model(exported / "saved_model")
    for height, width, value in ((20, 30, 255), (7, 5, 51)):
        found = detector.detect(np.full((height, width, 3), value, np.uint8))
        assert found.scores == pytest.approx([value / 255])
        assert found.class_ids.tolist() == [1]
        assert found.boxes.tolist() == [[0.0, 0.0, 0.5, 0.5]]
        assert (found.height, found.width) == (height, width)


def test_outputs_are_the_exported_models_own(exported):
    outputs = Detector.from_saved_model(exported / "saved_model").outputs(np.zeros((1, 4, 4, 3), np.uint8))
    assert outputs["detection_boxes"].shape == (1, 2, 4)
    assert outputs["num_detections"].tolist() == [1.0]


def test_the_exporters_folder_stands_for_its_saved_model(exported):
    assert len(Detector.from_saved_model(exported).detect(np.zeros((4, 4, 3), np.uint8))) == 1


def test_a_model_that_takes_floats_gets_floats(tmp_path):
    export(tmp_path, dtype=tf.float32, shape=(None, None, None, 3), name="inputs")
    found = Detector.from_saved_model(tmp_path).detect(np.full((4, 4, 3), 255, np.uint8))
    assert found.scores == pytest.approx([1.0])


def test_a_model_of_one_size_refuses_others_and_names_its_own(tmp_path):
    export(tmp_path, shape=(1, 20, 30, 3))
    detector = Detector.from_saved_model(tmp_path)
    assert len(detector.detect(np.zeros((20, 30, 3), np.uint8))) == 1
    for image in (np.zeros((30, 20, 3), np.uint8), np.zeros((20, 30, 4), np.uint8)):
        with pytest.raises(DataError, match=r"1 x 20 x 30 x 3 \(batch, height, width, channels\)"):
            detector.detect(image)


def test_other_types_of_numbers_are_refused_with_what_the_model_takes(exported, tmp_path):
    detector = Detector.from_saved_model(exported)
    for dtype in (np.float32, np.float64, np.int64, bool):
        with pytest.raises(DataError, match=f"any x any x 3 .*, uint8, and got 1 x 4 x 4 x 3, {np.dtype(dtype)}"):
            detector.detect(np.zeros((4, 4, 3), dtype))
    export(tmp_path, dtype=tf.float32, name="floats")
    assert Detector.from_saved_model(tmp_path).detect(np.full((4, 4, 3), 51, np.float32)).scores == pytest.approx([0.2])
    with pytest.raises(DataError, match="uint8 or float32, and got 1 x 4 x 4 x 3, float64"):
        Detector.from_saved_model(tmp_path).detect(np.zeros((4, 4, 3)))


def test_a_model_in_a_store_is_read_there(exported):
    place = f"file://{exported}"
    assert Detector.from_saved_model(place).detect(np.full((4, 4, 3), 255, np.uint8)).scores == pytest.approx([1.0])
    with pytest.raises(CheckpointError, match="no exported model there"):
        Detector.from_saved_model(f"{place}/nothing")
    with pytest.raises(StoreError, match="no file system for none://"):
        Detector.from_saved_model("none://bucket/model")


def three_images():
    """Of two sizes."""
    return [np.full((height, 6, 3), value, np.uint8) for height, value in ((4, 0), (8, 51), (4, 255))]


@pytest.mark.parametrize("batch", [1, 2, None])
def test_several_images_of_several_sizes_come_in_their_order(batch, tmp_path):
    export(tmp_path, shape=(batch, None, None, 3))
    detector = Detector(tmp_path)
    found = detector(three_images())
    assert [one.scores.tolist() for one in found] == [[0.0], pytest.approx([0.2]), pytest.approx([1.0])]
    assert [one.height for one in found] == [4, 8, 4]
    assert detector(np.stack(three_images()[::2]))[1].scores == pytest.approx([1.0])
    outputs = detector.outputs(np.zeros((3, 4, 4, 3), np.uint8))
    assert {name: len(values) for name, values in outputs.items()} == dict.fromkeys(outputs, 3)


def test_an_image_is_given_by_its_file_and_turned_as_its_exif_says(exported, tmp_path):
    image = Image.fromarray(np.zeros((4, 8, 3), np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6  # turned by a quarter
    image.save(tmp_path / "turned.jpg", exif=exif)
    found = Detector(exported)(tmp_path / "turned.jpg")
    assert (found.height, found.width) == (8, 4)


def test_the_label_map_beside_a_model_names_its_classes(tmp_path):
    export(tmp_path / "saved_model")
    (tmp_path / "label_map.pbtxt").write_text("item { id: 1 name: 'light' }")
    assert Detector(tmp_path)(np.zeros((4, 4, 3), np.uint8)).names == ["light"]


def test_a_config_named_by_its_file_names_the_classes(tmp_path):
    export(tmp_path / "saved_model")
    (tmp_path / "names.pbtxt").write_text("item { id: 1 name: 'light' }")
    config = tmp_path / "named.config"
    config.write_text(f'eval_input_reader {{ label_map_path: "{tmp_path}/names.pbtxt" }}')
    assert Detector(tmp_path, pipeline_config=str(config)).class_names == {1: "light"}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("model.pt", b"\x80\x02", "a model of PyTorch"),
        ("model.h5", b"\x89HDF\r\n", "a Keras model"),
        ("model.onnx", b"", "the file is empty"),
        ("model.tflite", b"no model at all", "no TFLite model"),
        ("notes.txt", b"no model at all", "the file is no model"),
        ("pipeline.config", b"model { ssd { num_classes: 1 } }\ntrain_config {}\n", "not a model"),
    ],
)
def test_what_is_no_model_is_called_what_it_is(name, content, told, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=told):
        Detector(tmp_path / name)


def test_images_without_pixels_and_of_other_kinds_are_refused(exported):
    detector = Detector(exported)
    with pytest.raises(DataError, match="no pixel"):
        detector(np.zeros((0, 4, 3), np.uint8))
    for given in ([7], 7):
        with pytest.raises(DataError, match="given as int"):
            detector(given)
    with pytest.raises(DataError, match="given as NoneType"):
        detector(None)


def test_models_of_strangers_are_told_of_and_our_own_are_not(exported, tmp_path, capsys):
    export(tmp_path / "theirs", name="theirs")
    Detector.from_saved_model(tmp_path / "theirs")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "theirs was not exported here" in said and "could write files" in said
    remember(tmp_path / "theirs")
    shutil.copytree(tmp_path / "theirs", tmp_path / "copied")
    Detector.from_saved_model(tmp_path / "copied")
    assert capsys.readouterr().err == ""


def test_an_operation_that_is_not_there_is_named(tmp_path):
    export(tmp_path)
    path = tmp_path / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for function in saved.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            node.op = "Unheard" if node.op == "Mean" else node.op
    path.write_bytes(saved.SerializeToString())
    with pytest.raises(CheckpointError, match="this TensorFlow has no operation Unheard, which the model needs"):
        Detector(tmp_path)


def test_no_exported_model_there(tmp_path):
    with pytest.raises(CheckpointError) as caught:
        Detector.from_saved_model(tmp_path)
    assert caught.value.where == str(tmp_path)


def test_a_damaged_model(exported, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"not a model")
    with pytest.raises(CheckpointError, match="damaged"):
        Detector.from_saved_model(tmp_path)


def test_a_model_without_its_weights(tmp_path):
    export(tmp_path)
    for path in (tmp_path / "variables").iterdir():
        path.unlink()
    with pytest.raises(CheckpointError, match="damaged"):
        Detector.from_saved_model(tmp_path)


def test_a_model_that_takes_no_pixels(tmp_path):
    export(tmp_path, dtype=tf.string, shape=(None,))
    with pytest.raises(CheckpointError, match=r"input_tensor \(string\)"):
        Detector.from_saved_model(tmp_path)


def test_a_model_that_is_no_detector(tmp_path):
    export(tmp_path, drop=("num_detections",))
    with pytest.raises(CheckpointError, match="num_detections"):
        Detector.from_saved_model(tmp_path)


def test_lines_between_keypoints_come_from_the_config(tmp_path):
    config = tmp_path / "model" / "pipeline.config"
    folder = export(tmp_path / "model" / "saved_model", keypoints=[[0.1, 0.1], [0.4, 0.4]])
    image = np.full((10, 10, 3), 204, np.uint8)
    assert Detector(folder)(image).keypoint_edges == ()
    config.write_text("eval_config { keypoint_edge { start: 0 end: 1 } }")
    for detector in (Detector(folder), Detector(config.parent), Detector.from_saved_model(config.parent)):
        assert detector(image).keypoint_edges == [(0, 1)]
    given = tmp_path / "given.config"
    given.write_text("eval_config { keypoint_edge { start: 1 end: 0 } }")
    assert Detector(folder, pipeline_config=given)(image).keypoint_edges == [(1, 0)]


def test_a_model_without_keypoints_needs_no_config(tmp_path):
    export(tmp_path / "saved_model")
    (tmp_path / "label_map.pbtxt").write_text("item { id: 1 name: 'cat' }")
    (tmp_path / "pipeline.config").write_text("nonsense")
    detector = Detector(tmp_path)
    assert detector(np.zeros((10, 10, 3), np.uint8)).keypoint_edges == ()
    with pytest.raises(ConfigError):
        _ = detector.keypoint_edges


@pytest.mark.slow
def test_the_demo_detections_of_the_original_are_reproduced(shared):
    from tfod.config.pipeline import read_pipeline_config

    folder = shared / "pretrained" / "ssd_mobilenet_v2_fpnlite_320x320_hands"
    config = read_pipeline_config(folder / "pipeline.config")
    detector = Detector.from_checkpoint(config, folder / "checkpoint" / "ckpt-0")
    expected = json.loads((shared / "pretrained" / "demo_detections.json").read_text())
    assert len(expected) == 3
    for picture in expected.values():
        found = detector.detect(read_image(shared / "pretrained" / picture["image"]))
        best = found.best(5)
        assert (found.height, found.width) == (picture["height"], picture["width"])
        assert len(found) == picture["num_detections"]
        assert best.class_ids.tolist() == [one["class_id"] for one in picture["top5"]]
        assert best.scores == pytest.approx(np.array([one["score"] for one in picture["top5"]]), abs=1e-3)
        boxes = np.array([one["box_ymin_xmin_ymax_xmax"] for one in picture["top5"]])
        assert best.boxes == pytest.approx(boxes, abs=1e-3)
