"""Average precision: equal to the evaluators', and its film."""

from itertools import islice

import numpy as np
import pytest

from tfod.evaluation.coco_metrics import CocoEvaluator
from tfod.evaluation.pascal_metrics import PascalEvaluator
from tfod.lessons.average_precision import INTERPOLATIONS, average_precision, judge, precision_and_recall
from tfod.lessons.average_precision_frames import PrecisionFrames
from tfod.lessons.detected_set import DetectedSet, draw_detected_set


@pytest.fixture(scope="module", params=range(4))
def drawn(request: pytest.FixtureRequest) -> DetectedSet:
    return draw_detected_set(request.param, count=12)


def arrays(data: DetectedSet, image: str, ids: dict[str, int]) -> tuple[np.ndarray, ...]:
    """Truth and detections of an image as the evaluators take them."""
    objects, found = data.objects[image], data.found[image]
    return (
        np.array([box for _, box in objects], np.float32).reshape(-1, 4),
        np.array([ids[name] for name, _ in objects], np.int64),
        np.array([one.box for one in found], np.float32).reshape(-1, 4),
        np.array([one.score for one in found]),
        np.array([ids[one.class_name] for one in found], np.int64),
    )


def own(data: DetectedSet, name: str, how: str, threshold: float = 0.5) -> float:
    judged = judge(data.found_of(name), data.truths_of(name), threshold, only_nearest=how != "coco")
    curve = precision_and_recall([one.correct for one in judged], data.classes()[name])
    return average_precision(*curve, how)  # type: ignore[arg-type]


def test_coco_is_the_evaluators_number_at_every_overlap(drawn: DetectedSet) -> None:
    ids = {name: number for number, name in enumerate(sorted(drawn.classes()), start=1)}
    evaluator = CocoEvaluator({number: name for name, number in ids.items()})
    for image in drawn.objects:
        evaluator.add(image, *arrays(drawn, image, ids))
    metrics = evaluator.metrics()
    for name in ids:
        expected = metrics[f"DetectionBoxes_Precision/mAP@.50IOU ByCategory/{name}"]
        assert own(drawn, name, "coco") == pytest.approx(expected, abs=1e-12)
        expected = metrics[f"DetectionBoxes_Precision/mAP ByCategory/{name}"]
        mean = np.mean([own(drawn, name, "coco", threshold) for threshold in np.linspace(0.5, 0.95, 10)])
        assert mean == pytest.approx(expected, abs=1e-12)


def test_voc_2010_is_the_evaluators_number(drawn: DetectedSet) -> None:
    ids = {name: number for number, name in enumerate(sorted(drawn.classes()), start=1)}
    evaluator = PascalEvaluator({number: name for name, number in ids.items()})
    for image in drawn.objects:
        values = arrays(drawn, image, ids)
        evaluator.add(*values, groundtruth_is_difficult=np.zeros(len(values[1]), bool))
    for name in ids:
        expected = evaluator.metrics()[f"PascalBoxes_PerformanceByCategory/AP@0.5IOU/{name}"]
        assert own(drawn, name, "voc2010") == pytest.approx(expected, abs=1e-12)


def test_voc_2007_by_hand() -> None:
    """True, false, true of two objects: precision 1 at the recalls 0 to 0.5, 2/3 at 0.6 to 1."""
    curve = precision_and_recall([True, False, True], 2)
    assert average_precision(*curve, "voc2007") == pytest.approx((6 * 1 + 5 * 2 / 3) / 11)


@pytest.mark.parametrize("how", INTERPOLATIONS)
def test_the_best_and_the_worst(how) -> None:  # type: ignore[no-untyped-def]
    assert average_precision(*precision_and_recall([True, True], 2), how) == 1
    assert average_precision(*precision_and_recall([False, False], 2), how) == 0


def test_the_film_judges_one_after_the_other_and_ends_with_three_numbers() -> None:
    data = draw_detected_set(0)
    name = data.classes().most_common(1)[0][0]
    truths = data.truths_of(name)
    judged = judge(data.found_of(name), truths)
    options = {"class_name": name, "iou_threshold": 0.5, "open_image": data.open_image}
    frames = PrecisionFrames(judged, truths, dict.fromkeys(INTERPOLATIONS, 0.5), **options)
    assert len(frames) == len(judged) + 1
    images = [frames(number) for number in islice(range(len(frames)), 0, None, 4)]
    assert {image.shape for image in [*images, frames(len(frames) - 1)]} == {frames.last().shape}
    correct = sum(one.correct for one in judged)
    assert 0 < correct < len(judged), "a lesson shows true and false positives"
