import pytest
import tensorflow as tf

from tfod.losses.from_config import miner_from_config
from tfod.losses.mining import HardExampleMiner
from tfod.protos import losses_pb2

# Four boxes apart from each other and one that covers the first.
BOXES = tf.constant([[[0, 0, 1, 1], [2, 2, 3, 3], [4, 4, 5, 5], [6, 6, 7, 7], [0, 0, 1, 1]]], tf.float32)
CLASS_LOSSES = tf.constant([[5.0, 4.0, 3.0, 2.0, 1.0]])
BOX_LOSSES = tf.constant([[0.0, 0.0, 0.0, 9.0, 0.0]])
MATCHES = tf.constant([[-1, 2, -1, -1, -1]])


def mined(**settings: object) -> list[float]:
    miner = HardExampleMiner(**({"box_weight": 0.0} | settings))
    return miner(CLASS_LOSSES, BOX_LOSSES, BOXES, MATCHES)[0].numpy().tolist()


def test_of_boxes_that_overlap_the_one_with_the_highest_loss_counts() -> None:
    assert mined() == [1, 1, 1, 1, 0]
    assert mined(iou_threshold=1.0) == [1, 1, 1, 1, 1]


def test_no_more_than_so_many() -> None:
    assert mined(num_hard_examples=2) == [1, 1, 0, 0, 0]
    assert mined(num_hard_examples=2, box_weight=1.0) == [1, 0, 0, 1, 0]


def test_negatives_for_each_positive() -> None:
    assert mined(num_hard_examples=None, max_negatives_per_positive=1) == [1, 1, 0, 0, 0]
    assert mined(num_hard_examples=None, max_negatives_per_positive=2) == [1, 1, 1, 0, 0]


def test_an_image_without_objects_keeps_some_negatives_if_asked() -> None:
    miner = HardExampleMiner(max_negatives_per_positive=3, min_negatives_per_image=2)
    nothing = tf.fill([1, 5], -1)
    assert miner(CLASS_LOSSES, 0 * BOX_LOSSES, BOXES, nothing)[0].numpy().tolist() == [1, 1, 0, 0, 0]
    without = HardExampleMiner(max_negatives_per_positive=3)
    assert without(CLASS_LOSSES, BOX_LOSSES, BOXES, nothing)[0].numpy().tolist() == [0] * 5


def test_images_are_mined_by_themselves() -> None:
    two = [tf.concat([tensor, tensor[:, ::-1]], 0) for tensor in (CLASS_LOSSES, BOX_LOSSES, BOXES, MATCHES)]
    counts = HardExampleMiner(box_weight=0.0)(*two).numpy().tolist()
    assert counts == [[1, 1, 1, 1, 0], [0, 1, 1, 1, 1]]


@pytest.mark.parametrize(
    ("loss_type", "weights"), [("BOTH", (3, 2)), ("CLASSIFICATION", (1, 0)), ("LOCALIZATION", (0, 1))]
)
def test_which_loss_is_the_measure(loss_type: str, weights: tuple[float, float]) -> None:
    loss = losses_pb2.Loss(
        classification_loss={"weighted_softmax": {}},
        classification_weight=3,
        localization_weight=2,
        hard_example_miner={"loss_type": loss_type, "num_hard_examples": 0, "max_negatives_per_positive": 3},
    )
    miner = miner_from_config(loss, "model.ssd.loss")
    assert miner is not None
    assert (miner.class_weight, miner.box_weight) == weights
    assert (miner.num_hard_examples, miner.max_negatives_per_positive) == (None, 3)
