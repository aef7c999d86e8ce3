"""The results of an evaluation for people (a table), for programs (metrics.json) and for TensorBoard."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfod import terminal
from tfod.evaluation.evaluate import EvaluationResult
from tfod.files import write_text

__all__ = ["METRICS_FILE", "print_table", "table_columns", "write_metrics", "write_summaries"]

METRICS_FILE = "metrics.json"

_PREFIX = "DetectionBoxes_"
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
    """Prints a row for all classes and one for each; a dash where there is no such ground truth."""
    rows = [["all", *_row(result, sum(result.num_groundtruth.values()), "")]]
    for class_id in sorted(categories):
        name = categories[class_id]
        rows.append([name, *_row(result, result.num_groundtruth.get(class_id, 0), f" ByCategory/{name}")])
    terminal.print_table("COCO metrics", ("class", "boxes", *_COLUMNS), rows, texts=("class",), line_after=0)
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


def _row(result: EvaluationResult, boxes: int, suffix: str) -> list[str]:
    values = (result.metrics[f"{_PREFIX}{name}{suffix}"] for name in _COLUMNS.values())
    return [str(boxes), *("–" if value < 0 else f"{value:.3f}" for value in values)]
