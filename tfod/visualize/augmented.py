"""What augmentation makes of an image, draw by draw: a sheet with what the network sees of each.

Letters: `N` objects, `K` keypoints an object, `H W` pixels.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfod.errors import OutputError
from tfod.files import write_text
from tfod.visualize.draw import draw_boxes, enlarge_small, mosaic
from tfod.visualize.page import Page
from tfod.visualize.save import save_image
from tfod.visualize.shapes import Skeletons

__all__ = ["AugmentationDraw", "Labelled", "Legend", "write_augmentation_sheet"]

_CELL = 360  # pixels of a side
_PAIRS_A_ROW = 3
_PAGES = (".html", ".htm")
_IMAGES = (".png", ".jpg", ".jpeg")


class Labelled(NamedTuple):
    """An image and its objects.

    Attributes:
      image: uint8 `[H, W, 3]`.
      boxes: float `[N, 4]`, yxyx relative to the image.
      class_ids: `[N]`, from 1.
      masks: `[N, H, W]`, 0 outside of the object; None for none.
      points: float `[N, K, 2]`, yx relative to the image, NaN where there is none; None for none.
      visible: `[N, K]`; None: all can be seen.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    class_ids: NDArray[np.int64]
    masks: NDArray[Any] | None = None
    points: NDArray[np.float32] | None = None
    visible: NDArray[Any] | None = None


class AugmentationDraw(NamedTuple):
    """An image after augmentation.

    Attributes:
      seed: Repeats the draw; None for the image as it is in the records.
      labelled: The image with what is left of its objects.
      seen: What the network gets of it, in values that can be shown: uint8 `[h, w, 3]`.
      true_size: Height and width of `seen` without padding.
    """

    seed: int | None
    labelled: Labelled
    seen: NDArray[np.uint8]
    true_size: tuple[int, int]


class Legend(NamedTuple):
    """What is the same for all draws: names of classes by id, from 1, and pairs of keypoints with a line between."""

    class_names: Mapping[int, str]
    edges: Sequence[tuple[int, int]] = ()


def write_augmentation_sheet(
    path: str, draws: Sequence[AugmentationDraw], legend: Legend, title: str, notes: str
) -> None:
    """Writes a page (.html), with `title` and `notes`, or one image (.png, .jpg): each draw beside what is seen of it.

    Raises:
      OutputError: the file has another extension, or the place cannot be written.
    """
    suffix = Path(path).suffix.lower()
    pairs = [_pair(draw, legend) for draw in draws]
    if suffix in _PAGES:
        write_text(path, _page(draws, pairs, title, notes))
    elif suffix in _IMAGES:
        cells = [cell for pair in pairs for cell in pair]
        captions = [caption for draw in draws for caption in _captions(draw)]
        columns = 2 * min(_PAIRS_A_ROW, len(draws))
        save_image(mosaic(cells, columns, captions, (_CELL, _CELL)), path, quality=92)
    else:
        raise OutputError("the sheet is a page or an image", path, f"name it {', '.join((*_PAGES[:1], *_IMAGES[:2]))}")


def _page(draws: Sequence[AugmentationDraw], pairs: Sequence[list[NDArray[np.uint8]]], title: str, notes: str) -> str:
    page = Page(title)
    page.text("Left: the image with its objects. Right: what the network sees of it, in its own size.")
    for draw, pair in zip(draws, pairs, strict=True):
        count = len(draw.labelled.boxes)
        objects = f"{count} object{'' if count == 1 else 's'}"
        page.picture(mosaic(pair, 2), ", ".join((*_captions(draw), objects)))
    page.heading("The steps")
    page.code(notes)
    return page.html()


def _pair(draw: AugmentationDraw, legend: Legend) -> list[NDArray[np.uint8]]:
    seen = np.array(enlarge_small(draw.seen, _CELL))
    factor = len(seen) // len(draw.seen)
    height, width = (side * factor for side in draw.true_size)
    seen[:height, :width] = _drawn(seen[:height, :width], draw.labelled, legend)
    return [_drawn(enlarge_small(draw.labelled.image, _CELL), draw.labelled, legend), seen]


def _drawn(image: NDArray[np.uint8], labelled: Labelled, legend: Legend) -> NDArray[np.uint8]:
    points = labelled.points
    return draw_boxes(
        image,
        labelled.boxes,
        [legend.class_names.get(int(number), str(number)) for number in labelled.class_ids],
        class_ids=labelled.class_ids,
        masks=labelled.masks,
        skeletons=None if points is None else Skeletons(points, labelled.visible, legend.edges),
    )


def _captions(draw: AugmentationDraw) -> tuple[str, str]:
    height, width = draw.labelled.image.shape[:2]
    what = "as recorded" if draw.seed is None else f"seed {draw.seed}"
    return f"{what}: {width} x {height}", f"the network: {draw.seen.shape[1]} x {draw.seen.shape[0]}"
