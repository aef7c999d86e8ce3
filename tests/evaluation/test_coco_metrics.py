import contextlib
import io

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tfod.evaluation.coco_metrics import METRIC_NAMES, CocoEvaluator

CATEGORIES = {1: "cat", 2: "dog", 5: "nothing of this is there"}
HEIGHT, WIDTH = 300, 500  # of masks


def pycocotools_numbers(images, class_ids, masks=None):
    """The twelve numbers from pycocotools itself, driven as its own demo does.

    `masks`: of each image those of ground truth and of detections; without them boxes are compared.
    """
    annotations, results = [], []
    for image_id, (boxes, classes, crowd, found, scores, found_classes) in enumerate(images, start=1):
        for box, class_id, is_crowd in zip(boxes, classes, crowd, strict=True):
            annotations.append({
                "id": len(annotations) + 1, "image_id": image_id, "category_id": int(class_id),
                "bbox": xywh(box), "iscrowd": int(is_crowd),
                "area": float((box[2] - box[0]) * (box[3] - box[1])),
            })  # fmt: skip
        for box, score, class_id in zip(found, scores, found_classes, strict=True):
            results.append({
                "image_id": image_id, "category_id": int(class_id), "score": float(score), "bbox": xywh(box),
            })  # fmt: skip
    if masks:
        for entries, which in ((annotations, 0), (results, 1)):
            pixels = [one for image in masks for one in image[which]]
            for entry, one in zip(entries, pixels, strict=True):
                entry["segmentation"] = coco_mask.encode(np.asfortranarray(one.astype(np.uint8)))
        for result in results:  # else loadRes takes the box for the object
            del result["bbox"]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": i + 1, "height": HEIGHT, "width": WIDTH} for i in range(len(images))],
            "categories": [{"id": class_id} for class_id in class_ids],
            "annotations": annotations,
        }
        truth.createIndex()
        found = truth.loadRes(results) if results else truth_without_boxes(truth)
        judge = COCOeval(truth, found, "segm" if masks else "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge.stats.tolist()


def truth_without_boxes(truth):
    empty = COCO()
    empty.dataset = {**truth.dataset, "annotations": []}
    empty.createIndex()
    return empty


def xywh(box):
    return [float(box[1]), float(box[0]), float(box[3] - box[1]), float(box[2] - box[0])]


def random_boxes(rng, count, largest):
    corner = rng.uniform(0, 400, (count, 2))
    size = rng.uniform(1, largest, (count, 2))
    return np.concatenate([corner, corner + size], axis=1).astype(np.float32)


def random_image(rng, *, classes=(1, 2, 3), ties=False, crowds=False, detections=20):
    boxes = random_boxes(rng, rng.integers(0, 8), 200)
    found = random_boxes(rng, rng.integers(0, 5), 200)
    if len(boxes) and detections:
        near = boxes[rng.integers(0, len(boxes), detections)]
        found = np.concatenate([found, near + rng.normal(0, 6, near.shape).astype(np.float32)])
    if ties and len(found):
        found = np.concatenate([found, found[:3]])
        boxes = np.concatenate([boxes, boxes[:2]])
    scores = rng.uniform(0, 1, len(found)).astype(np.float32)
    return (
        boxes,
        rng.choice(classes, len(boxes)),
        rng.random(len(boxes)) < (0.3 if crowds else 0.0),
        found[:detections],
        np.round(scores, 1)[:detections] if ties else scores[:detections],
        rng.choice(classes, len(found))[:detections],
    )


def evaluate(images, categories=CATEGORIES):
    evaluator = CocoEvaluator(categories)
    for image_id, (boxes, classes, crowd, found, scores, found_classes) in enumerate(images):
        evaluator.add(image_id, boxes, classes, found, scores, found_classes, groundtruth_is_crowd=crowd)
    return evaluator


def overall(metrics):
    return [metrics[f"DetectionBoxes_{name}"] for name in METRIC_NAMES]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"ties": True},
        {"crowds": True},
        {"ties": True, "crowds": True},
        {"classes": (2,)},
        {"detections": 0},
        {"detections": 130, "classes": (1,)},
    ],
    ids=str,
)
def test_equals_pycocotools_to_the_last_bit(kind, seed):
    rng = np.random.default_rng(seed)
    images = [random_image(rng, **kind) for _ in range(12)]
    metrics = evaluate(images).metrics()

    assert overall(metrics) == pycocotools_numbers(images, [1, 2, 5])
    for class_id, name in CATEGORIES.items():
        numbers = [metrics[f"DetectionBoxes_{tag} ByCategory/{name}"] for tag in METRIC_NAMES]
        assert numbers == pycocotools_numbers(images, [class_id])
        assert metrics[f"DetectionBoxes_PerformanceByCategory/mAP/{name}"] == numbers[0]


def ellipses(boxes):
    """One in each box, bool `[N, H, W]`; what the box has outside of the image is cut off."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    masks = np.zeros((len(boxes), HEIGHT, WIDTH), bool)
    for mask, (top, left, bottom, right) in zip(masks, boxes, strict=True):
        rows, columns = (y - (top + bottom) / 2) / (bottom - top), (x - (left + right) / 2) / (right - left)
        mask[:] = rows**2 + columns**2 <= 0.25
    return masks


@pytest.mark.parametrize("kind", [{}, {"ties": True, "crowds": True}, {"detections": 0}], ids=str)
def test_masks_equal_pycocotools_to_the_last_bit(kind):
    rng = np.random.default_rng(5)
    images = [random_image(rng, **kind) for _ in range(8)]
    # Some boxes lie out of the masks, which are empty then.
    masks = [(ellipses(image[0]), ellipses(image[3])) for image in images]
    evaluator = CocoEvaluator(CATEGORIES, of_masks=True)
    for (boxes, classes, crowd, found, *rest), (inside, found_inside) in zip(images, masks, strict=True):
        shapes = {"groundtruth_masks": inside, "detection_masks": found_inside.astype(np.uint8)}
        evaluator.add(0, boxes, classes, found, *rest, groundtruth_is_crowd=crowd, **shapes)
    metrics = evaluator.metrics()
    assert [metrics[f"DetectionMasks_{name}"] for name in METRIC_NAMES] == pycocotools_numbers(images, [1, 2, 5], masks)
    assert kind.get("detections") == 0 or metrics["DetectionMasks_PerformanceByCategory/mAP/cat"] > 0.01


def test_masks_must_be_there_where_they_are_compared():
    box = np.array([[0, 0, 10, 10]], np.float32)
    with pytest.raises(ValueError, match="every object and every detection needs one"):
        CocoEvaluator({1: "cat"}, of_masks=True).add(0, box, [1], box, [0.5], [1])


def test_no_ground_truth_gives_minus_one():
    rng = np.random.default_rng(0)
    images = [(np.zeros((0, 4)), [], [], random_boxes(rng, 3, 50), np.ones(3), np.ones(3)) for _ in range(2)]
    assert overall(evaluate(images).metrics()) == [-1.0] * 12 == pycocotools_numbers(images, [1, 2, 5])


def test_nothing_added_gives_minus_one():
    metrics = CocoEvaluator(CATEGORIES).metrics()
    assert set(metrics.values()) == {-1.0}
    assert len(metrics) == 12 + 3 * 13


def test_no_detections_give_zero_where_ground_truth_is():
    box = np.array([[0, 0, 10, 10]], np.float32)
    empty = np.zeros((0, 4))
    metrics = evaluate([(box, [1], [False], empty, [], [])]).metrics()
    assert metrics["DetectionBoxes_Precision/mAP"] == 0.0
    assert metrics["DetectionBoxes_Precision/mAP (small)"] == 0.0
    assert metrics["DetectionBoxes_Precision/mAP (large)"] == -1.0
    assert metrics["DetectionBoxes_PerformanceByCategory/mAP/dog"] == -1.0


def test_example_of_the_module():
    # Two boxes to find; the second detection comes for a box that is taken: right, wrong, right.
    truth = np.array([[0, 0, 100, 100], [0, 200, 100, 300]], np.float32)
    found = np.array([[0, 0, 100, 70], [0, 0, 100, 80], [0, 200, 100, 290]], np.float32)
    metrics = evaluate([(truth, [1, 1], [0, 0], found, [0.9, 0.8, 0.7], [1, 1, 1])]).metrics()
    # Precision 1 up to recall 1/2 (51 of 101 points), then 2/3.
    expected = (51 * 1.0 + 50 * 2 / 3) / 101
    assert metrics["DetectionBoxes_Precision/mAP@.50IOU"] == pytest.approx(expected, abs=1e-12)
    assert metrics["DetectionBoxes_Recall/AR@1"] == pytest.approx(0.25, abs=1e-12)


def test_images_with_one_id_stay_two_images_and_are_counted():
    box = np.array([[0, 0, 50, 50]], np.float32)
    evaluator = CocoEvaluator({1: "cat"})
    for image_id in (b"a.jpg", b"a.jpg", b"b.jpg"):
        evaluator.add(image_id, box, [1], box, [0.5], [1])
    assert evaluator.num_images == 3
    assert evaluator.num_repeated_ids == 1
    assert evaluator.metrics()["DetectionBoxes_Precision/mAP"] == pytest.approx(1.0)


def test_tags_are_the_originals():
    metrics = CocoEvaluator({1: "cat"}).metrics()
    assert list(metrics)[:12] == [
        "DetectionBoxes_Precision/mAP",
        "DetectionBoxes_Precision/mAP@.50IOU",
        "DetectionBoxes_Precision/mAP@.75IOU",
        "DetectionBoxes_Precision/mAP (small)",
        "DetectionBoxes_Precision/mAP (medium)",
        "DetectionBoxes_Precision/mAP (large)",
        "DetectionBoxes_Recall/AR@1",
        "DetectionBoxes_Recall/AR@10",
        "DetectionBoxes_Recall/AR@100",
        "DetectionBoxes_Recall/AR@100 (small)",
        "DetectionBoxes_Recall/AR@100 (medium)",
        "DetectionBoxes_Recall/AR@100 (large)",
    ]
    assert "DetectionBoxes_Recall/AR@10 ByCategory/cat" in metrics
