"""The drawn data set on disk."""

from pathlib import Path

import cv2
import numpy as np
from lxml import etree

from tfod.annotations.sample_data import write_sample_data, write_sample_masks
from tfod.annotations.sample_scenes import CLASS_NAMES, draw_scenes

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


def test_every_mask_holds_the_class_of_each_pixel_that_is_seen(tmp_path: Path) -> None:
    write_sample_masks(tmp_path / "shapes", count=2, seed=4)

    names = (tmp_path / "shapes" / "classes.txt").read_text(encoding="utf-8").split()
    assert names == ["background", *CLASS_NAMES]
    for index, scene in enumerate(draw_scenes(2, seed=4)):
        mask = cv2.imread(str(tmp_path / "shapes" / "masks" / f"scene_{index:04d}.png"), cv2.IMREAD_UNCHANGED)
        assert mask.shape == scene.image.shape[:2]
        for thing in scene.objects:
            assert set(np.unique(mask[thing.visible])) == {names.index(thing.class_name)}
        seen = np.any([thing.visible for thing in scene.objects], axis=0)
        assert np.array_equal(mask > 0, seen)
        assert (tmp_path / "shapes" / "images" / f"scene_{index:04d}.jpg").is_file()
