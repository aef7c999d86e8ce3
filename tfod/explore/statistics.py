"""What is in a data set, as tables: one line an object, and what is counted from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.pictures import PictureHeader
from tfod.doctor.rules.pictures import open_picture

__all__ = ["Contents", "class_table", "cooccurrence", "gather", "picture_table"]

_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Contents:
    """A data set as two tables.

    `objects`: a line an object, `picture` (the number of its line in `pictures`), `class_name`, `split`, `x` and `y`
    (the centre) and `share` (of the picture's area) in 0 to 1, `width` and `height` in pixels, `ratio` (of these),
    `mask` (whether there is one), `keypoints` (how many are labelled).
    `pictures`: a line a picture, `split`, `width`, `height`, `objects` (how many). Boxes without area are left out.
    """

    objects: pd.DataFrame
    pictures: pd.DataFrame


def gather(images: Iterable[tuple[str, AnnotatedImage]]) -> Contents:
    """The tables of pictures, each given with its split. The picture's header tells its size, else the annotation;
    a picture of unknown size is left out."""
    objects: list[tuple[object, ...]] = []
    pictures: list[tuple[object, ...]] = []
    for split, image in images:
        header = open_picture(image)
        width, height = image.width, image.height
        if isinstance(header, PictureHeader) and not header.annotated_as_shown(width, height):
            width, height = header.width, header.height
        if not width or not height:
            continue
        number = len(pictures)
        pictures.append((split, width, height, len(image.objects)))
        for item in image.objects:
            box_width, box_height = abs(item.xmax - item.xmin), abs(item.ymax - item.ymin)
            area = box_width * box_height
            if area > 0 and np.isfinite(area):
                x, y = (item.xmin + item.xmax) / 2 / width, (item.ymin + item.ymax) / 2 / height
                share, ratio = area / (width * height), box_width / box_height
                shapes = item.mask is not None, sum(point.visibility > 0 for point in item.keypoints)
                objects.append((number, item.class_name, split, x, y, share, box_width, box_height, ratio, *shapes))
    columns = ["picture", "class_name", "split", "x", "y", "share", "width", "height", "ratio", "mask", "keypoints"]
    return Contents(
        pd.DataFrame(objects, columns=columns),
        pd.DataFrame(pictures, columns=["split", "width", "height", "objects"]),
    )


def class_table(contents: Contents) -> pd.DataFrame:
    """A line a class, the commonest first: objects, pictures, and medians of size, share and ratio.

    Where there are masks, how many; where there are keypoints, how many objects have some, and the mean of these
    (`a pose`). `side` is the square root of a box's area, in pixels. With several splits, the objects of each follow.
    """
    objects = contents.objects.assign(side=np.sqrt(contents.objects.width * contents.objects.height))
    groups = objects.groupby("class_name", sort=True)
    table = pd.DataFrame(
        {
            "objects": groups.size(),
            "pictures": groups.picture.nunique(),
            "side": groups.side.median(),
            "share": groups["share"].median(),
            "ratio": groups.ratio.median(),
        }
    )
    if objects["mask"].any():
        table["masks"] = groups["mask"].sum().astype(int)
    if (objects.keypoints > 0).any():
        posed = objects[objects.keypoints > 0].groupby("class_name").keypoints
        table["posed"], table["a pose"] = posed.size(), posed.mean().round(1)
        table = table.fillna({"posed": 0, "a pose": 0.0}).astype({"posed": int})
    splits = sorted(objects.split.unique())
    if len(splits) > 1:
        for split in splits:
            table[split] = objects[objects.split == split].groupby("class_name").size()
        table = table.fillna(0).astype(dict.fromkeys(splits, int))
    return table.sort_values("objects", ascending=False, kind="stable")


def picture_table(contents: Contents) -> pd.DataFrame:
    """A line a split, and one for all of several: pictures, objects, background, the most objects of one, sizes."""
    pictures = contents.pictures
    splits = sorted(pictures.split.unique())
    parts = [(split or "all", pictures[pictures.split == split]) for split in splits]
    if len(parts) > 1:
        parts.append(("all", pictures))
    lines = {
        name: {
            "pictures": len(part),
            "objects": int(part.objects.sum()),
            "background": int((part.objects == 0).sum()),
            "most objects": int(part.objects.max()),
            "median size": f"{part.width.median():.0f} x {part.height.median():.0f}",
            "smallest": f"{part.width.min()} x {part.height.min()}",
            "largest": f"{part.width.max()} x {part.height.max()}",
        }
        for name, part in parts
    }
    return pd.DataFrame.from_dict(lines, orient="index")


def cooccurrence(contents: Contents, classes: Sequence[str]) -> pd.DataFrame:
    """How many pictures show both of two classes, `[C, C]`; on the diagonal, how many show one."""
    shown = contents.objects[["picture", "class_name"]].drop_duplicates()
    shown = shown[shown.class_name.isin(classes)]
    rows = pd.factorize(shown.picture)[0]
    columns = pd.Categorical(shown.class_name, categories=classes).codes
    table = np.zeros((len(classes), len(classes)), np.int64)
    # Some pictures at a time: a table of all pictures and classes would take more memory than the data set.
    for start in range(0, rows.max(initial=-1) + 1, _ROWS_AT_ONCE):
        here = slice(*np.searchsorted(rows, (start, start + _ROWS_AT_ONCE)))
        there = np.zeros((_ROWS_AT_ONCE, len(classes)), np.float32)
        there[rows[here] - start, columns[here]] = 1
        table += (there.T @ there).astype(np.int64)
    return pd.DataFrame(table, index=classes, columns=classes)
