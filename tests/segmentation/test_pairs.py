"""Pictures and masks find each other by their names."""

import re
from pathlib import Path

import pytest

from tfod.errors import DataError
from tfod.segmentation.pairs import Pair, Pairing, find_pairs, read_pair_list, write_pair_list


def _touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def _matched(pairing: Pairing, root: Path) -> dict[str, str]:
    return {str(Path(pair.picture).relative_to(root)): str(Path(pair.mask).relative_to(root)) for pair in pairing.pairs}


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("p1.jpg", "p1.png"),
        ("p1.jpg", "p1_mask.gif"),
        ("p1.jpg", "p1-mask.png"),
        ("p1.png", "p1_L.png"),
        ("p1.png", "P1_Label.tif"),
        ("p1.bmp", "p1_gt.bmp"),
        ("p1.jpg", "mask_p1.png"),
        ("img_p1.jpg", "mask_p1.png"),
        ("p1_sat.jpg", "p1_mask.png"),
        ("21_training.tif", "21_manual1.gif"),
        ("image.1.png", "image.1_seg.png"),
        ("p1.jpg", "p1.json"),
        ("aachen/p1_leftImg8bit.png", "aachen/p1_gtFine_labelIds.png"),
        ("train-volume07.tif", "train-labels07.tif"),
        ("img7.png", "mask7.png"),
        ("7.jpg", "7mask.png"),
        ("sample1/image.png", "sample1/mask.png"),
        ("2023_05_0.jpg", "2023_05_0.jpg.png"),  # Supervisely
        ("p1.jpg.jpeg", "p1.jpg.png"),
        ("p1.jpeg", "p1.jpg_mask.png"),
    ],
)
def test_usual_names(tmp_path: Path, picture: str, mask: str) -> None:
    _touch(tmp_path / "images", picture)
    _touch(tmp_path / "masks", mask)
    pairing = find_pairs(tmp_path / "images", tmp_path / "masks")
    assert _matched(pairing, tmp_path) == {f"images/{picture}": f"masks/{mask}"}
    assert f"{tmp_path}/images/{picture}  +  {tmp_path}/masks/{mask}" in pairing.text()


@pytest.mark.parametrize(
    ("pictures", "masks", "seen"),
    [
        (("frame 0007.png",), ("gt7.png",), "frame 0007.png.*gt7.png"),
        (("1.png", "2.png"), ("01.png", "02.png"), "1.png.*01.png"),
        (("p1.png",), ("p1_mask.png", "p1_seg.png"), "p1.png.*p1_mask.png.*p1_seg.png"),
        (("a/p1.png", "b/p1.png"), ("p1.png",), "p1.png"),
    ],
)
def test_names_that_are_no_proof_are_refused(
    tmp_path: Path, pictures: tuple[str, ...], masks: tuple[str, ...], seen: str
) -> None:
    _touch(tmp_path / "images", *pictures)
    _touch(tmp_path / "masks", *masks)
    with pytest.raises(DataError) as caught:
        find_pairs(tmp_path / "images", tmp_path / "masks")
    assert re.search(seen, caught.value.where) and "--pairs" in caught.value.cure


def test_an_image_in_another_folder_is_found_by_its_name_if_there_is_but_one(tmp_path: Path) -> None:
    _touch(tmp_path / "x", "train/1.jpg", "val/2_image.jpg", "val/3.jpg", "test/3.jpg")
    _touch(tmp_path / "y", "1.png", "2_mask.png", "3.png")
    pairing = find_pairs(tmp_path / "x", tmp_path / "y")
    assert _matched(pairing, tmp_path) == {"x/train/1.jpg": "y/1.png", "x/val/2_image.jpg": "y/2_mask.png"}
    assert "by the rule: the same name, in another folder" in pairing.text()


def test_names_sort_by_their_numbers_and_keep_their_folder(tmp_path: Path) -> None:
    names = ("a/10.png", "a/9.png", "b/9.png")
    pairing = find_pairs(_touch(tmp_path / "x", *names), _touch(tmp_path / "y", *names))
    assert [pair.name for pair in pairing.pairs] == ["a/9", "a/10", "b/9"]
    assert _matched(pairing, tmp_path)["x/b/9.png"] == "y/b/9.png"


def test_of_several_kinds_of_masks_the_one_with_class_ids_is_taken(tmp_path: Path) -> None:
    _touch(tmp_path / "x", "c/p1_leftImg8bit.png", "c/p2_leftImg8bit.png")
    ends = ("labelIds", "color", "instanceIds", "labelTrainIds")
    _touch(tmp_path / "y", *(f"c/p{number}_gtFine_{end}.png" for number in (1, 2) for end in ends))
    pairing = find_pairs(tmp_path / "x", tmp_path / "y")
    assert sorted(_matched(pairing, tmp_path).values()) == [
        "y/c/p1_gtFine_labelTrainIds.png", "y/c/p2_gtFine_labelTrainIds.png",
    ]  # fmt: skip


def test_what_has_no_partner_or_several_is_listed(tmp_path: Path) -> None:
    _touch(tmp_path / "x", "a.jpg", "b.jpg", "c.jpg", "notes.txt", ".d.jpg")
    _touch(tmp_path / "y", "a.png", "c.png", "c.tif", "e.png")
    pairing = find_pairs(tmp_path / "x", tmp_path / "y")
    assert _matched(pairing, tmp_path) == {"x/a.jpg": "y/a.png"}
    assert pairing.pictures_alone == [str(tmp_path / "x/b.jpg")]
    assert pairing.masks_alone == [str(tmp_path / "y/e.png")]
    assert list(pairing.ambiguous) == [str(tmp_path / "x/c.jpg")]
    for line in ("1 pictures without a mask", "1 masks without a picture", "1 with several partners"):
        assert line in pairing.text()


@pytest.mark.parametrize(
    "names",
    [
        ("a.jpg", "a.png"),
        ("a.png", "a_mask.png"),
        ("a.jpg", "a.json"),
        ("images/a.png", "masks/a.png"),
        ("label_printer.jpg", "label_printer.png"),
        ("img_1.png", "mask_1.png"),
    ],
)
def test_pictures_and_masks_in_one_folder(tmp_path: Path, names: tuple[str, str]) -> None:
    _touch(tmp_path, *names)
    assert _matched(find_pairs(tmp_path, tmp_path), tmp_path) == {names[0]: names[1]}


def test_folders_inside_may_be_named_after_what_is_in_them(tmp_path: Path) -> None:
    _touch(tmp_path / "d", "train/images/1.png", "test/images/1.png", "train/masks/1.png", "test/masks/1.png")
    assert _matched(find_pairs(tmp_path / "d", tmp_path / "d"), tmp_path / "d") == {
        "train/images/1.png": "train/masks/1.png", "test/images/1.png": "test/masks/1.png",
    }  # fmt: skip


def test_folders_that_do_not_fit(tmp_path: Path) -> None:
    images, masks = _touch(tmp_path / "x", "a.jpg"), _touch(tmp_path / "y", "b.png")
    with pytest.raises(DataError, match="no mask has the name of a picture"):
        find_pairs(images, masks)
    with pytest.raises(DataError, match="is not there"):
        find_pairs(images, tmp_path / "z")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no mask"):
        find_pairs(images, tmp_path / "empty")


def test_a_list_gives_back_what_was_written_whatever_the_names(tmp_path: Path) -> None:
    names = ("a, b", "c;d", "e  f", "#1", '"quoted" g', "tab\there", " blank ", "h.jpg", "\u2028", "x=1,y=2")
    stems = [f"images/{name}" for name in names] + list(names)
    _touch(tmp_path, *(f"{stem}{end}" for stem in stems for end in (".jpg", ".png")))
    pairs = [Pair(f"{tmp_path}/{stem}.jpg", f"{tmp_path}/{stem}.png", stem) for stem in stems]
    path = write_pair_list(pairs, str(tmp_path / "list.txt"))
    assert read_pair_list(path) == pairs
    assert "a, b.jpg\ta, b.png\n" in Path(path).read_text()  # nothing is quoted that need not be


@pytest.mark.parametrize("header", ["image,mask", '"image_path"\t"mask_path"', "filename;label"])
def test_the_first_line_of_a_table_of_pairs_names_its_columns(tmp_path: Path, header: str) -> None:
    _touch(tmp_path, "a.jpg", "a.png")
    (tmp_path / "pairs.csv").write_text(f"{header}\na.jpg,a.png\n")
    assert len(read_pair_list(tmp_path / "pairs.csv")) == 1


@pytest.mark.parametrize(
    "line",
    [
        '"a, b.jpg","a, b.png"',
        "a, b.jpg;a, b.png",
        '"a, b.jpg" "a, b.png"',
        '"a, b.jpg" , "a, b.png"',
        "a, b.jpg\ta, b.png",
    ],
)
def test_a_line_without_a_tab_is_divided_where_two_files_are_found(tmp_path: Path, line: str) -> None:
    _touch(tmp_path, "a, b.jpg", "a, b.png")
    (tmp_path / "list.txt").write_text(f"{line}\r\n")
    assert read_pair_list(tmp_path / "list.txt") == [Pair(f"{tmp_path}/a, b.jpg", f"{tmp_path}/a, b.png", "a, b")]


def test_a_list_of_pairs_made_on_another_machine(tmp_path: Path) -> None:
    _touch(tmp_path, "CamVid/train/1.png", "CamVid/trainannot/1.png", "a b.jpg", "b.png")
    path = tmp_path / "train.txt"
    path.write_text("/SegNet/CamVid/train/1.png /SegNet/CamVid/trainannot/1.png\n# more\na b.jpg,b.png\n")
    pairs = read_pair_list(path)
    assert [Path(pair.mask) for pair in pairs] == [tmp_path / "CamVid/trainannot/1.png", tmp_path / "b.png"]

    for text, what in (("x.png y.png", "no file 'x.png'"), ("b.png", "1 paths"), ("", "empty"), ("a b c", "3 paths")):
        path.write_text(text)
        with pytest.raises(DataError, match=what) as caught:
            read_pair_list(path)
        assert str(path) in caught.value.where
