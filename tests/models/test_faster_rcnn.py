"""Two stages and masks: what each part does, and that all of it together learns. (Numbers: tests/parity.)"""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from benchmarks.scripts.parity_rules import ellipse
from tests.models.learning import BOXES, CLASSES, LABELS, learn
from tfod import names
from tfod.boxes.anchors import GridAnchors
from tfod.boxes.coders import FasterRcnnBoxCoder
from tfod.boxes.geometry import iou
from tfod.boxes.matching import ArgMaxMatcher
from tfod.boxes.nms import MulticlassNMS
from tfod.boxes.sampling import BalancedSampler, FullSampler
from tfod.boxes.targets import TargetAssigner
from tfod.evaluation.coco_metrics import CocoEvaluator
from tfod.inference.box_masks import image_masks
from tfod.losses.classification import SoftmaxLoss
from tfod.losses.mining import HardExampleMiner
from tfod.models.faster_rcnn.detector import FasterRCNN, FirstStage, SecondStage
from tfod.models.faster_rcnn.features import ImageFeatures
from tfod.models.faster_rcnn.ground_truth import GroundTruth
from tfod.models.faster_rcnn.loss import BoxClassifierLoss, MaskLoss, ProposalLoss
from tfod.models.faster_rcnn.masks import MaskHead, MaskSettings
from tfod.models.faster_rcnn.postprocess import RegionPostprocessor
from tfod.models.faster_rcnn.proposals import ProposalNetwork, Proposals, ProposalSampler, Proposer
from tfod.models.faster_rcnn.second_stage import BoxHeads, DenseFeatures, RegionPooling
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.normalization import BatchNorm, keeping_averages
from tfod.models.layers.padding import Fit
from tfod.models.layers.sequential import Sequential
from tfod.models.precision import mixed_precision
from tfod.models.preprocess import MinusOneToOne, Preprocess
from tfod.models.resizer import ImageResizer

SIDE, PROPOSALS, SAMPLE, DETECTIONS, MASK = 96, 24, 12, 8, 6
CODER = FasterRcnnBoxCoder()
REGIONS = TargetAssigner(iou, ArgMaxMatcher(0.5, 0.5), CODER)
PLAIN = ConvHyperparameters(keras.initializers.HeNormal)


class FourConvolutions(tf.Module):
    """See Backbone: no normalisation, whose averages a few steps would not bring along."""

    strides, channels, levels = {"last": 16}, {"last": 32}, {4: "last"}

    def __init__(self) -> None:
        super().__init__()
        blocks = [[PLAIN.conv(32, 3, strides=2), *PLAIN.activation_layer()] for _ in range(4)]
        self.layers = Sequential([layer for block in blocks for layer in block])

    def __call__(self, images: tf.Tensor, *, training: bool) -> dict[str, tf.Tensor]:
        return {"last": self.layers(images, training=training)}


class TwoConvolutions(tf.Module):
    """See RegionFeatures: a cell of a region keeps its place."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = Sequential([PLAIN.conv(64, 3), *PLAIN.activation_layer(), PLAIN.conv(64, 3)])

    def __call__(self, regions: tf.Tensor, *, training: bool) -> tf.Tensor:
        return tf.nn.relu(self.layers(regions, training=training))


def tiny(*, stages: int = 2, shares_box: bool = False, clips_anchors: bool = True, fine: bool = False) -> FasterRCNN:
    """Convolutions look at images of 96 x 96 pixels, dense layers at regions; `fine`: convolutions, as masks want."""
    anchors = GridAnchors((0.25, 0.5), (1.0,), (128.0, 128.0))
    first = FirstStage(
        features=ImageFeatures(FourConvolutions(), fit=Fit(), end_point="last"),
        anchors=anchors,
        network=ProposalNetwork(PLAIN, depth=32, kernel_size=3, dilation=1, anchors_per_cell=anchors.anchors_per_cell),
        proposer=Proposer(
            CODER,
            MulticlassNMS(
                iou_threshold=0.7, max_per_class=PROPOSALS, max_total=PROPOSALS, change_coordinate_frame=False
            ),
        ),
        loss=ProposalLoss(
            TargetAssigner(iou, ArgMaxMatcher(0.7, 0.3, force_match_for_each_row=True), CODER), BalancedSampler(32, 0.5)
        ),
        clips_anchors=clips_anchors,
    )
    size, side, channels = (14, 14, 64) if fine else (MASK, 1, 1024)
    head = MaskHead(PLAIN, MaskSettings(size, size, 3, 32), num_classes=CLASSES, side=side, channels=channels)
    second = SecondStage(
        pooling=RegionPooling(14, 1, 1, fades=False) if fine else RegionPooling(6, 2, 2, fades=False),
        features=TwoConvolutions() if fine else DenseFeatures(None),
        heads=BoxHeads(PLAIN, num_classes=CLASSES, shares_box=shares_box),
        postprocessor=RegionPostprocessor(CODER, tf.nn.softmax, MulticlassNMS(max_total=DETECTIONS)),
        loss=BoxClassifierLoss(REGIONS, SoftmaxLoss()),
        sampler=ProposalSampler(REGIONS, BalancedSampler(SAMPLE, 0.5), SAMPLE),
        masks=(head, MaskLoss(REGIONS)) if stages == 3 else None,
    )
    return FasterRCNN(
        num_classes=CLASSES,
        preprocess=Preprocess(ImageResizer.fixed_shape(SIDE, SIDE), MinusOneToOne(), normalize_first=False),
        first=first,
        second=second if stages > 1 else None,
    )


def images() -> tf.Tensor:
    """Two images with their objects, uint8 `[2, 96, 96, 3]`: noise, and a bright patch where a box is."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, 100, [2, SIDE, SIDE, 3])
    for image, boxes in zip(drawn, BOXES, strict=True):
        for number, box in enumerate(boxes):
            ymin, xmin, ymax, xmax = (int(edge * SIDE) for edge in box)
            image[ymin:ymax, xmin:xmax, number] = 255
    return tf.constant(drawn, tf.uint8)


@pytest.fixture(scope="module")
def model() -> FasterRCNN:
    keras.utils.set_random_seed(1)
    return tiny(stages=3)


@pytest.fixture(scope="module")
def labels() -> dict[str, tf.Tensor]:
    """With masks that fill the boxes."""
    centres = (np.arange(SIDE) + 0.5) / SIDE
    boxes = np.array(BOXES)[..., np.newaxis]
    rows = (boxes[:, :, 0] < centres) & (centres < boxes[:, :, 2])
    columns = (boxes[:, :, 1] < centres) & (centres < boxes[:, :, 3])
    masks = rows[..., np.newaxis] & columns[:, :, np.newaxis]
    return {**LABELS, names.GROUNDTRUTH_INSTANCE_MASKS: tf.constant(masks, tf.float32)}


def test_training_looks_at_a_sample_of_proposals_and_detection_at_all(
    model: FasterRCNN, labels: dict[str, tf.Tensor]
) -> None:
    inputs, shapes = model.preprocess(images())
    trained = model.predict(inputs, shapes, labels=labels, training=True)
    assert trained[names.PROPOSAL_BOXES].shape == (2, SAMPLE, 4)
    assert trained[names.REFINED_BOX_ENCODINGS].shape == (2 * SAMPLE, CLASSES, 4)
    assert trained[names.MASK_PREDICTIONS].shape == (2 * SAMPLE, CLASSES, MASK, MASK)
    assert int(tf.reduce_max(trained[names.NUM_PROPOSALS])) <= SAMPLE
    found = model.predict(inputs, shapes, training=False)
    assert found[names.PROPOSAL_BOXES].shape == (2, PROPOSALS, 4)
    assert found[names.MASK_PREDICTIONS].shape == (2 * DETECTIONS, CLASSES, MASK, MASK)
    detections = model.detect(images())
    assert detections[names.DETECTION_MASKS].shape == (2, DETECTIONS, MASK, MASK)
    assert {value.dtype for value in detections.values()} == {tf.float32}


def test_it_learns_boxes_classes_and_masks(labels: dict[str, tf.Tensor]) -> None:
    keras.utils.set_random_seed(1)
    model = tiny(stages=3)
    losses = learn(model, images(), 60, 1e-3, labels)
    assert np.mean(losses[-5:]) < 0.35 * np.mean(losses[:5])
    detections = model.detect(images())
    best = detections[names.DETECTION_BOXES][1, 0]
    assert float(iou(best[tf.newaxis], tf.constant(BOXES[1][:1]))[0, 0]) > 0.6
    assert detections[names.DETECTION_CLASSES][1, 0] == 2.0, "class 1 from 0 is 2 for users"
    assert float(tf.reduce_mean(detections[names.DETECTION_MASKS][1, 0])) > 0.6


def test_mixed_precision(model: FasterRCNN, labels: dict[str, tf.Tensor]) -> None:
    with mixed_precision():
        mixed = tiny(stages=3)
    for variable, value in zip(mixed.variables, model.variables, strict=True):
        variable.assign(value)
    inputs, shapes = model.preprocess(images())
    ours, theirs = (one.predict(inputs, shapes, training=False) for one in (mixed, model))
    for name in (names.RPN_OBJECTNESS, names.RPN_BOX_ENCODINGS):
        assert ours[name].dtype == tf.float32
        assert np.corrcoef(np.ravel(ours[name]), np.ravel(theirs[name]))[0, 1] > 0.99
        assert (ours[name].numpy() != theirs[name].numpy()).any(), "nothing was computed in bfloat16"
    assert np.isfinite(learn(mixed, images(), 2, 1e-3, labels)).all()


def test_dense_layers_are_normalised_alike_where_features_are_computed_again() -> None:
    features, regions = (
        DenseFeatures(BatchNorm(decay=0.5, scale=True)),
        tf.random.stateless_normal([8, 2, 2, 3], [1, 2]),
    )
    once = features(regions, training=True)
    before = [variable.numpy() for variable in features.variables]
    with keeping_averages():
        again = features(regions, training=True)
    np.testing.assert_allclose(again, once, atol=1e-5)
    for variable, value in zip(features.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_images_without_objects_can_be_learnt_from(model: FasterRCNN, labels: dict[str, tf.Tensor]) -> None:
    nothing = {name: tf.zeros_like(value) for name, value in labels.items()}
    inputs, shapes = model.preprocess(images())

    @tf.function(autograph=False)
    def gradients() -> tuple[dict[str, tf.Tensor], list[tf.Tensor | None]]:
        with tf.GradientTape() as tape:
            losses, _ = model.losses(inputs, shapes, nothing, training=True)
        return losses, tape.gradient(losses[names.TOTAL_LOSS], model.trainable_variables)

    losses, found = gradients()
    assert all(bool(tf.reduce_all(tf.math.is_finite(gradient))) for gradient in found if gradient is not None)
    assert float(losses[names.MASK_LOSS]) == float(losses[names.BOX_LOCALIZATION_LOSS]) == 0.0


@pytest.mark.slow
def test_masks_of_four_images_are_learnt_by_heart() -> None:
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(3)
    boxes, classes, drawn, masks = (
        np.zeros([4, 2, 4]),
        np.zeros([4, 2], int),
        rng.integers(0, 90, [4, SIDE, SIDE, 3]),
        [],
    )
    for image in range(4):
        for number in range(2):
            height, width = rng.uniform(0.35, 0.48, 2)
            top, left = number * 0.5 + rng.uniform(0, 0.49 - height), rng.uniform(0, 1 - width)
            boxes[image, number] = top, left, top + height, left + width
            classes[image, number] = rng.integers(CLASSES)
            mask = ellipse(boxes[image, number], SIDE, SIDE)
            drawn[image][mask > 0] = 60
            drawn[image][mask > 0, classes[image, number]] = 255
            masks.append(mask)
    truth = np.reshape(masks, [4, 2, SIDE, SIDE])
    labels = {
        names.NUM_GROUNDTRUTH_BOXES: tf.fill([4], 2),
        names.GROUNDTRUTH_BOXES: tf.constant(boxes, tf.float32),
        names.GROUNDTRUTH_CLASSES: tf.one_hot(classes, CLASSES),
        names.GROUNDTRUTH_WEIGHTS: tf.ones([4, 2]),
        names.GROUNDTRUTH_INSTANCE_MASKS: tf.constant(truth, tf.float32),
    }
    model = tiny(stages=3, fine=True)
    learn(model, tf.constant(drawn, tf.uint8), 500, 1e-3, labels)
    learn(model, tf.constant(drawn, tf.uint8), 200, 2e-4, labels)
    found = {name: value.numpy() for name, value in model.detect(tf.constant(drawn, tf.uint8)).items()}
    evaluator = CocoEvaluator({1: "a", 2: "b", 3: "c"}, of_masks=True)
    for image in range(4):
        pasted = image_masks(found[names.DETECTION_MASKS][image], found[names.DETECTION_BOXES][image], SIDE, SIDE)
        evaluator.add(
            image,
            boxes[image] * SIDE,
            classes[image] + 1,
            found[names.DETECTION_BOXES][image] * SIDE,
            found[names.DETECTION_SCORES][image],
            found[names.DETECTION_CLASSES][image],
            groundtruth_masks=truth[image],
            detection_masks=pasted,
        )
    assert evaluator.metrics()["DetectionMasks_Precision/mAP"] > 0.9


def test_proposals_alone_are_detections_of_one_class() -> None:
    model = tiny(stages=1)
    detections = model.detect(images())
    assert detections[names.DETECTION_BOXES].shape == (2, PROPOSALS, 4)
    assert {1.0} >= set(np.unique(detections[names.DETECTION_CLASSES]))
    assert model.box_heads is None
    inputs, shapes = model.preprocess(images())
    losses = model.loss(model.predict(inputs, shapes, labels=LABELS, training=True), LABELS, training=True)
    assert losses.keys() == {names.RPN_LOCALIZATION_LOSS, names.RPN_OBJECTNESS_LOSS}


def test_anchors_beyond_the_border_are_left_out_or_clipped() -> None:
    clipping, leaving = tiny(stages=1), tiny(stages=1, clips_anchors=False)
    inputs, shapes = clipping.preprocess(images())
    every = clipping.predict(inputs, shapes, labels=LABELS, training=True)[names.ANCHORS]
    inner = leaving.predict(inputs, shapes, labels=LABELS, training=True)[names.ANCHORS]
    assert len(every) == 6 * 6 * 2 and 0 < len(inner) < len(every)
    for anchors in (every, inner):
        assert float(tf.reduce_min(anchors)) >= 0.0 and float(tf.reduce_max(anchors)) <= SIDE
    assert len(leaving.predict(inputs, shapes, training=False)[names.ANCHORS]) == len(every)


TRUTH = GroundTruth(tf.constant([[[0.0, 0.0, 10.0, 10.0]]]), tf.constant([[[0.0, 1.0]]]), tf.ones([1, 1]), None)
FOUR = tf.constant([[[0.0, 0.0, 10.0, 9.0], [50.0, 50.0, 60.0, 60.0], [0.0, 0.0, 9.0, 10.0], [0.0, 0.0, 0.0, 0.0]]])


def test_sampled_proposals_keep_their_order() -> None:
    sample = ProposalSampler(REGIONS, BalancedSampler(6, 1.0), 6)(Proposals(FOUR, tf.constant([3])), TRUTH)
    assert sample.counts.numpy().tolist() == [3]
    np.testing.assert_array_equal(sample.boxes[0, :4], FOUR[0])
    np.testing.assert_array_equal(sample.boxes[0, 4:], np.zeros([2, 4]))
    one = ProposalSampler(REGIONS, BalancedSampler(2, 0.5), 2)(Proposals(FOUR, tf.constant([3])), TRUTH)
    assert one.boxes[0, 1].numpy().tolist() in (FOUR[0, 1].numpy().tolist(), FOUR[0, 2].numpy().tolist())


def test_static_shapes_fill_the_sample_with_what_was_not_drawn() -> None:
    sampler = ProposalSampler(REGIONS, FullSampler(4, 0.25), 4, fills=True)
    assert sampler(Proposals(FOUR, tf.constant([2])), TRUTH).counts.numpy().tolist() == [4]


@pytest.mark.parametrize(("positives", "negatives", "others"), [(3, 20, 5), (1, 20, 5), (20, 6, 0), (0, 30, 0)])
def test_a_full_sample(positives: int, negatives: int, others: int) -> None:
    """Of eight, at most half positive; where negatives are enough the counts are exact."""
    positive = tf.constant([[True] * positives + [False] * (negatives + others)])
    eligible = tf.constant([[True] * (positives + negatives) + [False] * others])
    drawn = FullSampler(8, 0.5)(positive, eligible)[0]
    first = min(positives, 4)
    assert float(tf.reduce_sum(drawn[:positives])) == first
    assert float(tf.reduce_sum(drawn)) == 8.0


def test_a_full_sample_of_few_takes_anchors_that_are_not_eligible() -> None:
    drawn = FullSampler(4, 0.5)(tf.constant([[True] + [False] * 7]), tf.constant([[True, True] + [False] * 6]))
    assert drawn.numpy().tolist() == [[1.0] * 4 + [0.0] * 4]


def _second_prediction(logits: list[list[float]], codes: np.ndarray, counts: int) -> dict[str, tf.Tensor]:
    return {
        names.PROPOSAL_BOXES: FOUR,
        names.NUM_PROPOSALS: tf.constant([counts]),
        names.CLASS_PREDICTIONS: tf.constant(logits),
        names.REFINED_BOX_ENCODINGS: tf.constant(codes, tf.float32),
    }


def test_the_box_of_the_right_class_counts() -> None:
    """Codes of the wrong class, and proposals beyond their number, cost nothing."""
    targets = CODER.encode(TRUTH.boxes[:, 0], FOUR[0])
    codes = np.full([4, 2, 4], 77.0)
    codes[:, 1] = targets
    logits = [[-50.0, -50.0, 50.0], [50.0, -50.0, -50.0], [-50.0, -50.0, 50.0], [-50.0, 50.0, -50.0]]
    losses = BoxClassifierLoss(REGIONS, SoftmaxLoss())(_second_prediction(logits, codes, 3), TRUTH)
    assert [float(loss) for loss in losses.values()] == pytest.approx([0.0, 0.0], abs=1e-6)
    codes[0, 1, 0] += 3.0  # smooth L1 of 3 is 2.5, of three proposals
    losses = BoxClassifierLoss(REGIONS, SoftmaxLoss())(_second_prediction(logits, codes, 3), TRUTH)
    assert float(losses[names.BOX_LOCALIZATION_LOSS]) == pytest.approx(2.5 / 3)


def test_the_hardest_proposal_alone_counts() -> None:
    codes = np.zeros([4, 1, 4])
    logits = [[0.0, 0.0, 9.0], [0.0, 0.0, 9.0], [0.0, 0.0, 9.0], [0.0, 0.0, 9.0]]
    miner = HardExampleMiner(num_hard_examples=1, box_weight=0.0)
    loss = BoxClassifierLoss(REGIONS, SoftmaxLoss(), miner=miner)(_second_prediction(logits, codes, 3), TRUTH)
    assert float(loss[names.BOX_CLASSIFICATION_LOSS]) == pytest.approx(9.0 / 3, rel=1e-3)


def test_proposals_that_are_padding_are_not_detected() -> None:
    post = RegionPostprocessor(CODER, tf.nn.softmax, MulticlassNMS(max_total=5))
    boxes = FOUR + tf.constant([0.0, 0.0, 5.0, 5.0])
    prediction = _second_prediction([[0.0, 3.0, 1.0]] * 4, np.zeros([4, 1, 4]), 2)
    found = post({**prediction, names.PROPOSAL_BOXES: boxes}, tf.constant([[100, 100, 3]]))
    assert set(found[names.DETECTION_ANCHOR_INDICES][0, :4].numpy()) == {0, 1}
    assert found[names.NUM_DETECTIONS].numpy().tolist() == [4.0], "two boxes, each of two classes"
    np.testing.assert_allclose(found[names.RAW_DETECTION_BOXES][0, 0], boxes[0, 0] / 100)


def test_masks_of_objects_that_a_box_shows() -> None:
    """The upper half of an image is the object: a box over the image sees it above, a box over the lower half not."""
    masks = tf.concat([tf.ones([1, 1, 10, 20]), tf.zeros([1, 1, 10, 20])], axis=2)
    truth = GroundTruth(tf.constant([[[0.0, 0.0, 20.0, 20.0]]]), tf.ones([1, 1, 1]), tf.ones([1, 1]), masks)
    rows = tf.constant([9.0, 9.0, -9.0, -9.0])[:, tf.newaxis] * tf.ones([4, 4])

    def loss(logits: tf.Tensor) -> float:
        prediction = {
            names.IMAGE_SHAPE: tf.constant([1, 20, 20, 3]),
            names.PROPOSAL_BOXES: truth.boxes,
            names.NUM_PROPOSALS: tf.constant([1]),
            names.MASK_PREDICTIONS: logits[tf.newaxis, tf.newaxis],
        }
        return float(MaskLoss(REGIONS, weight=2.0)(prediction, truth)[names.MASK_LOSS])

    assert loss(rows) < 0.001
    assert loss(-rows) == pytest.approx(18.0, rel=1e-3)
