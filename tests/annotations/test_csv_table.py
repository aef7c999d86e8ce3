"""Tables of boxes, as tutorials' scripts write and read them."""

from pathlib import Path

import pytest

from tests.annotations.voc_files import item, picture, write_photo
from tfod.annotations.csv_table import read_csv, writing_csv
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
        (HEAD + "a.jpg,9,9,cat,1,2,three,4\n", "no number", 2),
        (HEAD + "a.jpg,9,9,cat,1,2,3,4\na.jpg,9,9,cat,1,2,3\n", "too few", 3),
        (HEAD + "a.jpg,9,9,cat,1,2,3,4,5\n", "too many", 2),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(tmp_path: Path, text: str, what: str, line: int) -> None:
    path = _table(tmp_path, text)
    with pytest.raises(DataError, match=what) as caught:
        read_csv(path)
    assert caught.value.where == f"{path}, line {line}"


def test_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_csv(str(tmp_path / "none.csv"))
