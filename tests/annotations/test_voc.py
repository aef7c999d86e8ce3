"""Pascal VOC files as tools write them, and as strangers do."""

from pathlib import Path

import pytest

from tests.annotations.voc_files import annotation, item, picture, write_photo
from tfod.annotations.annotated_image import AnnotatedObject
from tfod.annotations.voc import annotation_paths, read_voc, read_voc_files, voc_set
from tfod.errors import DataError


def _read(folder: Path, text: str, **options: str):
    path = folder / "photo.xml"
    path.write_text(text, encoding="utf-8")
    return read_voc(path, **options)


def test_a_file_with_everything(tmp_path: Path) -> None:
    extra = "<pose>Left</pose><truncated>1</truncated><difficult>1</difficult>"
    path = write_photo(tmp_path, "photo", item("cat", (10, 12, 30, 36), extra), item("dog", (1, 2, 3, 4)))

    image = read_voc(path)

    assert image.source == str(path)
    assert image.picture == f"{tmp_path}/photo.jpg"
    assert (image.filename, image.width, image.height) == ("photo.jpg", 64, 48)
    assert image.objects == (
        AnnotatedObject("cat", 10.0, 12.0, 30.0, 36.0, True, True, "Left", 4),
        AnnotatedObject("dog", 1.0, 2.0, 3.0, 4.0, False, False, "Unspecified", 8),
    )


@pytest.mark.parametrize(
    ("text", "flag"), [("", False), ("0", False), (" 1 ", True), ("1.0", True), ("Unspecified", False), ("true", True)]
)
def test_flags_as_tools_write_them(tmp_path: Path, text: str, flag: bool) -> None:
    image = _read(tmp_path, annotation("photo.jpg", item(extra=f"<truncated>{text}</truncated><difficult/>")))
    assert (image.objects[0].truncated, image.objects[0].difficult) == (flag, False)


def test_comments_entities_and_line_ends_mean_what_xml_says(tmp_path: Path) -> None:
    path = write_photo(
        tmp_path, "photo", "<!-- a comment -->", item("black &amp; white cat"), item("<![CDATA[ dog ]]>")
    )
    path.write_bytes(b'<?xml version="1.0" encoding="utf-8"?>\r\n' + path.read_bytes().replace(b"\n", b"\r\n"))
    assert [item.class_name for item in read_voc(path).objects] == ["black & white cat", "dog"]


def test_float_coordinates_empty_pose_and_no_size(tmp_path: Path) -> None:
    text = annotation("photo.jpg", item(box=("191.5", "1e1", " 313.0 ", "nan"), extra="<pose/>"), size=None)
    image = _read(tmp_path, text)
    (found,) = image.objects
    assert (found.xmin, found.ymin, found.xmax) == (191.5, 10.0, 313.0)
    assert found.ymax != found.ymax  # NaN: the rule for boxes decides, not the reader
    assert found.pose == "Unspecified"
    assert (image.width, image.height) == (None, None)


def test_names_and_boxes_of_parts_and_attributes_do_not_count(tmp_path: Path) -> None:
    nested = (
        "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>"
        "<attributes><attribute><name>occluded</name><value>0</value></attribute></attributes>"
    )
    found = item("person", (5, 6, 7, 8))
    text = annotation("photo.jpg", found.replace("</object>", nested + "</object>"), item(extra=nested))
    first, second = _read(tmp_path, text).objects
    assert (first.class_name, first.xmin, first.ymax) == ("person", 5.0, 8.0)
    assert (second.class_name, second.xmin, second.ymax) == ("cat", 10.0, 36.0)


def test_a_background_picture_has_no_objects(tmp_path: Path) -> None:
    assert _read(tmp_path, annotation("photo.jpg")).objects == ()


@pytest.mark.parametrize(
    "filename",
    [
        "photo.jpg",
        "/home/pi/detection/photo.jpg",
        r"C:\Users\me\photo.jpg",
        "../../etc/photo.jpg",
        "photo.png",
        "photo",
        "",
        "renamed_before.jpg",
    ],
)
def test_the_picture_beside_the_file_is_found(tmp_path: Path, filename: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(picture())
    image = _read(tmp_path, annotation(filename))
    assert image.picture == f"{tmp_path}/photo.jpg"
    assert image.filename == "photo.jpg"


def test_a_filename_cannot_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(picture())
    inside = tmp_path / "annotations"
    inside.mkdir()
    for filename in ("../secret.jpg", str(tmp_path / "secret.jpg"), r"..\secret.jpg", "a/../../secret.jpg"):
        assert _read(inside, annotation(filename)).picture is None


def test_pictures_in_sub_folders_in_jpegimages_and_elsewhere(tmp_path: Path) -> None:
    annotations = tmp_path / "Annotations"
    for folder in (annotations / "part", tmp_path / "JPEGImages", tmp_path / "images", tmp_path / "other"):
        folder.mkdir(parents=True)
    (annotations / "part" / "a.jpg").write_bytes(picture())
    (tmp_path / "JPEGImages" / "b.JPG").write_bytes(picture())
    (tmp_path / "images" / "c.png").write_bytes(picture())
    (tmp_path / "other" / "b.jpeg").write_bytes(picture())

    assert _read(annotations, annotation("part/a.jpg")).picture == f"{annotations}/part/a.jpg"
    assert _read(annotations, annotation("b.jpg")).picture == f"{annotations}/../JPEGImages/b.JPG"
    assert _read(annotations, annotation("c.png")).picture == f"{annotations}/../images/c.png"
    elsewhere = _read(annotations, annotation("b.jpg"), image_dir=str(tmp_path / "other"))
    assert (elsewhere.picture, elsewhere.filename) == (f"{tmp_path}/other/b.jpeg", "b.jpeg")
    assert _read(annotations, annotation("d.jpg")).picture is None


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("<annotation>\n<object>\n</annotation>", "the XML is malformed", 3),
        ("", "the XML is malformed", 1),
        ("<html/>", "its root is <html>", 1),
        (annotation("a.jpg", item(name="")), "the object has no <name>", 4),
        (annotation("a.jpg", item(name="  ")), "the object has no <name>", 4),
        (annotation("a.jpg", item().replace("xmax", "xmay")), "the object has no <xmax>", 4),
        (annotation("a.jpg", item().replace("bndbox", "polygon")), "the object has no <xmin>", 4),
        (annotation("a.jpg", item(box=(1, "2,5", 3, 4))), "<ymin> that is no number: '2,5'", 4),
        (annotation("a.jpg", item(box=(1, "", 3, 4))), "<ymin> that is no number: ''", 4),
        (annotation("a.jpg", item(extra="<difficult>very</difficult>")), "<difficult> that is no number: 'very'", 4),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(tmp_path: Path, text: str, what: str, line: int) -> None:
    with pytest.raises(DataError) as caught:
        _read(tmp_path, text)
    assert what in caught.value.what
    assert caught.value.where == f"{tmp_path}/photo.xml, line {line}"


def _bomb(levels: int) -> str:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, levels))
    return f'<!DOCTYPE annotation [<!ENTITY e0 "boom">{entities}]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("name", ["&e8;", '<b attribute="&e8;"/>'])
def test_an_xml_bomb_does_not_go_off(tmp_path: Path, encoding: str, name: str) -> None:
    path = tmp_path / "photo.xml"
    path.write_bytes(annotation("photo.jpg", item(name), doctype=_bomb(9)).encode(encoding))
    with pytest.raises(DataError, match=r"entit|malformed"):
        read_voc(path)


@pytest.mark.parametrize("declared", ["<!ENTITY x SYSTEM 'secret.txt'>", "<!ENTITY % x SYSTEM 'secret.txt'> %x;"])
def test_an_external_entity_is_not_read(tmp_path: Path, declared: str) -> None:
    (tmp_path / "secret.txt").write_text("cat")
    text = annotation("photo.jpg", item("&x;"), doctype=f"<!DOCTYPE annotation [{declared}]>")
    with pytest.raises(DataError, match=r"entit|malformed"):
        _read(tmp_path, text)


def test_a_plain_doctype_does_no_harm(tmp_path: Path) -> None:
    image = _read(tmp_path, annotation("photo.jpg", item(), doctype="<!DOCTYPE annotation>"))
    assert image.objects[0].class_name == "cat"


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="malformed"):
        _read(tmp_path, "<annotation>" + "<a>" * 5000 + "</a>" * 5000 + "</annotation>")


def test_reading_many_gives_errors_in_their_place(tmp_path: Path) -> None:
    good = write_photo(tmp_path, "good", item())
    bad = tmp_path / "bad.xml"
    bad.write_text("<annotation>")
    first, second, third = read_voc_files([str(good), str(bad), str(tmp_path / "none.xml")])
    assert first.objects and isinstance(second, DataError) and "no such file" in third.what


def test_xml_files_of_a_folder_in_order_without_other_systems_notes(tmp_path: Path) -> None:
    for name in ("b.xml", "a.XML", "._a.xml", "c.jpg"):
        (tmp_path / name).touch()
    assert list(annotation_paths(str(tmp_path))) == [f"{tmp_path}/a.XML", f"{tmp_path}/b.xml"]


def test_no_xml_file_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no XML file"):
        annotation_paths(str(tmp_path))
    with pytest.raises(DataError, match="no such file"):
        annotation_paths(str(tmp_path / "none"))


def test_the_lists_of_a_devkit(tmp_path: Path) -> None:
    lists = tmp_path / "VOC2007" / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n")
    (lists / "aeroplane_val.txt").write_text("b -1\n")
    root = tmp_path / "VOC2007"

    for data_dir in (tmp_path, root):
        paths, pictures = voc_set(str(data_dir), "VOC2007", "train", "Annotations")
        assert (list(paths), pictures) == ([f"{root}/Annotations/a.xml"], f"{root}/JPEGImages")
    assert list(voc_set(str(tmp_path), "VOC2007", "val", "Annotations")[0]) == [f"{root}/Annotations/b.xml"]
    with pytest.raises(DataError) as caught:
        voc_set(str(tmp_path), "VOC2007", "trainval", "Annotations")
    assert caught.value.cure == "choose another --set; there is aeroplane_val, train"


def test_real_files(shared: Path) -> None:
    labelme = read_voc(shared / "data/labelme_bbox/bbox_detection/data_dataset_voc/Annotations/2011_000003.xml")
    assert labelme.picture is not None
    assert labelme.objects[0][:5] == ("person", 191.0, 107.36900369003689, 313.0, 329.36900369003695)

    paths = annotation_paths(str(shared / "data/bccd/BCCD/Annotations"))
    images = list(read_voc_files(paths))
    assert len(images) == 364
    assert sum(len(image.objects) for image in images) == 4888
    assert sum(found.truncated for image in images for found in image.objects) == 1131
    assert all(image.picture for image in images)
