"""The drawn data set on disk."""

from pathlib import Path

import cv2
from lxml import etree

from tfod.annotations.sample_data import write_sample_data
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
