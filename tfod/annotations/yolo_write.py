"""YOLO's text files written, in the layout of Ultralytics, with data.yaml and classes.txt."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject, Keypoint, Skeleton
from tfod.annotations.format import Writing
from tfod.annotations.masks import RunLengths
from tfod.annotations.sides import mirrored

__all__ = ["write_yolo"]


def write_yolo(images: Iterable[AnnotatedImage], folder: Path, writing: Writing) -> None:
    """Writes labels/SUBSET/STEM.txt for each picture, data.yaml and classes.txt; numbers follow the classes' ids.

    Outlines and boxes cannot stand in one file, since readers would take boxes for outlines: beside an outline a box
    is written as that of its four corners. Where a class has keypoints, every object has: zeros where it has none.
    """
    names = sorted(writing.class_ids, key=writing.class_ids.__getitem__)
    numbers = {name: number for number, name in enumerate(names)}
    points = max((len(skeleton.names) for skeleton in writing.skeletons.values()), default=0)
    subsets = set()
    for image in images:
        path = folder / "labels" / image.subset / f"{Path(image.filename).stem}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        outlined = not points and any(item.mask for item in image.objects)
        lines = [
            f"{numbers[item.class_name]} {_coordinates(item, image, outlined)}{_keypoints(item, image, points)}\n"
            for item in image.objects
        ]
        path.write_text("".join(lines), encoding="utf-8")
        subsets.add(image.subset)
    # Ultralytics wants both train and val; where there is one part only, it is both.
    main = "" if "" in subsets else "train" if "train" in subsets else min(subsets, default="")
    places = {key: f"images/{key if key in subsets else main}".rstrip("/") for key in ("train", "val")}
    if "test" in subsets:
        places["test"] = "images/test"
    said = {**places, "names": dict(enumerate(names)), **_pose(names, writing.skeletons, points)}
    text = yaml.safe_dump(said, sort_keys=False, allow_unicode=True)
    (folder / "data.yaml").write_text(text, encoding="utf-8")
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _pose(names: Sequence[str], skeletons: Mapping[str, Skeleton], points: int) -> dict[str, object]:
    """What data.yaml says of keypoints; `flip_idx` are those that a mirrored image has in their places."""
    if not points:
        return {}
    longest = max(skeletons.values(), key=lambda skeleton: len(skeleton.names))
    named = {number: list(skeletons[name].names) for number, name in enumerate(names) if name in skeletons}
    return {"kpt_shape": [points, 3], "flip_idx": list(mirrored(longest.names)), "kpt_names": named}


def _keypoints(item: AnnotatedObject, image: AnnotatedImage, points: int) -> str:
    width, height = float(image.width or 1), float(image.height or 1)
    padded = (*item.keypoints, *[Keypoint(0, 0, 0)] * (points - len(item.keypoints)))
    return "".join(f" {_text(x / width, y / height)} {visibility}" for x, y, visibility in padded)


def _coordinates(item: AnnotatedObject, image: AnnotatedImage, outlined: bool) -> str:
    width, height = float(image.width or 1), float(image.height or 1)
    if not outlined:
        centre = ((item.xmin + item.xmax) / 2 / width, (item.ymin + item.ymax) / 2 / height)
        return _text(*centre, (item.xmax - item.xmin) / width, (item.ymax - item.ymin) / height)
    if item.mask and not isinstance(item.mask, RunLengths):
        points: Sequence[float] = item.mask[0]
    else:
        points = (item.xmin, item.ymin, item.xmax, item.ymin, item.xmax, item.ymax, item.xmin, item.ymax)
    return _text(*(value / (height if index % 2 else width) for index, value in enumerate(points)))


def _text(*values: float) -> str:
    return " ".join(f"{value:.8f}".rstrip("0").rstrip(".") for value in values)
