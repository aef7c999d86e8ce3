"""The photos that both sides work on: Pascal VOC, laid out as the original's converter wants it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lxml import etree

from tfod.annotations.sample_data import write_sample_data

__all__ = ["BATCH_SIZE", "VocSet", "find_data", "lay_out", "write_batch"]

BATCH_SIZE = 8
INPUT_SIZE = 320  # pixels, of the network's input
PICTURE_SIZE = (640, 480)  # width, height in pixels, of the pictures for the exported model
MAX_BOXES = 100


@dataclass(frozen=True)
class VocSet:
    """A folder of pictures, one of XML files, and the names (without suffix) in each part of the split."""

    name: str
    pictures: Path
    annotations: Path
    train: list[str]
    test: list[str]

    def xml(self, name: str) -> "etree._Element":
        """The parsed annotation of the picture `name`."""
        return etree.parse(self.annotations / f"{name}.xml").getroot()

    def picture(self, name: str) -> Path:
        """The file of the picture that the annotation `name` tells of."""
        return self.pictures / str(self.xml(name).findtext("filename"))

    def class_names(self) -> list[str]:
        """All names of objects, sorted."""
        found = {
            element.text for name in (*self.train, *self.test) for element in self.xml(name).iterfind("object/name")
        }
        return sorted(str(name) for name in found)


def find_data(shared: Path, folder: Path, *, drawn_train: int = 200, drawn_test: int = 50) -> VocSet:
    """The blood cells of the developers' folder; where they are not here, so many scenes drawn into `folder`."""
    root = shared.resolve() / "data" / "bccd" / "BCCD"
    if root.is_dir():
        lists = root / "ImageSets" / "Main"
        train, test = ((lists / f"{part}.txt").read_text(encoding="utf-8").split() for part in ("trainval", "test"))
        return VocSet("bccd", root / "JPEGImages", root / "Annotations", train, test)
    drawn = folder / "drawn"
    write_sample_data(drawn, drawn_train + drawn_test, seed=0)
    names = sorted(path.stem for path in drawn.glob("*.xml"))
    return VocSet("drawn scenes", drawn, drawn, names[:drawn_train], names[drawn_train:])


def lay_out(data: VocSet, folder: Path) -> Path:
    """Links the set as a VOCdevkit, whose list files are named after aeroplanes whatever is in the pictures.

    The original looks for a picture in the folder that its XML names, which by rights is VOC2007 too.
    """
    lists = folder / "VOC2007" / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    folder.joinpath("VOC2007", "Annotations").symlink_to(data.annotations.resolve())
    parts = {"train": data.train, "test": data.test, "trainval": data.train + data.test}
    for part, names in parts.items():
        lists.joinpath(f"aeroplane_{part}.txt").write_text("".join(f"{name} -1\n" for name in names), encoding="utf-8")
    for named in {"VOC2007", *(str(data.xml(name).findtext("folder")) for name in parts["trainval"])}:
        target = folder / named / "JPEGImages"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(data.pictures.resolve())
    return folder


def write_batch(data: VocSet, class_names: list[str], path: Path) -> None:
    """Writes the batch that both sides train on, as a training input would give it, and pictures to detect on.

    image float32 [8, 320, 320, 3] in -1..1; boxes padded to 100; pictures uint8 [8, 480, 640, 3].
    """
    import cv2

    boxes = np.zeros([BATCH_SIZE, MAX_BOXES, 4], np.float32)
    classes = np.zeros([BATCH_SIZE, MAX_BOXES, len(class_names)], np.float32)
    count = np.zeros([BATCH_SIZE], np.int32)
    images, pictures = [], []
    for index, name in enumerate(data.train[:BATCH_SIZE]):
        picture = cv2.imread(str(data.picture(name)))[:, :, ::-1]
        images.append(cv2.resize(picture, (INPUT_SIZE, INPUT_SIZE)).astype(np.float32) * (2 / 255) - 1)
        pictures.append(cv2.resize(picture, PICTURE_SIZE))
        height, width = picture.shape[:2]
        for element in data.xml(name).findall("object")[:MAX_BOXES]:
            corners = [float(str(element.findtext(f"bndbox/{key}"))) for key in ("ymin", "xmin", "ymax", "xmax")]
            boxes[index, count[index]] = np.array(corners) / [height, width, height, width]
            classes[index, count[index], class_names.index(str(element.findtext("name")))] = 1
            count[index] += 1
    np.savez(
        path,
        image=np.stack(images),
        pictures=np.stack(pictures),
        true_image_shape=np.tile(np.int32([INPUT_SIZE, INPUT_SIZE, 3]), [BATCH_SIZE, 1]),
        hash=np.arange(BATCH_SIZE, dtype=np.int32),
        num_groundtruth_boxes=count,
        groundtruth_boxes=boxes,
        groundtruth_classes=classes,
        groundtruth_weights=(np.arange(MAX_BOXES) < count[:, None]).astype(np.float32),
    )
