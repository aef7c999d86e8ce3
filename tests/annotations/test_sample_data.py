"""The drawn data set on disk."""

from pathlib import Path

import cv2
import numpy as np
from lxml import etree

from tfod.annotations.coco import read_coco
from tfod.annotations.format import Reading
from tfod.annotations.masks import bitmap
from tfod.annotations.sample_cells import CELL_CLASSES, draw_cells
from tfod.annotations.sample_data import write_sample_data, write_sample_instances, write_sample_masks
from tfod.annotations.sample_scenes import draw_scenes

CORNERS = ("xmin", "ymin", "xmax", "ymax")


def test_every_picture_has_an_xml_that_says_what_was_drawn(tmp_path: Path) -> None:
    write_sample_data(tmp_path / "train", count=3, seed=4)

    for index, scene in enumerate(draw_scenes(3, seed=4)):
        picture = cv2.imread(str(tmp_path / "train" / f"scene_{index:04d}.jpg"))
        root = etree.parse(str(tmp_path / "train" / f"scene_{index:04d}.xml")).getroot()
        assert picture.shape == scene.image.shape
        assert [root.findtext(f"size/{tag}") for tag in ("width", "height")] == [
            str(scene.image.shape[1]),
            str(scene.image.shape[0]),
        ]
        read = [
            (thing.findtext("name"), tuple(int(thing.findtext(f"bndbox/{tag}")) for tag in CORNERS))
            for thing in root.iter("object")
        ]
        assert read == [(thing.class_name, thing.box) for thing in scene.objects]


def test_an_earlier_data_set_is_replaced_whole(tmp_path: Path) -> None:
    write_sample_data(tmp_path / "train", count=3, seed=4)
    write_sample_data(tmp_path / "train", count=1, seed=5)

    assert sorted(path.name for path in (tmp_path / "train").iterdir()) == [
        "scene_0000.jpg",
        "scene_0000.xml",
    ]


def test_instances_are_written_with_the_masks_that_were_drawn(tmp_path: Path) -> None:
    write_sample_instances(tmp_path / "train", count=3, seed=4)

    read = [image for image in read_coco(str(tmp_path / "train"), Reading()).images]
    assert len(read) == 3
    for image, scene in zip(read, draw_scenes(3, seed=4), strict=True):
        height, width = scene.image.shape[:2]
        assert cv2.imread(str(image.picture)).shape == scene.image.shape
        assert [(thing.class_name, thing[1:5]) for thing in image.objects] == [
            (thing.class_name, thing.box) for thing in scene.objects
        ]
        for thing, drawn in zip(image.objects, scene.objects, strict=True):
            assert thing.mask is not None
            assert np.array_equal(bitmap(thing.mask, height, width), drawn.visible)


def test_cells_are_written_with_the_masks_that_were_drawn(tmp_path: Path) -> None:
    write_sample_masks(tmp_path / "cells", count=2, seed=4)

    assert (tmp_path / "cells" / "classes.txt").read_text(encoding="utf-8").split() == list(CELL_CLASSES)
    for index in range(2):
        image, mask = draw_cells(np.random.default_rng((4, index)))
        read = cv2.imread(str(tmp_path / "cells" / "masks" / f"cells_{index:04d}.png"), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(read, mask)
        assert cv2.imread(str(tmp_path / "cells" / "images" / f"cells_{index:04d}.jpg")).shape == image.shape


def test_cells_show_every_class_and_nuclei_lie_in_cells() -> None:
    for index in range(10):
        image, mask = draw_cells(np.random.default_rng(index))
        assert image.shape == (*mask.shape, 3)
        assert set(np.unique(mask)) == {0, 1, 2}
        # Nuclei are dark, whatever the stain of the image is.
        assert image[mask == 2].mean() < image[mask == 1].mean() < image[mask == 0].mean()
