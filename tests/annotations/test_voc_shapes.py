"""Pascal VOC's objects with shapes that are no upright boxes, and with several of one thing."""

from pathlib import Path

import pytest

from tests.annotations.voc_files import annotation, item
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.format import Reading
from tfod.annotations.voc import read_voc, read_voc_dataset
from tfod.errors import DataError

TURNED = "<robndbox><cx>50</cx><cy>40</cy><w>30</w><h>10</h><angle>{}</angle></robndbox>"
POLYGON = "<polygon><x1>10</x1><y1>10</y1><x2>40</x2><y2>10</y2><x3>40</x3><y3>50</y3></polygon>"
POINTS = "<polygon><pt><x>10</x><y>10</y></pt><pt><x>40</x><y>12.5</y></pt><pt><x>20</x><y>50</y></pt></polygon>"
BOX = "<bndbox><xmin>{}</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
ROTATION = "<attributes><attribute><name>rotation</name><value>{}</value></attribute></attributes>"


def _read(folder: Path, *shapes: str, name: str = "<name>ship</name>") -> AnnotatedImage:
    path = folder / "photo.xml"
    path.write_text(annotation("photo.jpg", f"<object>{name}{''.join(shapes)}</object>\n"), encoding="utf-8")
    return read_voc(path)


def _boxes(image: AnnotatedImage) -> list[tuple[float, ...]]:
    return [found[1:5] for found in image.objects]


@pytest.mark.parametrize(
    ("shape", "box", "noted"),
    [
        (TURNED.format(0.5), (34.439, 28.421, 65.561, 51.579), "turned boxes"),
        (TURNED.format(-0.5), (34.439, 28.421, 65.561, 51.579), "turned boxes"),
        (TURNED.format(0), (35, 35, 65, 45), "turned boxes"),
        (POLYGON, (10, 10, 40, 50), "polygons without a box"),
        (POINTS, (10, 10, 40, 50), "polygons without a box"),
        (POLYGON + "<polygon><x1>5</x1><y1>60</y1></polygon>", (5, 10, 40, 60), "polygons without a box"),
        (BOX.format(10) + ROTATION.format("90.0"), (1, 11, 39, 31), "turned boxes"),
    ],
)
def test_the_box_of_a_shape_is_its_extent_and_told(
    tmp_path: Path, shape: str, box: tuple[float, ...], noted: str
) -> None:
    image = _read(tmp_path, shape)
    assert _boxes(image) == [pytest.approx(box, abs=1e-3)]
    assert noted in image.remarks[0].what and image.remarks[0].where == f"{tmp_path}/photo.xml, line 4"


@pytest.mark.parametrize("shape", [POLYGON, TURNED.format(0.5), ROTATION.format("0.0"), ROTATION.format("left")])
def test_beside_a_box_other_shapes_do_not_count(tmp_path: Path, shape: str) -> None:
    image = _read(tmp_path, BOX.format(1), shape)
    assert _boxes(image) == [(1, 2, 30, 40)] and image.remarks == ()


def test_each_of_several_boxes_of_an_object_is_an_object(tmp_path: Path) -> None:
    image = _read(tmp_path, BOX.format(1), BOX.format(5))
    assert [found[:5] for found in image.objects] == [("ship", 1, 2, 30, 40), ("ship", 5, 2, 30, 40)]
    assert "several boxes in one object" in image.remarks[0].what
    assert len(_read(tmp_path, TURNED.format(0.5), TURNED.format(1.5)).objects) == 2


@pytest.mark.parametrize(
    ("shapes", "what"),
    [
        ((BOX.format("1</xmin><xmin>3"),), "there are two <xmin>: '1' and '3'"),
        ((BOX.format(1), "<name>boat</name>"), "there are two <name>: 'ship' and 'boat'"),
        ((BOX.format(1), "<difficult>0</difficult><difficult>1</difficult>"), "there are two <difficult>"),
        ((TURNED.format(45),), "the <angle> 45 is none in radians"),
        ((TURNED.format(0.5).replace("<w>30</w>", ""),), "the object's shape has no <w>"),
        ((POLYGON.replace("<y3>50</y3>", ""),), "the object's shape has no <y3>"),
        ((POLYGON.replace("50", "low"),), "the object's shape cannot be understood"),
        ((), "the object has no <xmin>"),
    ],
)
def test_what_cannot_be_understood_is_named_with_its_line(tmp_path: Path, shapes: tuple[str, ...], what: str) -> None:
    with pytest.raises(DataError) as caught:
        _read(tmp_path, *shapes)
    assert what in caught.value.what and caught.value.where == f"{tmp_path}/photo.xml, line 4"


def test_the_same_said_twice_does_no_harm(tmp_path: Path) -> None:
    assert _boxes(_read(tmp_path, BOX.format("1</xmin><xmin>1"), name="<name>ship</name><name> ship</name>"))


@pytest.mark.parametrize("old", ["<filename>photo.jpg</filename>", "<width>64</width>"])
def test_two_names_or_sizes_of_an_image_are_an_error(tmp_path: Path, old: str) -> None:
    path = tmp_path / "photo.xml"
    text = annotation("photo.jpg", item())
    path.write_text(text.replace(old, old + old.replace("photo", "other").replace("64", "65")))
    with pytest.raises(DataError, match="there are two"):
        read_voc(path)


def test_an_empty_box_is_none(tmp_path: Path) -> None:
    assert _boxes(_read(tmp_path, "<bndbox></bndbox>", POLYGON)) == [(10, 10, 40, 50)]


def test_an_image_in_several_lists_is_told(tmp_path: Path) -> None:
    for folder in ("Annotations", "ImageSets/Main"):
        (tmp_path / folder).mkdir(parents=True)
    for stem in "ab":
        (tmp_path / "Annotations" / f"{stem}.xml").write_text(annotation(f"{stem}.jpg", item()))
    for name, listed in (("test", "a"), ("val", "ab"), ("train", "b")):
        (tmp_path / "ImageSets" / "Main" / f"{name}.txt").write_text("\n".join(listed))
    first, second = read_voc_dataset(str(tmp_path), Reading()).images
    assert isinstance(first, AnnotatedImage) and isinstance(second, AnnotatedImage)
    assert (first.subset, second.subset) == ("val", "train")
    assert "several lists" in first.remarks[0].what and first.remarks[0].where.endswith("a.xml: val, test")
