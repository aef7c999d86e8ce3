"""The results of an evaluation for people (a table), for programs (metrics.json) and for TensorBoard."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfod import terminal
from tfod.evaluation.coco_metrics import BOXES_PREFIX, MASKS_PREFIX
from tfod.evaluation.evaluate import EvaluationResult
from tfod.files import write_text

__all__ = ["METRICS_FILE", "print_table", "table_columns", "write_metrics", "write_summaries"]

METRICS_FILE = "metrics.json"

_COLUMNS = {
    "mAP": "Precision/mAP",
    "@.50": "Precision/mAP@.50IOU",
    "@.75": "Precision/mAP@.75IOU",
    "small": "Precision/mAP (small)",
    "medium": "Precision/mAP (medium)",
    "large": "Precision/mAP (large)",
    "AR@1": "Recall/AR@1",
    "AR@100": "Recall/AR@100",
}


def print_table(result: EvaluationResult, categories: Mapping[int, str]) -> None:
    """Prints a row for all classes and one for each; a dash where there is no such ground truth.

    Masks, where they were compared, have a table of their own.
    """
    _print_coco_table(result, categories, BOXES_PREFIX, "COCO metrics", "boxes")
    if MASKS_PREFIX + _COLUMNS["mAP"] in result.metrics:
        _print_coco_table(result, categories, MASKS_PREFIX, "COCO metrics of masks", "masks")
    for tag, value in result.metrics.items():
        if "_Precision/mAP@0.5IOU" in tag:  # Pascal's, under all of its prefixes
            print(f"{tag}: {value:.3f}")


def write_metrics(path: Path | str, result: EvaluationResult, facts: Mapping[str, Any]) -> None:
    """Writes `facts` (config, checkpoint, step, ...), images, seconds, losses and metrics as one flat JSON object.

    A loss that is not finite becomes null, which JSON can say.
    """
    numbers = {**result.losses, **result.metrics}
    content = {
        **facts,
        "images": result.images,
        "images_with_repeated_ids": result.repeated_ids,
        "seconds": round(result.seconds, 3),
        **{tag: value if math.isfinite(value) else None for tag, value in numbers.items()},
    }
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_summaries(
    writer: tf.summary.SummaryWriter, result: EvaluationResult, step: int, *, per_class: bool = False
) -> None:
    """Writes scalars under the original's tags, and the drawn images, to a `tf.summary` writer.

    Of the numbers for single classes only mAP is written (`..._PerformanceByCategory/mAP/<name>`), with
    `per_class` all twelve: with many classes they would bury the rest.
    """
    with writer.as_default(step=step):
        for tag, value in (result.metrics | result.losses).items():
            if per_class or " ByCategory/" not in tag:
                tf.summary.scalar(tag, value)
        for tag, image in result.drawn.items():
            tf.summary.image(tag, image[tf.newaxis])
    writer.flush()


def table_columns(result: EvaluationResult) -> dict[str, float]:
    """The numbers of one line in the table of a run: all metrics, of single classes mAP alone; losses as `eval/...`."""
    metrics = {tag: value for tag, value in result.metrics.items() if " ByCategory/" not in tag}
    return {**metrics, **{f"eval/{tag}": value for tag, value in result.losses.items()}}


def _print_coco_table(
    result: EvaluationResult, categories: Mapping[int, str], prefix: str, title: str, objects: str
) -> None:
    rows = [["all", *_row(result, sum(result.num_groundtruth.values()), prefix, "")]]
    for class_id in sorted(categories):
        name = categories[class_id]
        rows.append([name, *_row(result, result.num_groundtruth.get(class_id, 0), prefix, f" ByCategory/{name}")])
    terminal.print_table(title, ("class", objects, *_COLUMNS), rows, texts=("class",), line_after=0)


def _row(result: EvaluationResult, count: int, prefix: str, suffix: str) -> list[str]:
    values = (result.metrics[f"{prefix}{name}{suffix}"] for name in _COLUMNS.values())
    return [str(count), *("–" if value < 0 else f"{value:.3f}" for value in values)]
