"""Models that TensorFlow 1 exported detect as they are."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from tests.inference.graphs import bright_half, write_graph, write_saved_model
from tests.inference.models import export
from tfod.checkpoints.find_frozen_graph import find_frozen_graph
from tfod.checkpoints.frozen_graph import FrozenGraph
from tfod.errors import CheckpointError, DataError
from tfod.inference.detector import Detector
from tfod.inference.recognition import find_exported_model

INPUTS = ("image_tensor", "encoded_image_string_tensor", "tf_example")


@pytest.fixture(scope="module")
def definitions():
    return {name: bright_half(name) for name in INPUTS}


@pytest.fixture
def graph_path(definitions, tmp_path):
    return write_graph(tmp_path / "frozen_inference_graph.pb", definitions["image_tensor"])


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("is_saved_model", [False, True])
def test_it_detects_whatever_form_it_takes_images_in(definitions, tmp_path, name, is_saved_model):
    place = tmp_path / "model"
    if is_saved_model:
        write_saved_model(place, definitions[name], name)
    else:
        place.mkdir()
        write_graph(place / "frozen_inference_graph.pb", definitions[name])
    detector = Detector.from_saved_model(place)
    for height, width, value in ((20, 30, 255), (7, 5, 51)):
        found = detector.detect(np.full((height, width, 3), value, np.uint8))
        assert found.scores == pytest.approx([value / 255])
        assert found.class_ids.tolist() == [1]
        assert found.boxes.tolist() == [[0.0, 0.0, 0.5, 0.5]]


def test_a_graph_answers_for_each_image_of_a_batch(graph_path):
    images = np.stack([np.full((4, 6, 3), value, np.uint8) for value in (51, 102)])
    outputs = Detector.from_saved_model(graph_path).outputs(images)
    assert outputs["detection_scores"][:, 0] == pytest.approx([0.2, 0.4])
    assert outputs["num_detections"].tolist() == [1.0, 1.0]


def test_a_graph_of_one_size_refuses_others_and_names_its_own(tmp_path):
    path = write_graph(tmp_path / "graph.pb", bright_half(shape=(1, 20, 30, 3)))
    with pytest.raises(DataError, match="the model takes images of 1 x 20 x 30 x 3"):
        Detector.from_saved_model(path).detect(np.zeros((4, 4, 3), np.uint8))


def test_a_strangers_graph_is_told_of(graph_path, capsys):
    Detector.from_saved_model(graph_path)
    assert "frozen_inference_graph.pb was not exported here" in capsys.readouterr().err


def test_where_a_graph_is_found(graph_path, tmp_path):
    assert find_frozen_graph(tmp_path) == graph_path
    assert find_exported_model(graph_path) == str(graph_path)
    export(tmp_path / "saved_model")
    assert find_exported_model(tmp_path) == str(tmp_path / "saved_model"), "an archive of the zoo has both"
    assert find_frozen_graph(tmp_path) == graph_path, "which has to be found where its weights are wanted"
    assert find_frozen_graph(tmp_path / "saved_model" / "saved_model.pb") is None
    shutil.move(graph_path, tmp_path / "other.pb")
    assert find_exported_model(tmp_path / "other.pb") == str(tmp_path / "other.pb")
    with pytest.raises(CheckpointError, match="no exported model there"):
        find_exported_model(tmp_path / "none.pb")


def _refused(path):
    with pytest.raises(CheckpointError) as caught:
        Detector.from_saved_model(path)
    assert caught.value.where.startswith(str(path))
    return caught.value.what


def test_a_file_that_is_no_graph_or_is_cut_short(graph_path):
    whole = graph_path.read_bytes()
    for content, what in ((whole[:-20], "cut short"), (b"not a graph", "damaged"), (b"", "holds no graph")):
        graph_path.write_bytes(content)
        assert what in _refused(graph_path)


def test_a_graph_that_lacks_a_node(graph_path, definitions):
    whole = definitions["image_tensor"]
    lacking = type(whole)(versions=whole.versions)
    lacking.node.extend(node for node in whole.node if node.name != "Conv/weights")
    write_graph(graph_path, lacking)
    assert _refused(graph_path) == "the graph is not whole: Conv/weights/read reads Conv/weights, which is not there"


def test_a_graph_that_is_no_detector(graph_path):
    write_graph(graph_path, bright_half(drop=("num_detections",)))
    what = _refused(graph_path)
    assert what.startswith("the graph does not give num_detections; its outputs are ")
    assert "detection_scores" in what and "Const" not in what


def test_a_graph_that_takes_something_else(graph_path, definitions):
    other = type(definitions["image_tensor"])()
    other.CopyFrom(definitions["image_tensor"])
    for node in other.node:
        node.name = "sound" if node.name == "image_tensor" else node.name
        node.input[:] = [text.replace("image_tensor", "sound") for text in node.input]
    write_graph(graph_path, other)
    assert _refused(graph_path).startswith("the graph takes sound, not one of image_tensor,")


def test_a_graph_with_weights_that_are_no_numbers(graph_path):
    write_graph(graph_path, bright_half(scale=float("nan")))
    with pytest.raises(CheckpointError, match="not a number") as caught:
        Detector.from_saved_model(graph_path)
    assert caught.value.where == f"{graph_path}, Conv/weights"


def test_a_graph_of_an_operation_that_tensorflow_has_not(graph_path, definitions):
    other = type(definitions["image_tensor"])()
    other.CopyFrom(definitions["image_tensor"])
    next(node for node in other.node if node.name == "detection_boxes").op = "BoxesOfMine"
    write_graph(graph_path, other)
    what = _refused(graph_path)
    assert what.startswith("this TensorFlow cannot run the graph: ") and "BoxesOfMine" in what


def test_a_graph_whose_weights_lie_elsewhere(graph_path):
    with tf.Graph().as_default() as graph:
        tf.raw_ops.VariableV2(shape=[1], dtype=tf.float32, name="Conv/weights")
    write_graph(graph_path, graph.as_graph_def())
    assert "not frozen: its variables, Conv/weights first" in _refused(graph_path)


def test_constants_are_read_through_identities(graph_path):
    graph = FrozenGraph.read(graph_path)
    assert graph.constant("Conv/weights/read") == graph.constant("Conv/weights") == pytest.approx(1 / 255)
    assert graph.constant("detection_boxes") is None


def test_a_graph_that_fails_when_it_runs(graph_path, definitions):
    other = type(definitions["image_tensor"])()
    other.CopyFrom(definitions["image_tensor"])
    node = next(node for node in other.node if node.name == "Conv/weights")
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto([1.0, 2.0, 3.0]))  # a weight for each of three images
    write_graph(graph_path, other)
    detector = Detector.from_saved_model(graph_path)
    with pytest.raises(CheckpointError, match="this TensorFlow cannot run the graph: "):
        detector(np.zeros((2, 4, 4, 3), np.uint8))
