"""CVAT's XML, of pictures and of videos."""

from math import cos, hypot, pi, sin
from pathlib import Path

import pytest

from tests.annotations.voc_files import picture
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.cvat import read_cvat
from tfod.annotations.format import Reading
from tfod.annotations.masks import RunLengths, extent
from tfod.errors import DataError

META = """<meta><task><original_size><width>64</width><height>48</height></original_size>
<labels><label><name>dog</name></label><label><name>cat</name></label></labels></task></meta>"""
SAID = 'source="manual" occluded="0" z_order="0"'


def _read(folder: Path, content: str):
    (folder / "annotations.xml").write_text(f"<annotations><version>1.1</version>{META}\n{content}\n</annotations>")
    return read_cvat(str(folder / "annotations.xml"), Reading())


def _image(*shapes: str) -> str:
    body = "\n".join(shapes)
    return f'<image id="0" name="sub/a.jpg" subset="Train" width="64" height="48">\n{body}\n</image>'


def test_boxes_with_attributes(tmp_path: Path) -> None:
    (tmp_path / "images" / "sub").mkdir(parents=True)
    (tmp_path / "images" / "sub" / "a.jpg").write_bytes(picture())
    attributes = '<attribute name="difficult">true</attribute><attribute name="colour">red</attribute>'
    box = f'<box label="cat" occluded="1" source="manual" xtl="1.5" ytl="2" xbr="9" ybr="8.25">{attributes}</box>'
    dataset = _read(tmp_path, _image(box, '<tag label="dog"/>'))
    (image,) = dataset.images

    assert dataset.class_ids == {"dog": 1, "cat": 2}
    assert isinstance(image, AnnotatedImage)
    assert (image.filename, image.subset, image.width) == ("a.jpg", "train", 64)
    assert image.picture == f"{tmp_path}/images/sub/a.jpg"
    (found,) = image.objects
    assert found[:6] == ("cat", 1.5, 2, 9, 8.25, True)
    assert found.fields == (("occluded", "1"), ("colour", "red"))


def test_other_shapes_have_their_extent_as_box(tmp_path: Path) -> None:
    shapes = (
        f'<polygon label="cat" {SAID} points="1.0,2.0;9.5,2.0;5.0,7.0"/>',
        f'<ellipse label="cat" {SAID} cx="10" cy="20" rx="5" ry="6"/>',
        f'<mask label="cat" {SAID} rle="1, 2, 1" left="3" top="4" width="2" height="2"/>',
        f'<polyline label="cat" {SAID} points="1,2;9,8"/>',
        f'<box label="cat" {SAID} rotation="90" xtl="10" ytl="10" xbr="30" ybr="20"/>',
    )
    (image,) = _read(tmp_path, _image(*shapes)).images
    *_, turned = image.objects
    assert [item[1:5] for item in image.objects[:4]] == [
        (1, 2, 9.5, 7),
        (5, 14, 15, 26),
        (3, 4, 5, 6),
        (1, 2, 9, 8),
    ]
    assert turned[1:5] == pytest.approx((15, 5, 25, 25))
    mask = image.objects[2].mask
    assert isinstance(mask, RunLengths) and mask.counts == (3 * 48 + 5, 1, 46, 1, 64 * 48 - 3 * 48 - 5 - 48)


def test_tracks_of_a_video_are_pictures_of_its_frames(tmp_path: Path) -> None:
    box = 'occluded="0" keyframe="1" xtl="1" ytl="2" xbr="9" ybr="8"'
    track = f'<track id="0" label="dog"><box frame="7" outside="0" {box}/><box frame="8" outside="1" {box}/></track>'
    other = f'<track id="1" label="cat"><box frame="7" outside="0" {box}/></track>'
    (image,) = _read(tmp_path, track + other).images
    assert (image.filename, image.width) == ("frame_000007.png", 64)
    assert [item.class_name for item in image.objects] == ["dog", "cat"]


@pytest.mark.parametrize(
    ("shape", "what"),
    [
        ('<cuboid label="cat"/>', "a <cuboid> is no object with a box"),
        ('<box label="cat" xtl="1" ytl="2" xbr="9"/>', "the <box> cannot be understood: 'ybr'"),
        ('<box xtl="1" ytl="2" xbr="9" ybr="3"/>', "label is no name"),
        ('<polygon label="cat" points="1,2;3"/>', "no pair"),
        ('<mask label="cat" rle="4" left="63" top="0" width="2" height="2"/>', "reaches out"),
        ('<mask label="cat" rle="5" left="0" top="0" width="2" height="2"/>', "do not add up"),
        ('<mask label="cat" rotation="5" rle="4" left="0" top="0" width="2" height="2"/>', "cannot be turned"),
        ('<sphere label="cat"/>', "no such shape"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(shape: str, what: str, tmp_path: Path) -> None:
    (error,) = _read(tmp_path, _image(shape)).images
    assert isinstance(error, DataError) and what in error.what
    assert error.where == f"{tmp_path}/annotations.xml, line 4"


def test_a_rotation_counts_for_every_shape(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    shapes = (
        f'<box label="cat" {SAID} rotation="90" xtl="10" ytl="10" xbr="30" ybr="20"/>',
        f'<ellipse label="cat" {SAID} rotation="90" cx="20" cy="20" rx="10" ry="4"/>',
        f'<ellipse label="cat" {SAID} rotation="30" cx="20" cy="20" rx="10" ry="4"/>',
        f'<polygon label="cat" {SAID} rotation="90" points="10,10;30,10;30,20"/>',
        f'<polyline label="cat" {SAID} rotation="270" points="10,10;30,20"/>',
    )
    (image,) = _read(tmp_path, _image(*shapes)).images
    assert isinstance(image, AnnotatedImage)
    across, down = hypot(10 * cos(pi / 6), 4 * sin(pi / 6)), hypot(10 * sin(pi / 6), 4 * cos(pi / 6))
    expected = [
        (15, 5, 25, 25),
        (16, 10, 24, 30),
        (20 - across, 20 - down, 20 + across, 20 + down),
        (15, 5, 25, 25),
        (15, 5, 25, 25),
    ]
    for found, box in zip(image.objects, expected, strict=True):
        assert found[1:5] == pytest.approx(box)
        assert found.mask is None or extent(found.mask) == found[1:5]


def test_a_turned_shape_of_a_video(tmp_path: Path) -> None:
    ellipse = '<ellipse frame="7" outside="0" occluded="0" cx="20" cy="20" rx="10" ry="4" rotation="90"/>'
    (image,) = _read(tmp_path, f'<track id="0" label="dog">{ellipse}</track>').images
    assert isinstance(image, AnnotatedImage) and image.objects[0][1:5] == pytest.approx((16, 10, 24, 30))


def test_an_attribute_given_twice_is_an_error(tmp_path: Path) -> None:
    attributes = '<attribute name="colour">red</attribute><attribute name="colour">blue</attribute>'
    (error,) = _read(tmp_path, _image(f'<box label="cat" xtl="1" ytl="2" xbr="9" ybr="3">{attributes}</box>')).images
    assert isinstance(error, DataError) and error.what == "the <box> has two attributes 'colour'"
