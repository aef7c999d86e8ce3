"""One pass of a model, or of an exported model, over a data set: COCO's numbers, losses and drawn images.

Letters: `B` images of a batch, `H W` their size in the file, `h w` their size for the model, `M` rows for
ground truth, `N` rows for detections.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod import names
from tfod.errors import ConfigError
from tfod.evaluation.coco_metrics import CocoEvaluator
from tfod.evaluation.pascal_metrics import PascalEvaluator
from tfod.evaluation.side_by_side import ImageOptions, side_by_side
from tfod.inference.detections import WITH_SHAPES, Detections
from tfod.inference.detector import Detector
from tfod.models.detection_model import DetectionModel
from tfod.progress import Progress

__all__ = ["EvaluationResult", "Evaluator", "detector_step", "evaluate_model", "model_step"]

Tensors = Mapping[str, tf.Tensor]
Array = NDArray[Any]

Step = Callable[[Tensors, Tensors], tuple[Tensors, Tensors]]
"""Features and labels of a batch (see `tfod.input.dataset`) to losses, scalars by tag, and detections.

Detections are float32 `[B, N, ...]`; boxes yxyx, relative to the image without padding; classes count from 1; masks,
if there are any, as `Detections.from_outputs` takes them.
"""

Evaluator = CocoEvaluator | PascalEvaluator


@dataclass(frozen=True)
class EvaluationResult:
    """What one pass over a data set gave.

    metrics: COCO's numbers by the original's tags, overall and per class, -1 without such ground truth; and
      where asked for those of masks, and Pascal's, NaN without.
    losses: means over the batches, by the tags of training; empty for exported models.
    num_groundtruth: boxes of ground truth by class id.
    repeated_ids: images whose source id an earlier image had; they count as images of their own.
    drawn: uint8 `[h', w', 3]` by tag, detections on the left, ground truth on the right.
    """

    metrics: dict[str, float]
    losses: dict[str, float]
    images: int
    seconds: float
    num_groundtruth: dict[int, int]
    repeated_ids: int = 0
    drawn: dict[str, Array] = field(default_factory=dict)


def evaluate_model(
    model: DetectionModel | Step,
    dataset: tf.data.Dataset,
    categories: Mapping[int, str],
    *,
    others: Sequence[Evaluator] = (),
    images: ImageOptions | None = None,
    total: int | None = None,
) -> EvaluationResult:
    """Runs a model over a data set, once.

    Args:
      model: a model, or what `model_step` or `detector_step` made. Who evaluates a model again and again keeps
        its step: each `model_step` traces a graph, which takes seconds.
      dataset: of `tfod.input.dataset.evaluation_dataset`.
      categories: class id (1-based) to name, as in the label map; classes outside it do not count.
      others: new evaluators whose metrics are to be computed beside COCO's of boxes. Where they compare masks, these
        must be among the labels and what is found.
      images: which images to draw; they need ORIGINAL_IMAGE in the features. None for none.
      total: how many images there are, to show progress; None shows nothing.
    """
    step = model_step(model) if isinstance(model, DetectionModel) else model
    evaluator = CocoEvaluator(categories)
    of_masks = any(other.of_masks for other in others)
    losses: dict[str, list[float]] = defaultdict(list)
    drawn: dict[str, Array] = {}
    began = time.monotonic()
    with ExitStack() as stack:
        progress = None if total is None else stack.enter_context(Progress("evaluating", total, unit="image"))
        for i, (features, labels) in enumerate(dataset):
            batch_losses, detections = step(features, labels)
            for tag, value in batch_losses.items():
                losses[tag].append(float(value))
            draws = images is not None and i < images.num_batches
            if not draws and not of_masks:
                # Nobody looks at them, and to paste them into their images takes long.
                detections = {name: value for name, value in detections.items() if name != names.DETECTION_MASKS}
            batch = list(_images(features, labels, detections))
            for j, image in enumerate(batch):
                image.add_to([evaluator, *others])
                if images and draws:
                    drawn[f"eval_side_by_side_{i}_{j}"] = image.draw(categories, images)
            if progress:
                progress.advance(len(batch))
        metrics = evaluator.metrics()
        for other in others:
            metrics |= other.metrics()
    return EvaluationResult(
        metrics=metrics,
        losses={tag: float(np.mean(values)) for tag, values in losses.items()},
        images=evaluator.num_images,
        seconds=time.monotonic() - began,
        num_groundtruth=dict(evaluator.num_groundtruth),
        repeated_ids=evaluator.num_repeated_ids,
        drawn=drawn,
    )


def model_step(model: DetectionModel, *, regularize: bool = True) -> Step:
    """The step of a model: losses, with their sum as `Loss/total_loss`, and detections, as one graph.

    With `regularize` the regularization loss is one of them, if the model has any.
    """

    def compute(features: Tensors, labels: Tensors) -> tuple[Tensors, Tensors]:
        true_shapes = features[names.TRUE_IMAGE_SHAPE]
        losses, prediction = model.losses(
            features[names.IMAGE], true_shapes, labels, training=False, regularize=regularize
        )
        detections = model.detections(prediction, true_shapes)
        return losses, {name: detections[name] for name in WITH_SHAPES if name in detections}

    # AutoGraph would convert all of Keras for nothing; a smaller last batch or varying sizes share one graph.
    graph: Step = tf.function(compute, autograph=False, reduce_retracing=True)
    return graph


def detector_step(detector: Detector) -> Step:
    """The step of an exported model, over a data set whose `preprocess` left the images as they are, `B` = 1."""

    def compute(features: Tensors, labels: Tensors) -> tuple[Tensors, Tensors]:
        # Pixels were whole numbers before they became float32.
        return {}, detector.outputs(features[names.IMAGE].numpy().astype(np.uint8))

    return compute


@dataclass(frozen=True)
class _Image:
    """One image with its ground truth and detections; boxes are float32, relative to the image unpadded."""

    source_id: bytes
    pixels: Array | None  # uint8 [h, w, 3] without padding, where it was retained
    size: tuple[int, int]  # H, W
    truth: Detections
    is_crowd: Array
    is_difficult: Array
    found: Detections

    def add_to(self, evaluators: Sequence[Evaluator]) -> None:
        scale = np.array([*self.size, *self.size], np.float32)
        truth = self.truth.boxes * scale, self.truth.class_ids
        found = self.found.boxes * scale, self.found.scores, self.found.class_ids
        for evaluator in evaluators:
            masks = self._masks() if evaluator.of_masks else {}
            if isinstance(evaluator, PascalEvaluator):
                evaluator.add(*truth, *found, groundtruth_is_difficult=self.is_difficult, **masks)
            else:
                evaluator.add(self.source_id, *truth, *found, groundtruth_is_crowd=self.is_crowd, **masks)

    def _masks(self) -> dict[str, Array]:
        what, where = "masks are to be compared, and the {} none", "eval_config.metrics_set"
        cure = "name metrics of boxes alone: --set eval_config.metrics_set=coco_detection_metrics"
        if self.found.masks is None:
            raise ConfigError(what.format("model finds"), where, cure)
        if self.truth.masks is None:
            raise ConfigError(what.format("data set has"), where, cure)
        return {"groundtruth_masks": self.truth.masks, "detection_masks": self.found.masks}

    def draw(self, categories: Mapping[int, str], options: ImageOptions) -> Array:
        if self.pixels is None:
            raise ValueError("drawing needs ORIGINAL_IMAGE in the features: set retain_original_images")
        found = self.found.best(options.max_boxes, options.min_score)
        found, truth = (
            replace(one, class_names=categories, keypoint_edges=options.keypoint_edges) for one in (found, self.truth)
        )
        return side_by_side(self.pixels, found, truth)


def _images(features: Tensors, labels: Tensors, detections: Tensors) -> Iterator[_Image]:
    inputs, originals = features[names.IMAGE], features.get(names.ORIGINAL_IMAGE)
    arrays = {key: np.asarray(value) for source in (features, labels, detections) for key, value in source.items()
              if key not in (names.IMAGE, names.ORIGINAL_IMAGE)}  # fmt: skip
    padded = np.array(inputs.shape[1:3], np.float32)
    for b in range(len(arrays[names.SOURCE_ID])):
        one = {key: value[b] for key, value in arrays.items()}
        true_height, true_width = one[names.TRUE_IMAGE_SHAPE][:2]
        height, width = (int(side) for side in one[names.ORIGINAL_IMAGE_SPATIAL_SHAPE])
        outputs = {name: one[name][np.newaxis] for name in WITH_SHAPES if name in one}
        yield _Image(
            one[names.SOURCE_ID],
            None if originals is None else originals[b, :true_height, :true_width].numpy(),
            (height, width),
            _groundtruth(one, one[names.TRUE_IMAGE_SHAPE][:2].astype(np.float32) / padded, height, width),
            one[names.GROUNDTRUTH_IS_CROWD][: one[names.NUM_GROUNDTRUTH_BOXES]],
            one[names.GROUNDTRUTH_DIFFICULT][: one[names.NUM_GROUNDTRUTH_BOXES]],
            Detections.from_outputs(outputs, height, width),
        )


def _groundtruth(one: Tensors, true_part: Array, height: int, width: int) -> Detections:
    """Ground truth as detections of score 1; `true_part` is how much of the padded input the image fills."""
    count = one[names.NUM_GROUNDTRUTH_BOXES]
    # The original's order of operations: a division first would round otherwise.
    scale = np.float32(1) / true_part
    boxes = one[names.GROUNDTRUTH_BOXES][:count] * np.tile(scale, 2)
    class_ids = np.argmax(one[names.GROUNDTRUTH_CLASSES][:count], axis=-1) + DetectionModel.label_id_offset
    masks = one.get(names.GROUNDTRUTH_INSTANCE_MASKS)
    if masks is not None:
        true_height, true_width = one[names.TRUE_IMAGE_SHAPE][:2]
        masks = _in_file(masks[:count, :true_height, :true_width], height, width)
    points = one.get(names.GROUNDTRUTH_KEYPOINTS)
    points = None if points is None else points[:count] * scale
    return Detections(boxes, np.ones(count, np.float32), class_ids, height, width, masks=masks, keypoints=points)


def _in_file(masks: Array, height: int, width: int) -> NDArray[np.bool_]:
    """Masks `[N, h, w]` of the network's input at the size of the file, bool `[N, H, W]`.

    A pixel is that of the nearest place, corners on corners, as the original's legacy kernel takes them.
    """
    rows, columns = (
        # A half is rounded up, after a multiplication in float32.
        np.floor((np.arange(new, dtype=np.float32) * np.float32((old - 1) / max(new - 1, 1))).astype(np.float64) + 0.5)
        for new, old in zip((height, width), masks.shape[1:], strict=True)
    )
    return masks[:, rows.astype(int)[:, np.newaxis], columns.astype(int)] > 0
