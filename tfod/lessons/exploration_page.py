"""One page to explore a data set with: questions and answers, and below them every image."""

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.source import Sources
from tfod.config.label_map import LabelMap
from tfod.doctor.examination import Checks, examine
from tfod.errors import DataError
from tfod.explore.browse import write_page
from tfod.explore.plots import plot
from tfod.explore.statistics import gather
from tfod.files import write_text
from tfod.lessons.exploration import Answer, ask
from tfod.lessons.subject import annotated_images, read_annotated
from tfod.visualize.draw import draw_boxes, mosaic
from tfod.visualize.page import Page

__all__ = ["write_exploration"]

_SAMPLES = 9
_SAMPLE_SIZE = (260, 340)


def write_exploration(
    sources: Sources, output: Path | str, label_map: LabelMap | None = None, label_map_path: str = ""
) -> list[Answer]:
    """Writes the page and gives what it answers; it appears whole or not at all.

    Raises DataError where there is no object with a box, OutputError where the page cannot be written.
    """
    contents = gather(_readable(sources))
    if contents.objects.empty:
        raise DataError("there is no object with a box that has an area", sources.name, "name annotated images")
    findings = examine(sources, Checks(label_map, label_map_path, alike=True)).findings
    answers = list(ask(contents, findings))
    page = Page(f"Exploring {sources.name}")
    page.text("Questions to ask of a data set before training. Look first: no number replaces it.")
    page.heading("1. What is on the images?")
    page.text("Look at some before anything else: what would you call an object, and do the boxes say the same?")
    page.picture(_samples(sources), f"{_SAMPLES} images, spread over the data set; all are below")
    for number, answer in enumerate(answers, start=2):
        page.heading(f"{number}. {answer.question}")
        page.text(answer.why)
        page.text(f"→ {answer.said}")
        if answer.table is not None:
            _add_table(page, answer.table)
        for name in answer.plots:
            page.drawing(plot(contents, name), "")
    page.heading(f"{len(answers) + 2}. Look at all of them")
    page.text("Filter by class, by size, or by what the doctor found. Click into the frame, then the arrow keys move.")
    with tempfile.TemporaryDirectory() as folder:
        browse = Path(folder) / "browse.html"
        write_page(sources, findings, browse)
        page.inner(browse.read_text(encoding="utf-8"), "all images")
    write_text(output, page.html())
    return answers


def _readable(sources: Sources) -> Iterator[tuple[str, AnnotatedImage]]:
    return ((split, image) for split, image in sources if isinstance(image, AnnotatedImage))


def _samples(sources: Sources) -> NDArray[np.uint8]:
    """Some images with their boxes, spread evenly over the data set."""
    step = max(1, sources.total // _SAMPLES)
    drawn: list[NDArray[np.uint8]] = []
    classes: dict[str, int] = {}
    for found in islice(annotated_images(sources), 0, None, step):
        if len(drawn) == _SAMPLES:
            break
        try:
            subject = read_annotated(found)
        except DataError:
            continue  # the doctor tells of it
        height, width = subject.image.shape[:2]
        ids = [classes.setdefault(name, len(classes) + 1) for name in subject.classes]
        boxes = subject.boxes / [height, width, height, width]
        drawn.append(draw_boxes(subject.image, boxes, subject.classes, class_ids=ids))
    if not drawn:
        raise DataError("no image can be read", sources.name, "name annotations whose images are there")
    return mosaic(drawn, columns=3, cell_size=_SAMPLE_SIZE)


def _add_table(page: Page, table: pd.DataFrame) -> None:
    rows = [[str(name), *map(str, row)] for name, row in zip(table.index, table.to_numpy().tolist(), strict=True)]
    page.table(["", *map(str, table.columns)], rows)
