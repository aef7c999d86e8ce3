"""The results of an evaluation: a table on the terminal, metrics.json, report.html and pictures, worst first."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod import terminal
from tfod.annotations.untrusted import as_file_name
from tfod.files import write_text
from tfod.segmentation.classes import ClassTable
from tfod.segmentation.draw import overlaid, side_by_side
from tfod.segmentation.evaluate import EvaluationResult
from tfod.segmentation.settings import LOG_FILE
from tfod.segmentation.sources import PairSource
from tfod.segmentation.validation import MEAN_IOU
from tfod.training.table import RunTable
from tfod.visualize.draw import enlarge_small
from tfod.visualize.figures import curves, share_matrix
from tfod.visualize.page import Page
from tfod.visualize.save import save_image

__all__ = ["class_rows", "print_table", "write_metrics", "write_report"]

_HEADINGS = ("class", "IoU", "Dice", "precision", "recall", "boundary F1", "pixels")


def class_rows(result: EvaluationResult, classes: ClassTable) -> list[list[str]]:
    """A row for each class under `class, IoU, Dice, precision, recall, boundary F1, pixels`, then one for the means."""
    scores, boundary = result.scores, result.boundary_f1
    boundary = np.full(len(classes.names), np.nan) if boundary is None else boundary
    columns = (scores.iou, scores.dice, scores.precision, scores.recall, boundary)
    true = result.matrix.sum(axis=1)
    shares = true / true.sum()
    rows = [
        [name, *(_number(column[number]) for column in columns), f"{shares[number]:.1%}"]
        for number, name in enumerate(classes.names)
    ]
    means = [np.nan if np.isnan(column).all() else np.nanmean(column) for column in columns]
    return [*rows, ["mean", *(_number(float(mean)) for mean in means), ""]]


def print_table(result: EvaluationResult, classes: ClassTable) -> None:
    """Prints the table and the numbers over all classes."""
    rows = class_rows(result, classes)
    title = f"{len(result.pictures)} pictures at their own resolution"
    terminal.print_table(title, _HEADINGS, rows, texts=("class",), line_after=len(rows) - 2)
    print(_summary(result))


def write_metrics(path: Path, result: EvaluationResult, classes: ClassTable, facts: Mapping[str, Any]) -> None:
    """Writes `facts` (run, checkpoint, ...), all scores, the confusion matrix and the scores of each picture as JSON.

    What is not defined, as the IoU of a class that is nowhere, is null.
    """
    scores = result.scores
    per_class = {
        name: {
            "iou": _json(scores.iou[number]),
            "dice": _json(scores.dice[number]),
            "precision": _json(scores.precision[number]),
            "recall": _json(scores.recall[number]),
            "boundary_f1": None if result.boundary_f1 is None else _json(result.boundary_f1[number]),
            "pixels": int(result.matrix[number].sum()),
        }
        for number, name in enumerate(classes.names)
    }
    content = {
        **facts,
        "images": len(result.pictures),
        "seconds": round(result.seconds, 3),
        **{name: _json(value) for name, value in _overall(result).items()},
        "classes": per_class,
        "confusion_matrix": result.matrix.tolist(),
        "pictures": [
            {"name": one.name, "mean_iou": _json(one.mean_iou), "pixel_accuracy": _json(one.pixel_accuracy)}
            for one in result.worst(len(result.pictures))
        ],
    }
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_report(
    folder: Path,
    result: EvaluationResult,
    source: PairSource,
    predicted: Mapping[int, NDArray[np.uint8]],
    classes: ClassTable,
    *,
    run: Path,
    facts: Sequence[str],
) -> None:
    """Writes `<folder>/report.html`, which needs nothing beside it, and its pictures as `<folder>/worst/NN_NAME.jpg`.

    Args:
      predicted: Classes `[H, W]` of the pictures to show, by number.
      run: The folder of the run, whose log gives the curves.
      facts: Lines about what was evaluated.
    """
    page = Page("Segmentation: evaluation")
    for fact in facts:
        page.text(fact)
    page.text(_summary(result))
    page.heading("Classes")
    page.key(classes.names, classes.colours)
    page.table(_HEADINGS, class_rows(result, classes))
    shares = result.matrix / np.maximum(result.matrix.sum(axis=1, keepdims=True), 1)
    shares = np.where(result.matrix.sum(axis=1, keepdims=True) > 0, shares, np.nan)
    page.heading("Confusion")
    page.drawing(share_matrix(classes.names, shares, "taken for", "true class"),
                 "Per cent of the pixels of each true class (row) taken for each class (column).")  # fmt: skip
    _add_curves(page, run)
    page.heading("Worst pictures")
    for place, one in enumerate(result.worst(len(result.pictures)), start=1):
        if one.number not in predicted:
            continue
        picture, truth = source.read(one.number)
        overlays = [overlaid(picture, mask, classes) for mask in (truth, predicted[one.number])]
        drawn = side_by_side([enlarge_small(part) for part in (picture, *overlays)])
        page.picture(drawn, f"{place}. {one.name}: mean IoU {one.mean_iou:.3f}. Picture | truth | prediction")
        save_image(drawn, folder / "worst" / f"{place:02d}_{as_file_name(one.name)}.jpg", quality=90)
    drawing = run / "model.txt"
    if drawing.is_file():
        page.heading("Model")
        page.code(drawing.read_text(encoding="utf-8"))
    if drawing.with_suffix(".svg").is_file():
        page.drawing(drawing.with_suffix(".svg").read_text(encoding="utf-8"), "Channels at each resolution.")
    write_text(folder / "report.html", page.html())


def _add_curves(page: Page, run: Path) -> None:
    lines = RunTable(run / LOG_FILE, start=2**62).lines
    if len(lines) < 2:
        return
    tags = [MEAN_IOU, *(tag for tag in lines[-1] if tag.startswith("IoU/"))]
    series = {tag: [(line["step"], line[tag]) for line in lines if tag in line] for tag in tags}
    page.heading("Training")
    page.drawing(curves(series, "step", "IoU on the validation pairs"), "The averaged weights while the run trained.")
    losses = {tag: [(line["step"], line[tag]) for line in lines if tag in line]
              for tag in ("Loss/total_loss", "Loss/crossentropy")}  # fmt: skip
    named = {"training (last batch)": losses["Loss/total_loss"], "validation crossentropy": losses["Loss/crossentropy"]}
    page.drawing(curves({name: line for name, line in named.items() if line}, "step", "loss"), "Losses.")


def _overall(result: EvaluationResult) -> dict[str, float]:
    scores = result.scores
    boundary = result.boundary_f1
    known = boundary is not None and not np.isnan(boundary).all()
    return {
        "mean_iou": scores.mean_iou,
        "mean_dice": scores.mean_dice,
        "pixel_accuracy": scores.pixel_accuracy,
        "mean_accuracy": scores.mean_accuracy,
        "frequency_weighted_iou": scores.frequency_weighted_iou,
        "mean_boundary_f1": float(np.nanmean(boundary)) if known and boundary is not None else math.nan,
        "crossentropy": result.crossentropy,
    }


def _summary(result: EvaluationResult) -> str:
    values = _overall(result)
    return (
        f"mean IoU {values['mean_iou']:.4f}, mean Dice {values['mean_dice']:.4f}, pixel accuracy "
        f"{values['pixel_accuracy']:.4f}, frequency-weighted IoU {values['frequency_weighted_iou']:.4f}"
    )


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4f}"


def _json(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
