"""Lists of names and paths: what is written is read again, whatever the names are."""

from pathlib import Path

import pytest

from tfod.annotations.path_list import fields_of, line_of, list_names, name_line
from tfod.annotations.pictures import picture_stem
from tfod.errors import DataError

ODD_NAMES = (
    "img (1).jpg", "a, b.jpg", "a;b.png", "tab\tinside.jpg", ' blank at both ends .jpg', '"quoted".jpg', 'a "b" c.jpg',
    "#1.jpg", "frame 1.jpg", "frame -1.jpg", "IMG 12 1.jpg", "cat.jpg.jpeg", "cat.xml.png", "photo.1", "none",
    "\u00e9.jpg", "\u00a0x.jpg", "a\u2028b.jpg", '"', "100%25.jpg",
)  # fmt: skip


def test_lists_of_names(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text("2008_000008 -1\nraccoon-1.jpg\n\nfolder/a.b.xml\r\nphoto.1\n")
    assert [*list_names(path)] == ["2008_000008", "raccoon-1", "a.b", "photo.1"]
    path.write_text("\n")
    with pytest.raises(DataError, match="empty"):
        [*list_names(path)]
    with pytest.raises(DataError, match="no such file"):
        [*list_names(tmp_path / "none.txt")]
    path.write_bytes("a\n".encode("utf-16"))
    with pytest.raises(DataError, match="not text in UTF-8"):
        [*list_names(path)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("000012 -1\n000017  1\n000023  0\n", ["000012", "000017", "000023"]),
        ("2010_1  1  1\n2010_1  2 -1\n", ["2010_1", "2010_1"]),  # two objects of one image
        ("000012\t1\n", ["000012"]),
        ("frame 1\nframe 2\n", ["frame 1", "frame 2"]),
        ("frame 0\nframe 1\n", ["frame 0", "frame 1"]),
        ("frame 1.jpg\n", ["frame 1"]),
        ("C:\\me\\my photos\\cat 1.jpg\n/home/me/a, b.png\n", ["cat 1", "a, b"]),
        ('"frame 1"\n', ["frame 1"]),
        ('"not closed.jpg\n', ['"not closed']),
    ],
)
def test_flags_are_told_from_names_with_numbers(tmp_path: Path, text: str, names: list[str]) -> None:
    (tmp_path / "list.txt").write_text(text)
    assert [*list_names(tmp_path / "list.txt")] == names


def test_odd_names_survive_a_list_of_names(tmp_path: Path) -> None:
    for names in (ODD_NAMES, *((name,) for name in ODD_NAMES)):
        (tmp_path / "list.txt").write_text("".join(map(name_line, names)), encoding="utf-8")
        assert [*list_names(tmp_path / "list.txt")] == [picture_stem(name) for name in names]


def test_odd_names_survive_a_list_of_pairs() -> None:
    for first in ODD_NAMES:
        for second in ODD_NAMES:
            assert fields_of(line_of(first, second)) == [first, second]


def test_names_that_no_line_can_hold() -> None:
    for name in ("a\nb.jpg", "a\rb.jpg", "\udcff.jpg"):
        with pytest.raises(DataError, match="no list can hold it"):
            line_of(name)
