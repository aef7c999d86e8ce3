"""Tables of boxes, as tutorials' scripts write and read them."""

from pathlib import Path

import pytest
from PIL import Image

from tests.annotations.voc_files import item, picture, write_photo
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.catalogue import detect_format
from tfod.annotations.csv_table import read_csv, read_csv_dataset, writing_csv
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.format import Reading
from tfod.annotations.voc import read_voc
from tfod.errors import DataError

HEAD = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


def _table(folder: Path, text: str) -> str:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_lines_are_grouped_by_picture(tmp_path: Path) -> None:
    (tmp_path / "b.jpg").write_bytes(picture())
    path = _table(tmp_path, HEAD + "b.jpg,64,48,cat,1,2,3,4\na.jpg,9,9,dog,1,2,3,4.5\nb.jpg,64,48,dog,5,6,7,8\n")

    first, second = read_csv(path)

    assert (first.filename, first.picture, first.width) == ("b.jpg", f"{tmp_path}/b.jpg", 64)
    assert [(found.class_name, found.xmin, found.line) for found in first.objects] == [("cat", 1, 2), ("dog", 5, 4)]
    assert (second.filename, second.picture, second.objects[0].ymax) == ("a.jpg", None, 4.5)


def test_a_table_written_is_the_table_read(tmp_path: Path) -> None:
    image = read_voc(write_photo(tmp_path, "photo", item(box=(1, 2.25, 30, 40)), item("dog")))
    path = str(tmp_path / "labels.csv")
    with writing_csv([image, DataError("a", "b", "c")], path) as images:
        assert len(list(images)) == 2

    assert (tmp_path / "labels.csv").read_text() == HEAD + (
        "photo.jpg,64,48,cat,1,2.25,30,40\nphoto.jpg,64,48,dog,10,12,30,36\n"
    )
    (again,) = read_csv(path)
    assert [found[:5] for found in again.objects] == [found[:5] for found in image.objects]
    assert again.picture == image.picture


def test_a_table_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), writing_csv([], str(tmp_path / "labels.csv")):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_list_chooses_and_orders(tmp_path: Path) -> None:
    path = _table(tmp_path, HEAD + "".join(f"{name}.jpg,9,9,cat,1,2,3,4\n" for name in "abc"))
    chosen = tmp_path / "val.txt"
    chosen.write_text("c\nnone\na.jpg\n")
    first, missing, last = read_csv(path, None, str(chosen))
    assert (first.filename, last.filename) == ("c.jpg", "a.jpg")
    assert "no picture 'none'" in missing.what


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("", "no column filename", 1),
        (HEAD.replace(",class", ""), "no column class", 1),
    ],
)
def test_a_table_that_cannot_be_used_is_an_error(tmp_path: Path, text: str, what: str, line: int) -> None:
    path = _table(tmp_path, text)
    with pytest.raises(DataError, match=what) as caught:
        read_csv(path)
    assert caught.value.where == f"{path}, line {line}"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("a.jpg,9,9,cat,1,2,three,4", "no number"),
        ("a.jpg,9,9,cat,1,2,3", "too few"),
        ("a.jpg,9,9,cat,1,2,3,4,5", "too many"),
        ("a.jpg,9,9,,1,2,3,4", "the class is no name"),
        (",9,9,cat,1,2,3,4", "the picture is no name"),
    ],
)
def test_a_line_that_cannot_be_used_costs_its_picture_only(tmp_path: Path, row: str, what: str) -> None:
    path = _table(tmp_path, f"{HEAD}b.jpg,9,9,dog,1,2,3,4\n{row}\na.jpg,9,9,cat,1,2,3\nb.jpg,9,9,owl,1,2,3,4\n")
    first, *others = read_csv(path)
    assert isinstance(first, AnnotatedImage) and [item.class_name for item in first.objects] == ["dog", "owl"]
    (error,) = [found for found in others if isinstance(found, DataError) and found.where == f"{path}, line 3"]
    assert what in error.what and len(others) == (2 if row.startswith(",") else 1)


def test_bad_lines_are_skipped_and_counted_when_asked(tmp_path: Path) -> None:
    path = _table(tmp_path, f"{HEAD}b.jpg,9,9,dog,1,2,3,4\na.jpg,9,9,cat,1,2,three,4\n,9,9,cat,1,2,3,4\n")
    dataset = read_csv_dataset(path, Reading())
    summary = write_dataset(dataset, "voc", str(tmp_path / "out"), skip_bad=True)
    assert (summary.pictures, summary.notes["bad"].total) == (1, 2)
    with pytest.raises(DataError, match="no number"):
        write_dataset(dataset, "voc", str(tmp_path / "other"))


def test_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_csv(str(tmp_path / "none.csv"))


def _boxes(path: str, **said: object) -> list[tuple[object, ...]]:
    images = read_csv(path, **said)  # type: ignore[arg-type]
    return [found[:5] for image in images if isinstance(image, AnnotatedImage) for found in image.objects]


def _notes(path: str) -> list[str]:
    return [what for image in read_csv(path) if isinstance(image, AnnotatedImage) for _, what, *_ in image.remarks]


@pytest.mark.parametrize(
    "head", ["class_name,class_id", "class_id,class_name", "class_id,label", "class_id,class", "label,class_name"]
)
def test_of_several_columns_of_the_class_a_name_counts_before_a_number(tmp_path: Path, head: str) -> None:
    values = {"class_id": "3", "class_name": "cat", "class": "cat", "label": "cat" if "_name" not in head else "7"}
    said = ",".join(values[column] for column in head.split(","))
    path = _table(tmp_path, f"filename,{head},xmin,ymin,xmax,ymax\na.jpg,{said},1,2,3,4\n")
    assert _boxes(path) == [("cat", 1, 2, 3, 4)]


def test_the_width_of_the_image_counts_before_that_of_anything(tmp_path: Path) -> None:
    path = _table(
        tmp_path, "image,x1,y1,x2,y2,width,image_width,height,image_height,label\na.jpg,1,2,3,5,2,64,3,48,c\n"
    )
    (image,) = read_csv(path)
    assert isinstance(image, AnnotatedImage) and (image.width, image.height) == (64, 48)


@pytest.mark.parametrize("column", ["xmin", "class", "filename", "width"])
def test_a_column_given_twice_is_an_error(tmp_path: Path, column: str) -> None:
    path = _table(tmp_path, HEAD.replace("\n", f", {column.upper()}\n") + "a.jpg,9,9,cat,1,2,3,4,5\n")
    with pytest.raises(DataError, match=f"two columns '{column}'") as caught:
        read_csv(path)
    assert caught.value.where == f"{path}, line 1"


def test_of_several_sizes_of_a_picture_none_counts(tmp_path: Path) -> None:
    path = _table(tmp_path, HEAD + "a.jpg,64,48,cat,1,2,3,4\na.jpg,32,24,cat,1,2,3,4\n")
    (image,) = read_csv(path)
    assert isinstance(image, AnnotatedImage) and (image.width, image.height, len(image.objects)) == (None, None, 2)
    assert image.remarks[0].where == f"{path}, line 3: a.jpg"


def test_a_list_chooses_all_pictures_of_a_stem(tmp_path: Path) -> None:
    path = _table(tmp_path, HEAD + "train/a.jpg,9,9,cat,1,2,3,4\ntest/a.jpg,9,9,dog,1,2,3,4\n")
    (tmp_path / "list.txt").write_text("a\n")
    assert [box[0] for box in _boxes(path, image_set=f"{tmp_path}/list.txt")] == ["cat", "dog"]


def test_columns_exchanged_in_a_whole_table_are_exchanged_back_and_told(tmp_path: Path) -> None:
    rows = "".join(f"{180 + n},130,240,{190 + n},{n}.jpg,Car\n" for n in range(3))
    path = _table(tmp_path, f"xmin,xmax,ymin,ymax,Frame,Label\n{rows}")
    assert _boxes(path) == [("Car", 180 + n, 130, 240, 190 + n) for n in range(3)]
    assert [what for what in _notes(path) if "exchanged" in what] == _notes(path) != []


def test_the_other_order_of_the_same_slip_is_exchanged_back(tmp_path: Path) -> None:
    path = _table(tmp_path, HEAD + "a.jpg,640,480,cat,100,160,20,90\na.jpg,640,480,cat,300,350,200,220\n")
    assert _boxes(path) == [("cat", 100, 20, 160, 90), ("cat", 300, 200, 350, 220)]


def test_x_and_y_exchanged_in_a_whole_table_are_exchanged_back_and_told(tmp_path: Path) -> None:
    rows = [(20 * n, 30 * n + 40, 20 * n + 15, 30 * n + 60) for n in range(9)]  # y before x, of images of 400 x 300
    text = "".join(f"{n % 3}.jpg,400,300,cat,{','.join(map(str, row))}\n" for n, row in enumerate(rows))
    wide = text + "3.jpg,400,300,cat,10,380,30,390\n4.jpg,400,300,cat,40,330,50,350\n"
    path = _table(tmp_path, HEAD + wide)
    assert _boxes(path)[-2:] == [("cat", 380, 10, 390, 30), ("cat", 330, 40, 350, 50)]
    assert [what for what in _notes(path) if "x and y are exchanged" in what] == _notes(path) != []

    path = _table(tmp_path, HEAD + text)  # nothing reaches over the edge: it is as it says
    assert _boxes(path)[0] == ("cat", *map(float, rows[0])) and _notes(path) == []
    for n in range(5):
        (tmp_path / f"{n}.jpg").write_bytes(picture(400, 300))
    path = _table(tmp_path, "filename,class,xmin,ymin,xmax,ymax\n" + wide.replace("400,300,", ""))
    assert len(_notes(path)) == 1  # the images' headers tell it too


def test_boxes_that_stick_out_of_their_images_stay_as_they_are(tmp_path: Path) -> None:
    rows = "".join(f"{n}.jpg,400,300,cat,{60 * n},20,{60 * n + 90},{250 + 20 * n}\n" for n in range(6))
    path = _table(tmp_path, HEAD + rows)
    assert _boxes(path)[-1] == ("cat", 300, 20, 390, 350) and _notes(path) == []


def test_a_table_with_tabs_may_be_called_tsv(tmp_path: Path) -> None:
    text = (HEAD + "a.jpg,64,48,cat,1,2,3,4\n").replace(",", "\t")
    (tmp_path / "train_labels.TSV").write_text(text)
    assert detect_format(str(tmp_path)) == detect_format(str(tmp_path / "train_labels.TSV")) == "csv"
    (image,) = read_csv_dataset(str(tmp_path), Reading()).images
    assert isinstance(image, AnnotatedImage) and image.subset == "train" and len(image.objects) == 1


def test_boxes_drawn_from_another_corner_stay_as_they_are(tmp_path: Path) -> None:
    upright = "".join(f"a.jpg,640,480,cat,{n},{n + 5},{n + 9},{n + 20}\n" for n in range(3))
    path = _table(tmp_path, HEAD + upright + "a.jpg,640,480,cat,30,25,10,5\n")
    assert _boxes(path)[-1] == ("cat", 30, 25, 10, 5) and _notes(path) == []


def test_fractions_are_those_of_the_picture_and_told(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(100, 80))
    head = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax\n"
    path = _table(tmp_path, head + "a,x,cat,1,0.1,0.4,0.125,0.625\na,x,dog,1,0,1,0,1.001\n")
    assert _boxes(path) == [("cat", 10, 10, 40, 50), ("dog", 0, 0, 100, 80.08)]
    assert len(_notes(path)) == 1 and "fractions" in _notes(path)[0]


def test_fractions_of_a_turned_picture_are_those_of_what_people_see(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "a.jpg").write_bytes(picture(100, 80, exif=exif))
    path = _table(tmp_path, "filename,xmin,ymin,xmax,ymax,class\na.jpg,0.1,0.1,0.5,0.5,cat\n")
    (image,) = read_csv(path)
    assert isinstance(image, AnnotatedImage) and (image.width, image.height) == (80, 100)
    assert image.objects[0][1:5] == (8, 10, 40, 50)


def test_fractions_of_an_unknown_size_are_an_error_of_their_picture(tmp_path: Path) -> None:
    path = _table(tmp_path, HEAD + "a.jpg,100,80,cat,0.1,0.125,0.4,0.625\nb.jpg,,,cat,0.1,0.125,0.4,0.625\n")
    first, second = read_csv(path)
    assert isinstance(first, AnnotatedImage) and first.objects[0][1:5] == (10, 10, 40, 50)
    assert isinstance(second, DataError) and second.where == f"{path}, line 3"


@pytest.mark.parametrize(
    "text", ["a.jpg,64,48,cat,0,0,1,1\n", "a.jpg,64,48,cat,0.5,0.5,0.9,0.9\na.jpg,64,48,cat,1,2,9,8\n"]
)
def test_small_boxes_beside_others_and_whole_pixels_are_no_fractions(tmp_path: Path, text: str) -> None:
    assert _notes(_table(tmp_path, HEAD + text)) == []


@pytest.mark.parametrize(("separator", "before"), [(";", ""), ("\t", ""), ("|", ""), (";", "sep=;\n")])
def test_other_separators_are_seen(tmp_path: Path, separator: str, before: str) -> None:
    path = _table(tmp_path, before + (HEAD + "a.jpg,64,48,cat,1,2,30,40\n").replace(",", separator))
    (image,) = read_csv(path)
    assert isinstance(image, AnnotatedImage) and image.objects[0][:5] == ("cat", 1, 2, 30, 40)
    assert image.objects[0].line == 2 + bool(before)
    assert detect_format(path) == "csv"


def test_decimal_commas_of_a_table_with_semicolons(tmp_path: Path) -> None:
    path = _table(tmp_path, HEAD.replace(",", ";") + "a.jpg;64;48;cat;1,5;2;30,25;40\n")
    assert _boxes(path) == [("cat", 1.5, 2, 30.25, 40)]


def test_lines_without_a_box_are_pictures_without_objects(tmp_path: Path) -> None:
    path = _table(tmp_path, HEAD + "a.jpg,64,48,cat,1,2,3,4\nb.jpg,,,,,,,\n,,,,,,,\nc.jpg,64,48,No finding,,,,\n")
    first, second, third = read_csv(path)
    assert isinstance(second, AnnotatedImage) and (second.filename, second.objects, second.remarks) == ("b.jpg", (), ())
    assert isinstance(third, AnnotatedImage) and third.objects == ()
    assert [remark.where for remark in third.remarks] == [f"{path}, line 5"]
    assert isinstance(first, AnnotatedImage) and len(first.objects) == 1


def test_a_line_with_half_a_box_is_an_error(tmp_path: Path) -> None:
    (error,) = read_csv(_table(tmp_path, HEAD + "a.jpg,64,48,cat,1,2,,\n"))
    assert isinstance(error, DataError) and "no number" in error.what


def test_outlines_have_their_extent_as_box(tmp_path: Path) -> None:
    path = _table(tmp_path, "filename,x1,y1,x2,y2,x3,y3,x4,y4,label\na.jpg,20,10,40,30,20,50,5,30,cat\n")
    assert _boxes(path) == [("cat", 5, 10, 40, 50)]
    assert len(_notes(path)) == 1


def test_a_table_that_names_no_columns_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not name its columns") as caught:
        read_csv(_table(tmp_path, "a.jpg,10,10,40,50,cat\nb.jpg,,,,,\n"))
    assert "filename,xmin,ymin,xmax,ymax,class" in caught.value.cure
