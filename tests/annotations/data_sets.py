"""A small data set that says everything that an annotation can, for tests of formats."""

from pathlib import Path

import numpy as np

from tests.annotations.voc_files import picture
from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.format import Dataset
from tfod.annotations.masks import run_lengths

__all__ = ["BOXES", "boxes", "everything", "plain"]

BOXES = [("cat", 10.0, 12.0, 30.0, 36.0), ("a dog", 0.5, 2.25, 64.0, 48.0), ("cat", 1.0, 2.0, 9.0, 8.0)]


def plain(folder: Path, subsets: tuple[str, ...] = ("",)) -> Dataset:
    """Two pictures of 64 x 48 pixels in each subset, the second without objects."""
    folder.mkdir(parents=True, exist_ok=True)
    images = []
    for subset in subsets:
        for stem, objects in ((f"photo{subset}", BOXES), (f"empty{subset}", [])):
            (folder / f"{stem}.jpg").write_bytes(picture())
            found = tuple(AnnotatedObject(*box) for box in objects)
            images.append(AnnotatedImage("x", f"{stem}.jpg", f"{folder}/{stem}.jpg", found, 64, 48, subset))
    return Dataset(images, len(images), {"cat": 1, "a dog": 2})


def everything(folder: Path) -> Dataset:
    """One picture, of which each object says something else."""
    dataset = plain(folder)
    pixels = np.zeros((48, 64), bool)
    pixels[10:20, 5:30] = True
    objects = (
        AnnotatedObject("cat", 10, 12, 30, 36, difficult=True, pose="Left"),
        AnnotatedObject("cat", 10, 12, 30, 36, truncated=True, fields=(("occluded", "1"),)),
        AnnotatedObject("a dog", 5, 10, 30, 20, crowd=True, area=240, mask=run_lengths(pixels)),
        AnnotatedObject("cat", 1, 2, 9, 8, mask=((1, 2, 9, 2, 9, 8, 5, 7),)),
        AnnotatedObject("cat", 1, 2, 60, 40, mask=((1, 2, 9, 2, 9, 8), (40, 30, 60, 30, 60, 40))),
    )
    return dataset._replace(images=[dataset.images[0]._replace(objects=objects)], total=1)  # type: ignore[index]


def boxes(dataset: Dataset) -> dict[tuple[str, str], list[tuple[object, ...]]]:
    """Subset and stem of each picture -> class and box of its objects."""
    return {
        (image.subset, Path(image.filename).stem): [item[:5] for item in image.objects]
        for image in dataset.images
        if isinstance(image, AnnotatedImage)
    }
