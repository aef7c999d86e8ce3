"""Two-stage detectors as ONNX and TFLite: what is computed in another way there, and that all of it finds the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tests.models.learning import learn
from tests.models.test_faster_rcnn import SIDE, images, labels, tiny
from tfod import names
from tfod.boxes.nms import MulticlassNMS
from tfod.errors import ConfigError
from tfod.export.converters import onnx_model
from tfod.export.detector import preparation_of, write_detector
from tfod.export.suppression import suppressed_by_class
from tfod.export.tflite_two_stage import _size_without_padding, gathered_crops
from tfod.inference.detections import Detections
from tfod.inference.detector import Detector
from tfod.models.faster_rcnn.detector import FasterRCNN
from tfod.models.faster_rcnn.regions import crop_regions
from tfod.models.preprocess import MinusOneToOne, Preprocess
from tfod.models.resizer import ImageResizer
from tfod.models.suppression import suppress

__all__ = ["labels"]  # a fixture

PADDED = Preprocess(ImageResizer.keep_aspect_ratio(SIDE, SIDE, pad_to_max=True), MinusOneToOne(), normalize_first=False)


def random_boxes(*shape: int, reach: float = 0.1) -> np.ndarray:
    """float32 `[*shape, 4]`, some of which cross the border of the image."""
    corners = np.random.default_rng(3).uniform(-reach, 1.0 + reach, [*shape, 2, 2])
    return np.concatenate([corners.min(-2), corners.max(-2)], -1).astype(np.float32)


@pytest.mark.parametrize("class_agnostic", [False, True])
@pytest.mark.parametrize("classes_of_boxes", [(), (5,)])
@pytest.mark.parametrize("counts", [None, [60, 7]])
def test_suppression_class_by_class_is_that_of_the_model(
    class_agnostic: bool, classes_of_boxes: tuple[int, ...], counts: list[int] | None
) -> None:
    boxes = random_boxes(2, 60, *classes_of_boxes)
    scores = np.random.default_rng(4).uniform(0, 1, [2, 60, 6]).astype(np.float32)
    windows = np.array([[0, 0, 1, 1], [0, 0, 0.5, 0.75]], np.float32)
    nms = MulticlassNMS(0.2, 0.4, max_per_class=9, max_total=30, class_agnostic=class_agnostic, candidates=())
    given = nms, *map(tf.constant, (boxes, scores, windows))
    number = None if counts is None else tf.constant(counts)
    found, expected = (one(*given, first_class=1, counts=number) for one in (suppressed_by_class, suppress))
    assert int(expected[names.NUM_DETECTIONS][1]) >= 3
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[name], atol=1e-6, err_msg=name)


def regions(batch: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Two maps, boxes of which one is the whole image and others cross its border, and the map that each looks at."""
    rng = np.random.default_rng(0)
    maps = [rng.standard_normal([batch, side, side + 3, 5]).astype(np.float32) for side in (9, 5)]
    boxes = random_boxes(batch, 12)
    boxes[:, 0] = [0.0, 0.0, 1.0, 1.0]
    boxes[:, 1] = [0.1, 0.3, 1.0, 1.0]  # by a last digit its last sample is in the image, or not
    return maps, boxes, rng.integers(0, 2, [batch, 12]).astype(np.int32)


@pytest.mark.parametrize("fades", [False, True])
def test_gathered_crops_are_those_of_the_model(fades: bool) -> None:
    maps, boxes, levels = regions(batch=1)
    both = [tf.constant(one) for one in maps], tf.constant(boxes), tf.constant(levels)
    np.testing.assert_allclose(gathered_crops(*both, 4, fades=fades), crop_regions(*both, 4, fades=fades), atol=1e-5)
    alone = both[0][:1], both[1], tf.zeros_like(both[2])
    np.testing.assert_allclose(gathered_crops(*alone, 4, fades=fades), crop_regions(*alone, 4, fades=fades), atol=1e-5)


def test_crops_of_onnx_are_those_of_the_model() -> None:
    pytest.importorskip("tf2onnx", reason="needs the extra [onnx]")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra [onnx]")
    maps, boxes, levels = regions(batch=2)
    spec = tf.TensorSpec([None, None, 4], tf.float32, "boxes")

    @tf.function(autograph=False, input_signature=[spec])
    def crop(boxes: tf.Tensor) -> dict[str, tf.Tensor]:
        given = [tf.constant(one) for one in maps], boxes, tf.constant(levels)
        return {f"fades_{fades}": crop_regions(*given, 4, fades=fades) for fades in (False, True)}

    session = onnxruntime.InferenceSession(onnx_model(crop, [spec]), providers=["CPUExecutionProvider"])
    outputs = [one.name for one in session.get_outputs()]
    found = dict(zip(outputs, session.run(None, {"boxes": boxes}), strict=True))
    for name, expected in crop(tf.constant(boxes)).items():
        np.testing.assert_allclose(found[name], expected, atol=1e-4)


def test_padding_is_told_from_the_image() -> None:
    image = np.random.default_rng(0).integers(1, 256, [40, 80, 3]).astype(np.uint8)
    inputs, true_shapes = PADDED(tf.constant(image[np.newaxis]))
    size = _size_without_padding(inputs, preparation_of(PADDED))
    assert size.numpy().tolist() == true_shapes[:, :2].numpy().tolist() == [[48, 96]]
    black = _size_without_padding(-tf.ones_like(inputs), preparation_of(PADDED))
    assert black.numpy().tolist() == [[1, 1]]


@pytest.fixture(scope="module")
def learned(labels: dict[str, tf.Tensor]) -> FasterRCNN:
    """A Mask R-CNN that knows its two images: scores of new weights are all but equal, and chance would order them."""
    keras.utils.set_random_seed(1)
    model = tiny(stages=3)
    learn(model, images(), 60, 0.002, labels)
    return model


def assert_alike(found: Detections, expected: Detections, tolerance: float) -> None:
    """Of the best two: boxes to ten times the tolerance in pixels, scores, and of masks all but that share."""
    first, second = (one.best(2) for one in (expected, found))
    np.testing.assert_array_equal(second.class_ids, first.class_ids)
    np.testing.assert_allclose(second.pixel_boxes, first.pixel_boxes, atol=10 * tolerance)
    np.testing.assert_allclose(second.scores, first.scores, atol=tolerance)
    if first.masks is not None and second.masks is not None:
        assert (first.masks & second.masks).sum() >= (1.0 - tolerance) * (first.masks | second.masks).sum()
    assert (first.masks is None) is (second.masks is None)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # newer versions of TensorFlow announce another package
@pytest.mark.parametrize(("kind", "tolerance"), [("onnx", 1e-3), ("tflite_float32", 1e-3), ("tflite_float16", 0.02)])
def test_every_format_finds_the_boxes_and_masks_of_the_model(
    learned: FasterRCNN, kind: str, tolerance: float, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime" if kind == "onnx" else "ai_edge_litert")
    several = list(images().numpy())
    expected = Detector.from_model(learned).detect_all(several)
    found = Detector(write_detector(learned, kind, tmp_path, class_names={3: "c"})).detect_all(several)
    for one, other in zip(found, expected, strict=True):
        assert other.masks is not None and other.masks[:2].any()
        assert_alike(one, other, tolerance)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # as above
def test_tflite_keeps_proposals_out_of_padding(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    keras.utils.set_random_seed(1)
    model = tiny(stages=2)
    learn(model, images(), 60, 0.002)
    model.preprocess = PADDED
    image = images().numpy()[0][:70]
    found = Detector(write_detector(model, "tflite_float32", tmp_path, class_names={}))(image)
    assert_alike(found, Detector.from_model(model)(image), 1e-3)


def refused(model: Any, kind: str, tmp_path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        write_detector(model, kind, tmp_path, class_names={})
    assert not list(tmp_path.iterdir())
    return caught.value


def test_what_a_format_cannot_hold_is_refused_with_the_reason_and_a_cure(tmp_path: Path) -> None:
    model = tiny(stages=3)
    assert "too coarse in eight bits" in refused(model, "tflite_int8", tmp_path).what
    model.preprocess = PADDED
    error = refused(model, "tflite_float32", tmp_path)
    assert "how much of the input is padding" in error.what and "model.faster_rcnn.image_resizer" in error.cure
    model.preprocess = Preprocess(ImageResizer.identity(), MinusOneToOne(), normalize_first=False)
    assert "model.faster_rcnn.image_resizer" in refused(model, "tflite_float16", tmp_path).cure


@pytest.mark.parametrize("kind", ["onnx", "tflite_float32"])
def test_soft_suppression_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FasterRCNN, "suppressions", [MulticlassNMS(soft_nms_sigma=0.5)])
    assert "no soft suppression" in refused(tiny(), kind, tmp_path).what
