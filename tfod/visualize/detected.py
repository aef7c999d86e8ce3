"""A detector run over pictures: each drawn with its boxes, and all boxes in one JSON file."""

import json
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.errors import DataError, OutputError
from tfod.files import write_text
from tfod.inference.detections import Detections
from tfod.inference.detector import Detector
from tfod.inference.images import read_image
from tfod.progress import Progress
from tfod.visualize.draw import draw_boxes, enlarge_small
from tfod.visualize.save import save_image

__all__ = ["DETECTIONS_FILE", "DrawingResult", "draw_detections", "visualize_pictures"]

DETECTIONS_FILE = "detections.json"

_KEPT_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass
class DrawingResult:
    """What came of a run: objects drawn by class name, seconds of each picture, pictures passed over."""

    objects: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    unreadable: list[DataError] = field(default_factory=list)


def draw_detections(image: NDArray[np.uint8], found: Detections, class_names: Mapping[int, str]) -> NDArray[np.uint8]:
    """The picture, uint8 [H, W, 3], with its detections; a thumbnail comes back enlarged."""
    return draw_boxes(enlarge_small(image), found.boxes, found.labels(class_names), found.scores, found.class_ids)


def visualize_pictures(
    detector: Detector,
    paths: Sequence[Path],
    output_dir: Path,
    *,
    class_names: Mapping[int, str],
    min_score: float = 0.5,
    max_boxes: int = 100,
) -> DrawingResult:
    """Draws what the detector finds on each picture into `output_dir`, and writes `detections.json` there.

    Drawn pictures keep their names, and their folders below the one that all have in common. Pictures that
    cannot be read are named, counted and passed over.

    Raises:
      DataError: not one picture could be read.
      OutputError: `output_dir` cannot be written, or a picture there would replace one that is read.
    """
    outputs = _output_paths(paths, output_dir)
    summary, entries = DrawingResult(), []
    with Progress("detecting", total=len(paths), unit="picture") as progress:
        for path, output in zip(paths, outputs, strict=True):
            try:
                image = read_image(path)
            except DataError as error:
                summary.unreadable.append(error)
                progress.message(f"passed over: {error.where}: {error.what}")
                progress.advance()
                continue
            began = time.perf_counter()
            found = detector.detect(image).best(max_boxes, min_score)
            summary.seconds.append(time.perf_counter() - began)
            summary.objects.update(found.labels(class_names))
            # Halved colour resolution, JPEG's default, would smear the letters.
            save_image(draw_detections(image, found, class_names), output, quality=92, subsampling=0)
            entries.append(_entry(path, output.relative_to(output_dir), found, class_names))
            progress.advance()
    if not entries:
        raise summary.unreadable[0]
    unreadable = [{"file": error.where, "reason": error.what} for error in summary.unreadable]
    content = {"min_score": min_score, "pictures": entries, "unreadable": unreadable}
    write_text(output_dir / DETECTIONS_FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return summary


def _entry(path: Path, drawn: Path, found: Detections, class_names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "file": str(path),
        "drawn": drawn.as_posix(),
        "width": found.width,
        "height": found.height,
        "detections": found.to_json(class_names),
    }


def _output_paths(paths: Sequence[Path], output_dir: Path) -> list[Path]:
    absolute = [path.absolute() for path in paths]
    common = os.path.commonpath([path.parent for path in absolute])
    outputs = [output_dir / _drawn_name(path.relative_to(common)) for path in absolute]
    inputs = {path.resolve() for path in paths}
    for output in outputs:
        if output.resolve() in inputs:
            what = "the drawn picture would replace one that is read"
            raise OutputError(what, str(output), "choose another --output_dir")
    return outputs


def _drawn_name(path: Path) -> Path:
    """The same name for JPEG and PNG; what is drawn on the other kinds is written as PNG."""
    return path if path.suffix.lower() in _KEPT_SUFFIXES else path.with_name(path.name + ".png")
