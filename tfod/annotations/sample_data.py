"""Drawn data sets on disk, as labelling tools leave them: JPEG files with VOC XML, COCO JSON or masks."""

from pathlib import Path

import cv2
import numpy as np
from lxml import etree
from lxml.builder import E
from numpy.typing import NDArray

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.coco import write_coco
from tfod.annotations.format import Writing
from tfod.annotations.masks import run_lengths
from tfod.annotations.sample_cells import CELL_CLASSES, draw_cells
from tfod.annotations.sample_scenes import CLASS_NAMES, Scene, draw_scenes
from tfod.files import replacing_directory, write_text
from tfod.progress import Progress

__all__ = ["write_sample_data", "write_sample_instances", "write_sample_masks"]

_JPEG_QUALITY = 90


def write_sample_data(folder: Path, count: int, seed: int) -> None:
    """Draws `count` scenes into `folder`, `scene_0000.jpg` and `scene_0000.xml` and so on.

    An earlier folder of that name is replaced. Raises OutputError where it cannot be written.
    """
    progress = Progress(f"drawing {folder.name}", total=count, unit="scene")
    with replacing_directory(folder) as working, progress:
        for index, scene in enumerate(draw_scenes(count, seed)):
            _write_scene(working, f"scene_{index:04d}", scene, folder)
            progress.advance()


def write_sample_instances(folder: Path, count: int, seed: int) -> None:
    """Draws the scenes of `write_sample_data` with the mask of each object: `images/scene_0000.jpg` and so on.

    All objects stand in `annotations.json`, as COCO has them. An earlier folder of that name is replaced. Raises
    OutputError where it cannot be written.
    """
    progress = Progress(f"drawing {folder.name}", total=count, unit="scene")
    with replacing_directory(folder) as working, progress:
        (working / "images").mkdir()
        annotated = []
        for index, scene in enumerate(draw_scenes(count, seed)):
            filename = f"scene_{index:04d}.jpg"
            _write_image(working / "images" / filename, scene.image)
            annotated.append(_with_masks(filename, scene))
            progress.advance()
        write_coco(annotated, working, Writing({name: number for number, name in enumerate(CLASS_NAMES, start=1)}))


def write_sample_masks(folder: Path, count: int, seed: int) -> None:
    """Draws `count` images of cells: `images/cells_0000.jpg`, `masks/cells_0000.png` and so on, and `classes.txt`.

    A pixel of a mask is the number of its class. The i-th image depends on `seed` and i alone. An earlier folder of
    that name is replaced. Raises OutputError where it cannot be written.
    """
    progress = Progress(f"drawing {folder.name}", total=count, unit="image")
    with replacing_directory(folder) as working, progress:
        for room in ("images", "masks"):
            (working / room).mkdir()
        write_text(working / "classes.txt", "\n".join(CELL_CLASSES) + "\n")
        for index in range(count):
            image, mask = draw_cells(np.random.default_rng((seed, index)))
            _write_image(working / "images" / f"cells_{index:04d}.jpg", image)
            cv2.imwrite(str(working / "masks" / f"cells_{index:04d}.png"), mask)
            progress.advance()


def _write_image(path: Path, image: NDArray[np.uint8]) -> None:
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    path.write_bytes(jpeg.tobytes())


def _with_masks(filename: str, scene: Scene) -> AnnotatedImage:
    height, width = scene.image.shape[:2]
    objects = (
        AnnotatedObject(thing.class_name, *thing.box, area=float(thing.visible.sum()), mask=run_lengths(thing.visible))
        for thing in scene.objects
    )
    return AnnotatedImage("", filename, None, tuple(objects), width, height)


def _write_scene(working: Path, name: str, scene: Scene, folder: Path) -> None:
    _write_image(working / f"{name}.jpg", scene.image)
    xml = etree.tostring(_annotation(f"{name}.jpg", scene, folder), pretty_print=True)
    (working / f"{name}.xml").write_bytes(xml)


def _annotation(filename: str, scene: Scene, folder: Path) -> etree._Element:
    height, width, depth = scene.image.shape
    annotation = E.annotation(
        E.folder(folder.name),
        E.filename(filename),
        E.path(str(folder / filename)),
        E.source(E.database("drawn by tfod")),
        E.size(E.width(str(width)), E.height(str(height)), E.depth(str(depth))),
        E.segmented("0"),
    )
    for thing in scene.objects:
        corners = zip(("xmin", "ymin", "xmax", "ymax"), thing.box, strict=True)
        annotation.append(
            E.object(
                E.name(thing.class_name),
                E.pose("Unspecified"),
                E.truncated(str(int(thing.truncated))),
                E.occluded(str(int(thing.occluded))),
                E.difficult("0"),
                E.bndbox(*(E(tag, str(value)) for tag, value in corners)),
            )
        )
    return annotation
