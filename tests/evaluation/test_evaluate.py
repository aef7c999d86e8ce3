from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tfod import names
from tfod.errors import ConfigError
from tfod.evaluation.coco_metrics import CocoEvaluator
from tfod.evaluation.evaluate import _in_file, detector_step, evaluate_model
from tfod.evaluation.from_config import image_options_from_config
from tfod.evaluation.pascal_metrics import PascalEvaluator
from tfod.evaluation.side_by_side import ImageOptions
from tfod.inference.backends.tensorflow import TensorFlowDetector
from tfod.protos.eval_pb2 import EvalConfig
from tfod.visualize.colours import class_colour

CATEGORIES = {1: "cat", 2: "dog"}
BOX = [0.25, 0.125, 0.5, 0.25]  # relative to the padded input of 8 x 16 pixels
ON_TRUE_IMAGE = [0.5, 0.125, 1.0, 0.25]  # the image fills the upper half of the input


def example(source_id, boxes, class_ids, crowd=None, difficult=None):
    """One picture of 40 x 160 pixels, which the network sees as 4 x 16 above 4 rows of padding."""
    rows = 3
    padding = rows - len(boxes)
    one_hot = np.eye(2, dtype=np.float32)[np.array(class_ids, int) - 1].reshape(-1, 2)
    features = {
        names.IMAGE: np.zeros((8, 16, 3), np.float32),
        names.ORIGINAL_IMAGE: np.full((8, 16, 3), 200, np.uint8),
        names.TRUE_IMAGE_SHAPE: np.int32([4, 16, 3]),
        names.ORIGINAL_IMAGE_SPATIAL_SHAPE: np.int32([40, 160]),
        names.SOURCE_ID: source_id,
    }
    labels = {
        names.NUM_GROUNDTRUTH_BOXES: np.int32(len(boxes)),
        names.GROUNDTRUTH_BOXES: np.pad(np.float32(boxes).reshape(-1, 4), [(0, padding), (0, 0)]),
        names.GROUNDTRUTH_CLASSES: np.pad(one_hot, [(0, padding), (0, 0)]),
        names.GROUNDTRUTH_IS_CROWD: np.pad(np.array(crowd or [False] * len(boxes), bool), (0, padding)),
        names.GROUNDTRUTH_DIFFICULT: np.pad(np.array(difficult or [False] * len(boxes), bool), (0, padding)),
    }
    return features, labels


def dataset(*examples, batch_size=1):
    def generate():
        yield from examples

    signature = tf.nest.map_structure(tf.type_spec_from_value, tf.nest.map_structure(tf.constant, examples[0]))
    return tf.data.Dataset.from_generator(generate, output_signature=signature).batch(batch_size)


def finds(box, class_id, loss=1.0):
    """A step that finds one box on every picture, beside padding."""

    def step(features, labels):
        count = len(features[names.SOURCE_ID])
        detections = {
            names.DETECTION_BOXES: tf.constant([[box, [0.0] * 4]] * count, tf.float32),
            names.DETECTION_SCORES: tf.constant([[0.9, 0.0]] * count),
            names.DETECTION_CLASSES: tf.constant([[class_id, 1.0]] * count),
            names.NUM_DETECTIONS: tf.constant([1.0] * count),
        }
        return {names.TOTAL_LOSS: tf.constant(loss * count)}, detections

    return step


def test_padding_is_taken_out_and_boxes_are_compared_in_pixels_of_the_file():
    found = evaluate_model(finds(ON_TRUE_IMAGE, 1), dataset(example("a", [BOX], [1])), CATEGORIES).metrics
    assert found["DetectionBoxes_Precision/mAP"] == pytest.approx(1.0)
    # In the file the box has 20 x 20 pixels, which is small; in the input it has 2 x 2.
    assert found["DetectionBoxes_Precision/mAP (small)"] == pytest.approx(1.0)
    assert found["DetectionBoxes_Precision/mAP (medium)"] == -1.0


def test_a_wrong_class_finds_nothing():
    found = evaluate_model(finds(ON_TRUE_IMAGE, 2), dataset(example("a", [BOX], [1])), CATEGORIES).metrics
    assert found["DetectionBoxes_Precision/mAP"] == 0.0
    assert found["DetectionBoxes_PerformanceByCategory/mAP/dog"] == -1.0


def test_losses_are_means_over_batches_and_pictures_are_counted():
    examples = [example(name, [BOX], [1]) for name in ("a", "b", "b")]
    result = evaluate_model(finds(ON_TRUE_IMAGE, 1), dataset(*examples, batch_size=2), CATEGORIES)
    assert result.losses == {names.TOTAL_LOSS: 1.5}
    assert result.images == 3
    assert result.repeated_ids == 1
    assert result.num_groundtruth == {1: 3, 2: 0}
    assert result.metrics["DetectionBoxes_Recall/AR@1"] == pytest.approx(1.0)


def test_a_crowd_need_not_be_found():
    examples = dataset(example("a", [BOX, [0, 0, 0.1, 0.1]], [1, 1], crowd=[False, True]))
    assert evaluate_model(finds(ON_TRUE_IMAGE, 1), examples, CATEGORIES).metrics[
        "DetectionBoxes_Recall/AR@100"
    ] == pytest.approx(1.0)


def test_pascals_metrics_come_beside_cocos():
    examples = dataset(example("a", [BOX, [0, 0, 0.1, 0.1]], [1, 1], difficult=[False, True]))
    pascal = [PascalEvaluator(CATEGORIES)]
    metrics = evaluate_model(finds(ON_TRUE_IMAGE, 1), examples, CATEGORIES, others=pascal).metrics
    assert metrics["PascalBoxes_Precision/mAP@0.5IOU"] == 1.0
    assert metrics["DetectionBoxes_Recall/AR@100"] == pytest.approx(0.5)


def with_masks(truth, found):
    """An example and a step as above, with masks: which rows of the true image, 4 x 16, and of the box, they have."""
    features, labels = example("a", [BOX], [1])
    masks = np.zeros((3, 8, 16), np.float32)
    masks[0, truth, 2:4] = 1
    masks[:, 4:] = 1  # the padding
    box_masks = np.zeros((1, 2, 20, 20), np.float32)
    box_masks[0, 0, found] = 1
    step = finds(ON_TRUE_IMAGE, 1)

    def finding(features, labels):
        losses, detections = step(features, labels)
        return losses, {**detections, names.DETECTION_MASKS: tf.constant(box_masks)}

    return dataset((features, {**labels, names.GROUNDTRUTH_INSTANCE_MASKS: masks})), finding


def of_masks():
    return [
        CocoEvaluator(CATEGORIES, of_masks=True),
        PascalEvaluator(CATEGORIES, prefix="PascalMasks_", of_masks=True),
    ]


@pytest.mark.parametrize(("found", "expected"), [(slice(None), 1.0), (slice(0, 9), 0.0)], ids=["whole", "half"])
def test_masks_are_compared_in_pixels_of_the_file(found, expected):
    # The box is the lower half of the image, and all of it is the object.
    examples, step = with_masks(slice(2, 4), found)
    metrics = evaluate_model(step, examples, CATEGORIES, others=of_masks(), images=ImageOptions()).metrics
    assert metrics["DetectionMasks_Precision/mAP@.50IOU"] == pytest.approx(expected)
    assert metrics["PascalMasks_Precision/mAP@0.5IOU"] == expected
    assert metrics["DetectionBoxes_Precision/mAP"] == pytest.approx(1.0)


def test_masks_are_drawn():
    drawn = []
    for found in (slice(None), slice(0, 9)):
        examples, step = with_masks(slice(2, 4), found)
        result = evaluate_model(step, examples, CATEGORIES, images=ImageOptions())
        drawn.append(result.drawn["eval_side_by_side_0_0"])
    different = (drawn[0] != drawn[1]).any(axis=(0, 2))
    assert different[: len(different) // 2].any()
    assert not different[len(different) // 2 :].any()


def test_keypoints_are_drawn_with_their_lines():
    features, labels = example("a", [[0.0, 0.0, 0.5, 1.0]], [2])
    # Of the padded input, whose upper half is the image: from left to right through its middle, and none.
    points = np.float32([[[0.25, 0.25], [0.25, 0.75], [np.nan, np.nan]]] * 3)
    labels |= {
        names.GROUNDTRUTH_KEYPOINTS: points,
        names.GROUNDTRUTH_KEYPOINT_VISIBILITIES: np.isfinite(points[..., 0]),
    }
    step = finds([0.0, 0.0, 1.0, 1.0], 1)

    def finding(features, labels):
        losses, detections = step(features, labels)
        # Through the middle too, but for the ends.
        found = tf.constant([[[[0.5, 0.125], [0.5, 0.875], [0.9, 0.5]]] * 2])
        return losses, {**detections, names.DETECTION_KEYPOINTS: found}

    options = ImageOptions(keypoint_edges=[(0, 1), (1, 2)])
    drawn = evaluate_model(finding, dataset((features, labels)), {1: "", 2: ""}, images=options)
    left, right = np.split(
        drawn.drawn["eval_side_by_side_0_0"], [drawn.drawn["eval_side_by_side_0_0"].shape[1] // 2], 1
    )
    for half, class_id, length in ((left, 1, 240), (right, 2, 160)):
        rows = (half == class_colour(class_id)).all(axis=-1)[10:-10].sum(axis=1)
        # Between the points, of radius 2.
        assert length - 8 <= rows[20:-20].max() <= length
    assert not (right == class_colour(3)).all(axis=-1).any()


def test_masks_that_are_not_there_are_an_error():
    with pytest.raises(ConfigError, match="the model finds none"):
        evaluate_model(finds(BOX, 1), dataset(example("a", [BOX], [1])), CATEGORIES, others=of_masks())
    _, step = with_masks(slice(2, 4), slice(None))
    with pytest.raises(ConfigError, match="the data set has none"):
        evaluate_model(step, dataset(example("a", [BOX], [1])), CATEGORIES, others=of_masks())


@pytest.mark.parametrize("size", [(4, 16), (9, 5), (1, 1), (40, 160), (7, 31)])
def test_masks_of_ground_truth_are_enlarged_as_the_original_enlarges_them(size):
    masks = np.random.default_rng(0).integers(0, 2, (2, 4, 16)).astype(np.float32)
    resized = tf.raw_ops.ResizeNearestNeighbor(
        images=masks.transpose(1, 2, 0)[np.newaxis], size=size, align_corners=True
    )
    np.testing.assert_array_equal(_in_file(masks, *size), resized[0].numpy().transpose(2, 0, 1) > 0)


def test_pictures_of_the_first_batches_are_drawn_without_padding():
    examples = [example(str(i), [BOX], [1]) for i in range(3)]
    result = evaluate_model(
        finds(ON_TRUE_IMAGE, 1), dataset(*examples, batch_size=2), CATEGORIES, images=ImageOptions(num_batches=1)
    )
    assert list(result.drawn) == ["eval_side_by_side_0_0", "eval_side_by_side_0_1"]
    drawn = result.drawn["eval_side_by_side_0_0"]
    assert drawn.dtype == np.uint8
    # 4 x 16 pixels, enlarged to 80 x 320, twice side by side.
    assert drawn.shape[1] > 640
    assert (drawn == 200).all(axis=-1).sum() > 80 * 320


def test_progress_is_shown_if_the_number_is_known(capsys):
    evaluate_model(finds(ON_TRUE_IMAGE, 1), dataset(example("a", [BOX], [1])), CATEGORIES, total=1)
    assert "evaluating: 1/1 images" in capsys.readouterr().err


def test_an_exported_model_gets_the_pixels_of_the_file():
    seen = []

    def function(images):
        seen.append(images)
        return finds(BOX, 1)({names.SOURCE_ID: [b"a"]}, {})[1]

    features, labels = example("a", [BOX], [1])
    features |= {names.IMAGE: np.full((8, 16, 3), 254.0, np.float32), names.TRUE_IMAGE_SHAPE: np.int32([8, 16, 3])}
    result = evaluate_model(
        detector_step(SimpleNamespace(outputs=TensorFlowDetector(function, tf.uint8))),
        dataset((features, labels)),
        CATEGORIES,
    )
    assert seen[0].dtype == tf.uint8
    assert (seen[0].numpy() == 254).all()
    assert result.losses == {}
    assert result.metrics["DetectionBoxes_Precision/mAP"] == pytest.approx(1.0)


def test_picture_options_come_from_the_config():
    assert image_options_from_config(EvalConfig()) == ImageOptions(10, 0.5, 20, [])
    lines = EvalConfig(keypoint_edge=[{"start": 0, "end": 2}])
    assert image_options_from_config(lines) == ImageOptions(keypoint_edges=[(0, 2)])
    assert image_options_from_config(EvalConfig(num_visualizations=0)) is None
    assert image_options_from_config(EvalConfig(retain_original_images=False)) is None
