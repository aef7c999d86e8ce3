"""Files as tools and people leave them: read as they are meant, or refused with what is to be done."""

import bz2
import json
from pathlib import Path

import pytest

from tests.annotations.voc_files import annotation, item, picture, write_photo
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.catalogue import open_dataset, read_dataset
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.format import Reading
from tfod.annotations.partition import copy_part
from tfod.annotations.source import open_sources
from tfod.annotations.voc import annotation_paths
from tfod.doctor.examination import Checks, examine
from tfod.errors import DataError

BOX = (10.0, 12.0, 30.0, 36.0)
TABLE = "filename,class,xmin,ymin,xmax,ymax\na.jpg,cat,10,12,30,36\n"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
CAT = {"id": 1, "name": "cat"}


def _write(folder: Path, **files: str | bytes) -> Path:
    """Files by their names, with `__` for a dot and `_in_` for a slash."""
    for name, content in files.items():
        path = folder / name.replace("_in_", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def _read(folder: Path, name: str | None = None) -> tuple[str, list[AnnotatedImage], list[str]]:
    """The format, the images, and the rules of what is told."""
    found, dataset = open_dataset(str(folder), name, Reading())
    images = list(dataset.images)
    for error in images:
        if isinstance(error, DataError):
            raise error
    told = [*dataset.remarks, *(remark for image in images for remark in image.remarks)]  # type: ignore[union-attr]
    return found, images, [remark.rule for remark in told]  # type: ignore[return-value]


def _coco(folder: Path, name: str = "all.json", parts: str = "ab", shift: float = 0.0) -> Path:
    entries = [{"id": ord(part), "file_name": f"{part}.jpg", "width": 64, "height": 48} for part in parts]
    objects = [
        {"id": ord(part), "image_id": ord(part), "category_id": 1, "bbox": [10 + shift, 12, 20, 24]} for part in parts
    ]
    content = json.dumps({"images": entries, "annotations": objects, "categories": [CAT]})
    return _write(folder, **{name: content}, **{f"{part}__jpg": picture(64, 48) for part in parts})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_tables_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    _write(tmp_path, a__jpg=picture(), labels__csv=TABLE.encode(encoding))
    found, (image,), _ = _read(tmp_path)
    assert (found, image.objects[0][:5]) == ("csv", ("cat", *BOX))


@pytest.mark.parametrize(
    ("content", "what", "cure"),
    [
        (TABLE.replace("cat", "café").encode("cp1252"), "cannot read the table", "CSV in UTF-8"),
        (b"PK\x03\x04" + bytes(range(256)), "a workbook of Excel", "CSV in UTF-8"),
        (POINTER.encode(), "a pointer of Git LFS, not the table", "git lfs pull"),
    ],
    ids=["cp1252", "xlsx", "lfs"],
)
def test_tables_that_are_none(tmp_path: Path, content: bytes, what: str, cure: str) -> None:
    _write(tmp_path, labels__csv=content)
    with pytest.raises(DataError, match=what) as caught:
        _read(tmp_path, "csv")
    assert cure in caught.value.cure


def test_blank_lines_before_the_declaration_of_an_xml(tmp_path: Path) -> None:
    head = "\n  <?xml version='1.0' encoding='utf-8'?>\n"
    _write(tmp_path, a__jpg=picture(), a__xml=head + annotation("a.jpg", item()))
    found, (image,), _ = _read(tmp_path)
    assert (found, image.objects[0][:5]) == ("voc", ("cat", *BOX))
    assert image.objects[0].line == 6, "lines keep their numbers"


@pytest.mark.parametrize("name", ["a.xml", "a.json", "labels.csv", "data.yaml"])
def test_a_set_that_was_not_fetched_is_no_question_of_its_format(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(POINTER)
    with pytest.raises(DataError, match="a pointer of Git LFS") as caught:
        _read(tmp_path)
    assert "git lfs pull" in caught.value.cure


@pytest.mark.parametrize(
    ("content", "tool"),
    [
        ([{"id": 1, "data": {"image": "a.jpg"}, "annotations": []}], "Label Studio"),
        ({"a.jpg9": {"filename": "a.jpg", "size": 9, "regions": []}}, "VGG Image Annotator"),
    ],
)
def test_what_a_tool_writes_for_itself_is_to_be_exported_there(tmp_path: Path, content: object, tool: str) -> None:
    _write(tmp_path, project__json=json.dumps(content))
    with pytest.raises(DataError, match=tool) as caught:
        _read(tmp_path)
    assert "export the annotations as COCO" in caught.value.cure


def test_letters_of_another_case_are_the_same_image_if_there_is_but_one(tmp_path: Path) -> None:
    write_photo(tmp_path, "cat", item())
    (tmp_path / "cat.jpg").rename(tmp_path / "Cat.JPG")
    (tmp_path / "cat.xml").rename(tmp_path / "1.xml")
    _, (image,), _ = _read(tmp_path)
    assert (image.filename, image.written) == ("Cat.JPG", "cat.jpg")
    (tmp_path / "CAT.png").write_bytes(picture(kind="PNG"))
    _, (image,), _ = _read(tmp_path)
    assert image.picture is None


@pytest.mark.parametrize("place", ["JPEGImages/train", "images/train"])
def test_folders_inside_annotations_and_images_are_alike(tmp_path: Path, place: str) -> None:
    write_photo(tmp_path / "Annotations/train", "a", item())
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / "Annotations/train/a.jpg").rename(tmp_path / place / "a.jpg")
    _, (image,), _ = _read(tmp_path)
    assert (image.picture, image.subset) == (f"{tmp_path}/{place}/a.jpg", "train")


def test_each_year_of_a_devkit_has_lists_of_its_own(tmp_path: Path) -> None:
    for year, subset in (("VOC2007", "train"), ("VOC2012", "val")):
        write_photo(tmp_path / year / "Annotations", "a", item())
        _write(tmp_path / year, **{f"ImageSets_in_Main_in_{subset}__txt": "a\n"})
    assert [image.subset for image in _read(tmp_path)[1]] == ["train", "val"]
    assert [image.subset for image in _read(tmp_path / "VOC2012")[1]] == ["val"]


def test_records_are_made_of_annotations_below_a_folder_as_its_lists_name_them(tmp_path: Path) -> None:
    for place in ("x", "y"):
        write_photo(tmp_path / "in" / place, f"{place}1", item())
    folder = str(tmp_path / "in")
    assert [*annotation_paths(folder)] == [f"{folder}/x/x1.xml", f"{folder}/y/y1.xml"]
    (tmp_path / "list.txt").write_text("y1\nz1\n")
    assert [*annotation_paths(folder, str(tmp_path / "list.txt"))] == [f"{folder}/y/y1.xml", f"{folder}/z1.xml"]


def test_a_part_takes_annotations_with_endings_in_capitals_along(tmp_path: Path) -> None:
    write_photo(tmp_path / "in", "a", item()).rename(tmp_path / "in/a.XML")
    assert copy_part(str(tmp_path / "in"), ["a.jpg"], tmp_path / "out", with_xml=True) == []
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.XML", "a.jpg"]


@pytest.mark.parametrize("path", ["../photos/a.jpg", "..\\photos\\a.jpg"])
def test_an_image_is_where_labelme_finds_it_but_not_out_of_the_set(tmp_path: Path, path: str) -> None:
    shape = {"label": "cat", "points": [[10, 12], [30, 36]], "shape_type": "rectangle"}
    content = json.dumps({"imagePath": path, "shapes": [shape], "imageHeight": 48, "imageWidth": 64})
    _write(tmp_path, photos_in_a__jpg=picture(), texts_in_1__json=content)
    _, (image,), _ = _read(tmp_path)
    assert (image.filename, image.picture) == ("a.jpg", f"{tmp_path}/photos/a.jpg")
    with pytest.raises(DataError, match="outside its folder"):
        _read(tmp_path / "texts")


@pytest.mark.parametrize(
    ("files", "cure"),
    [
        ({"a__jpg": picture()}, "annotate the pictures"),
        ({"a__xml": ""}, "say it: --from"),
    ],
)
def test_a_folder_of_no_annotations(tmp_path: Path, files: dict[str, bytes], cure: str) -> None:
    with pytest.raises(DataError, match="cannot tell the annotations' format") as caught:
        _read(_write(tmp_path, **files))
    assert cure in caught.value.cure


def test_an_archive_is_to_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match="it is an archive") as caught:
        _read(tmp_path / "set.zip")
    assert "unpack it" in caught.value.cure


def test_tables_that_say_left_top_right_bottom(tmp_path: Path) -> None:
    _write(tmp_path, a__jpg=picture(), boxes__csv="Image,Label,Left,Top,Right,Bottom\na.jpg,cat,10,12,30,36\n")
    _, (image,), _ = _read(tmp_path)
    assert image.objects[0][:5] == ("cat", *BOX)


def _yolo(folder: Path, **files: str) -> Path:
    start = {"data__yaml": "train: images\nval: images\nnames: [cat, dog]\n", "labels_in_a__txt": "0 .5 .5 .25 .5\n"}
    return _write(folder, images_in_a__jpg=picture(), **{**start, **files})


@pytest.mark.parametrize("line", ["0 32 24 16 24", "0 0.5 0.5 0.25 24", "0 1 2 30 2 30 40 1 40"])
def test_labels_of_yolo_in_pixels_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataError, match=r"is no fraction of the picture.*are these pixels") as caught:
        _read(_yolo(tmp_path, labels_in_a__txt=line))
    assert "divide" in caught.value.cure and caught.value.where.endswith("a.txt, line 1")


def test_a_list_of_classes_that_contradicts_the_one_that_counts_is_told(tmp_path: Path) -> None:
    _, (image,), told = _read(_yolo(tmp_path, classes__txt="dog\ncat\n"))
    assert (image.objects[0].class_name, told) == ("cat", ["annotation-meaning"])
    assert _read(_yolo(tmp_path, classes__txt="cat\ndog\n"))[2] == []


def test_a_second_label_file_of_an_image_is_told_if_it_says_otherwise(tmp_path: Path) -> None:
    _, (image,), told = _read(_yolo(tmp_path, images_in_a__txt="1 .2 .2 .1 .1\n"))
    assert (image.objects[0].class_name, told) == ("cat", ["annotation-orphan"])
    assert _read(_yolo(tmp_path, images_in_a__txt="0 .5 .5 .25 .5\n"))[2] == []


def test_points_of_a_pose_are_no_outline(tmp_path: Path) -> None:
    line = "0 .5 .5 .25 .5 .4 .4 2 .6 .6 2\n"
    with pytest.raises(DataError, match=r"kpt_shape in data\.yaml"):
        _read(_yolo(tmp_path, labels_in_a__txt=line))
    _, (image,), _ = _read(
        _yolo(
            tmp_path, labels_in_a__txt=line, data__yaml="train: images\nval: images\nkpt_shape: [2, 3]\nnames: [cat]\n"
        )
    )
    assert image.objects[0].xmin == 24


def test_a_crowd_may_be_a_text(tmp_path: Path) -> None:
    _coco(tmp_path)
    text = (tmp_path / "all.json").read_text().replace('"bbox"', '"iscrowd": "1", "bbox"')
    (tmp_path / "all.json").write_text(text)
    assert all(image.objects[0].crowd for image in _read(tmp_path)[1])


def test_a_panoptic_file_beside_the_objects_is_passed_over(tmp_path: Path) -> None:
    _coco(tmp_path)
    other = json.loads((tmp_path / "all.json").read_text()) | {"annotations": [{"image_id": 97, "segments_info": []}]}
    (tmp_path / "panoptic.json").write_text(json.dumps(other))
    _, images, told = _read(tmp_path)
    assert (len(images), told) == (2, ["file-passed-over"])


def test_boxes_of_coco_that_are_corners_are_read_so(tmp_path: Path) -> None:
    objects = [{"id": n, "image_id": 1, "category_id": 1, "bbox": [40 + n, 30, 60, 44]} for n in range(5)]
    entry = {"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}
    content = {"images": [entry], "annotations": objects, "categories": [CAT]}
    _, (image,), told = _read(_write(tmp_path, a__jpg=picture(), all__json=json.dumps(content)))
    assert (image.objects[1][1:5], told) == ((41, 30, 60, 44), ["annotation-meaning"])


def test_an_image_of_the_whole_and_of_a_part_comes_once_in_its_part(tmp_path: Path) -> None:
    for name, parts in (("all.json", "ab"), ("train.json", "a"), ("val.json", "b")):
        _coco(tmp_path, name, parts)
    _, images, told = _read(tmp_path)
    assert [(image.filename, image.subset) for image in images] == [("a.jpg", "train"), ("b.jpg", "val")]
    assert told == ["picture-listed-twice"] * 2


def test_an_image_with_other_objects_in_another_file_comes_twice(tmp_path: Path) -> None:
    _coco(_coco(tmp_path), "more.json", "a", shift=3.0)
    _, images, told = _read(tmp_path)
    assert [image.objects[0].xmin for image in images] == [10, 10, 13]
    assert told == ["picture-listed-twice"]


def test_tables_and_files_of_cvat_name_images_again_too(tmp_path: Path) -> None:
    table = _write(tmp_path / "csv", a__jpg=picture(), train_labels__csv=TABLE, all__csv=TABLE)
    entry = '<image id="0" name="a.jpg"><box label="cat" xtl="10" ytl="12" xbr="30" ybr="36"/></image>'
    jobs = dict.fromkeys(("one__xml", "two__xml"), f"<annotations>{entry}</annotations>")
    for folder in (table, _write(tmp_path / "cvat", a__jpg=picture(), **jobs)):
        _, images, told = _read(folder)
        assert len(images) == 1
        assert told == ["picture-listed-twice"]


def _records(folder: Path) -> Path:
    for number in range(4):
        write_photo(folder / "voc", f"p{number}", item())
    write_dataset(read_dataset(str(folder / "voc")), "tfrecord", str(folder / "records"), num_shards=2)
    return folder / "records"


def test_a_damaged_record_or_a_missing_shard_hides_no_other(tmp_path: Path) -> None:
    records = _records(tmp_path)
    first, second = sorted(records.glob("data.record-*"))
    data = bytearray(first.read_bytes())
    data[100] ^= 255
    first.write_bytes(data)
    images = [*read_dataset(str(records)).images]
    assert [isinstance(image, DataError) for image in images] == [True, False, False, False]
    second.unlink()
    dataset = read_dataset(str(records))
    faults = [image.what for image in dataset.images if isinstance(image, DataError)]
    assert dataset.total == len([*dataset.images]) == 3
    assert "1 of its 2 shards are missing" in faults[0] and "checksum" in faults[1]


def test_a_file_name_from_the_folder_of_the_data_set(tmp_path: Path) -> None:
    _coco(tmp_path / "photos/train", parts="a")
    text = (tmp_path / "photos/train/all.json").read_text().replace("a.jpg", "photos/train/a.jpg")
    (tmp_path / "photos/train/all.json").unlink()
    _write(tmp_path, annos_in_train__json=text)
    _, (image,), _ = _read(tmp_path)
    assert (image.picture, image.subset) == (f"{tmp_path}/annos/../photos/train/a.jpg", "train")


def test_of_two_yamls_that_describe_a_data_set_one_is_to_be_named(tmp_path: Path) -> None:
    _yolo(tmp_path, mine__yaml="train: images\nval: images\nnames: [cat, dog]\n")
    assert _read(tmp_path)[1][0].objects[0].class_name == "cat", "data.yaml is the usual name"
    (tmp_path / "data.yaml").rename(tmp_path / "other.yaml")
    with pytest.raises(DataError, match=r"several yamls.*mine\.yaml, other\.yaml"):
        _read(tmp_path)
    assert _read(tmp_path / "mine.yaml")[1][0].objects[0].class_name == "cat"


@pytest.mark.parametrize(
    "header", ["File Name,X Min,Y Min,X Max,Y Max,Class", "file-name,x-min,y-min,x-max,y-max,class"]
)
def test_names_of_columns_in_several_words(tmp_path: Path, header: str) -> None:
    _write(tmp_path, a__jpg=picture(), labels__csv=f"{header}\na.jpg,10,12,30,36,cat\n")
    assert _read(tmp_path)[1][0].objects[0][:5] == ("cat", *BOX)


def test_an_xml_of_annotations_that_is_none_of_cvat(tmp_path: Path) -> None:
    text = annotation("a.jpg", item())
    _write(tmp_path, a__jpg=picture(), a__xml=f"<annotations>{text}</annotations>")
    with pytest.raises(DataError, match="neither images nor tracks"):
        _read(tmp_path)


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        (annotation("caf\u00e9.jpg", item()).encode("latin-1"), "save the file in UTF-8"),
        (annotation("a & b.jpg", item()).encode(), "write &amp; for &"),
    ],
)
def test_malformed_xml_has_a_cure_of_its_own(tmp_path: Path, text: bytes, cure: str) -> None:
    with pytest.raises(DataError, match="malformed") as caught:
        _read(_write(tmp_path, a__xml=text), "voc")
    assert cure in caught.value.cure


@pytest.mark.parametrize("name", ["coco", "csv", "cvat"])
def test_an_image_of_a_file_for_many_that_is_skipped_is_not_also_without_an_annotation(
    tmp_path: Path, name: str
) -> None:
    entry = '<image id="0" name="{}.jpg"><box label="cat" xtl="{}" ytl="12" xbr="30" ybr="36"/></image>'
    texts = {
        "coco": (_coco(tmp_path / "coco") / "all.json").read_text().replace('"bbox": [10.0', '"bbox": ["x"', 1),
        "csv": f"{TABLE}b.jpg,cat,x,12,30,36\n",
        "cvat": f"<annotations>{entry.format('a', 10)}{entry.format('b', 'x')}</annotations>",
    }
    folder = tmp_path / name
    _write(folder, a__jpg=picture(), b__jpg=picture(70))
    (folder / ("all.json" if name == "coco" else f"all.{name.replace('cvat', 'xml')}")).write_text(texts[name])
    summary = write_dataset(read_dataset(str(folder)), "voc", str(tmp_path / "out"), skip_bad=True)
    assert (summary.pictures, summary.notes["bad"].total) == (1, 1)
    assert not any("without an annotation" in kind for kind in summary.notes)
    report = examine(open_sources([str(folder)]), Checks())
    assert {finding.rule for finding in report.findings} & {"annotation-unreadable", "picture-unannotated"} == {
        "annotation-unreadable"
    }


def test_a_skipped_image_is_not_also_without_an_annotation(tmp_path: Path) -> None:
    folder = _yolo(tmp_path / "in", images_in_b__jpg="no image", labels_in_b__txt="0 .5 .5 .25 .5\n")
    _write(folder, images_in_c__jpg=picture(70), labels_in_c__txt="nonsense", images_in_d__jpg=picture(80))
    summary = write_dataset(read_dataset(str(folder)), "coco", str(tmp_path / "out"), skip_bad=True)
    assert summary.notes["bad"].total == 2
    assert not any("without an annotation" in kind for kind in summary.notes)


@pytest.mark.parametrize(
    ("content", "what", "cure"),
    [
        (bz2.compress(b"x" * 99), "compressed with bzip2", "bzip2 -dc"),
        (b"PK\x03\x04" + bytes(40), "compressed with ZIP", "unzip -p"),
        (b"\n<!DOCTYPE html><html>", "a web page, not the records", "fetch the file itself"),
    ],
    ids=["bzip2", "zip", "html"],
)
def test_what_is_called_records_and_is_none(tmp_path: Path, content: bytes, what: str, cure: str) -> None:
    _write(tmp_path, a__record=content)
    with pytest.raises(DataError, match=what) as caught:
        _read(tmp_path)
    assert cure in caught.value.cure
