"""What is in a data set: tables by hand, and a page of plots."""

from pathlib import Path

import pytest
from PIL import Image

from tests.annotations.voc_files import item, picture, write_photo
from tfod.annotations.source import open_sources
from tfod.explore.plots import write_plots
from tfod.explore.statistics import Contents, class_table, cooccurrence, gather, picture_table


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    write_photo(tmp_path / "train", "a", item("cat", (0, 0, 32, 24)), item("dog", (10, 10, 20, 30)))
    write_photo(tmp_path / "train", "b", item("cat", (40, 20, 24, 4)), item("cat", (5, 5, 5, 9)))  # inverted; empty
    write_photo(tmp_path / "val", "c", item("cat", (0, 0, 8, 8)), data=picture(100, 50))
    write_photo(tmp_path / "val", "d")
    return gather((split, image) for split, image in open_sources([str(tmp_path)]))  # type: ignore[misc]


def test_a_line_an_object(contents: Contents) -> None:
    first = contents.objects.iloc[0]
    assert (first.picture, first.class_name, first.split) == (0, "cat", "train")
    assert (first.x, first.y, first["share"], first.ratio) == pytest.approx((0.25, 0.25, 0.25, 4 / 3))
    assert contents.objects.width.tolist() == [32, 10, 16, 8]


def test_tables(contents: Contents) -> None:
    classes = class_table(contents)
    assert classes.loc["cat"].drop(["side", "share", "ratio"]).to_dict() == {
        "objects": 3, "pictures": 3, "train": 2, "val": 1,
    }  # fmt: skip
    assert classes.loc["cat", "side"] == 16
    pictures = picture_table(contents)
    assert pictures["pictures"].to_dict() == {"train": 2, "val": 2, "all": 4}
    assert pictures.loc["all", "background"] == 1
    assert pictures.loc["val", "largest"] == "100 x 50"
    assert cooccurrence(contents, ["cat", "dog"]).to_numpy().tolist() == [[3, 1], [1, 1]]


def test_masks_and_keypoints_are_counted(contents: Contents) -> None:
    assert not {"masks", "posed", "a pose"} & {*class_table(contents).columns}
    objects = contents.objects.assign(mask=[True, False, True, False], keypoints=[3, 0, 2, 0])
    classes = class_table(Contents(objects, contents.pictures))
    assert classes[["masks", "posed", "a pose"]].to_dict("index") == {
        "cat": {"masks": 2, "posed": 2, "a pose": 2.5},
        "dog": {"masks": 0, "posed": 0, "a pose": 0.0},
    }


def test_a_page_of_plots(contents: Contents, tmp_path: Path) -> None:
    strange = contents.objects.class_name.replace("dog", "猫 $x^ " + "long " * 9)
    objects = contents.objects.assign(class_name=strange)
    write_plots(Contents(objects, contents.pictures), "photos $ of all", tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as page:
        assert page.format == "PNG" and page.size == (1650, 1045)
        colours = page.convert("RGB").getcolors(1 << 24)
    assert colours is not None and len(colours) > 100
