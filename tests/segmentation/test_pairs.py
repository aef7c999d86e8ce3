"""Pictures and masks find each other by their names."""

from pathlib import Path

import pytest

from tfod.errors import DataError
from tfod.segmentation.pairs import Pairing, find_pairs, read_pair_list


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
        ("frame 0007.png", "gt7.png"),
    ],
)
def test_usual_names(tmp_path: Path, picture: str, mask: str) -> None:
    _touch(tmp_path / "images", picture)
    _touch(tmp_path / "masks", mask)
    pairing = find_pairs(tmp_path / "images", tmp_path / "masks")
    assert _matched(pairing, tmp_path) == {f"images/{picture}": f"masks/{mask}"}
    assert f"{tmp_path}/images/{picture}  +  {tmp_path}/masks/{mask}" in pairing.text()


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
    [("a.jpg", "a.png"), ("a.png", "a_mask.png"), ("a.jpg", "a.json"), ("images/a.png", "masks/a.png")],
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


def test_a_list_of_pairs_made_on_another_machine(tmp_path: Path) -> None:
    _touch(tmp_path, "CamVid/train/1.png", "CamVid/trainannot/1.png", "a b.jpg", "b.png")
    path = tmp_path / "train.txt"
    path.write_text("/SegNet/CamVid/train/1.png /SegNet/CamVid/trainannot/1.png\n# more\na b.jpg,b.png\n")
    pairs = read_pair_list(path)
    assert [Path(pair.mask) for pair in pairs] == [tmp_path / "CamVid/trainannot/1.png", tmp_path / "b.png"]

    for text, what in (("x.png y.png", "no file 'x.png'"), ("b.png", "1 paths"), ("", "empty")):
        path.write_text(text)
        with pytest.raises(DataError, match=what) as caught:
            read_pair_list(path)
        assert str(path) in caught.value.where
