"""Splits: shares that are reached, groups that stay together, lists that other commands read."""

from pathlib import Path

import numpy as np
import pytest

from tests.annotations.voc_files import item, write_photo
from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.path_list import list_names
from tfod.annotations.source import open_sources
from tfod.errors import DataError
from tfod.explore.split import copy_parts, fold_parts, split_pictures, write_lists
from tfod.explore.stratify import deal_out, distance

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}


def _image(name: str, *classes: str, side: float = 10) -> AnnotatedImage:
    objects = tuple(AnnotatedObject(text, 0, 0, side, side) for text in classes)
    return AnnotatedImage(f"{name}.xml", f"{name}.jpg", None, objects, 100, 100)


def _drawn(count: int, seed: int = 0) -> list[AnnotatedImage]:
    """Pictures with common, rarer and rare classes, small and large."""
    rng = np.random.default_rng(seed)
    names = [f"class{number}" for number in range(6) for _ in range(2 ** (5 - number))]
    return [
        _image(f"p{number}", *rng.choice(names, rng.integers(0, 6)), side=float(rng.integers(3, 60)))
        for number in range(count)
    ]


def test_labels_with_one_choice_are_dealt_out_exactly() -> None:
    counts = np.array([[1, 0]] * 10 + [[0, 1]] * 5, float)
    parts = deal_out(counts, (0.8, 0.2), seed=3)
    assert [int(counts[parts == part, label].sum()) for part in (0, 1) for label in (0, 1)] == [8, 4, 2, 1]
    assert distance(counts / counts.sum(axis=0), np.array([0.8, 0.2]), parts) == pytest.approx(0)


def test_every_class_reaches_its_share_far_better_than_by_chance() -> None:
    images = _drawn(300)
    split = split_pictures(images, SHARES)
    wanted = np.array([*SHARES.values()])
    off = np.abs(split.reached - wanted[:, None]).max()
    chance = np.random.default_rng(0).choice(3, size=len(images), p=wanted)
    counts = np.array(
        [[sum(o.class_name == name for o in image.objects) for name in split.labels[2:]] for image in images]
    )
    by_chance = np.stack([counts[chance == part].sum(axis=0) for part in range(3)]) / counts.sum(axis=0)
    assert (np.abs(split.reached - wanted[:, None]) * split.totals).max() <= 1  # no more than rounding asks for
    assert off < 0.04 < np.abs(by_chance - wanted[:, None]).max()
    assert split.labels[:2] == ("pictures", "background")
    assert sum(len(split.members(part)) for part in range(3)) == 300


def test_sizes_reach_their_share_too() -> None:
    images = [_image(f"p{number}", "cat", side=10 if number % 10 else 50) for number in range(100)]
    split = split_pictures(images, {"train": 0.8, "val": 0.2})
    large = [image for image in split.members(1) if image.objects[0].xmax == 50]
    assert len(large) == 2


def test_the_same_seed_gives_the_same_split() -> None:
    images = _drawn(50)
    first, again, other = (split_pictures(images, SHARES, seed=seed).parts.tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_frames_of_a_video_stay_together() -> None:
    images = [_image(f"video{number % 12}_{number}", "cat") for number in range(120)] + [_image("alone", "cat")]
    split = split_pictures(images, {"train": 0.75, "val": 0.25}, group=r"^(video\d+)_")
    for number in range(12):
        own = [part for image, part in zip(images, split.parts, strict=True) if f"video{number}_" in image.filename]
        assert len({*own}) == 1
    assert split.reached[1, 0] == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(
    ("group", "message"), [("(", "malformed"), ("film", "found in no picture"), ("p", "1 groups cannot be split")]
)
def test_bad_groups(group: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        split_pictures(_drawn(10), SHARES, group=group)


def test_a_part_without_a_picture_is_an_error() -> None:
    with pytest.raises(DataError, match="nothing would be in"):
        split_pictures(_drawn(4), {"train": 0.98, "val": 0.01, "test": 0.01})


def test_folds_judge_by_each_picture_once(tmp_path: Path) -> None:
    split = split_pictures(_drawn(20), {f"fold_{number}": 0.25 for number in range(1, 5)})
    lists = fold_parts(split)
    paths = write_lists(lists, str(tmp_path))
    assert [Path(path).name for path in paths[:2]] == ["fold_1_train.txt", "fold_1_val.txt"]
    judged = [name for number in range(1, 5) for name in list_names(tmp_path / f"fold_{number}_val.txt")]
    assert sorted(judged) == sorted(f"p{number}" for number in range(20))
    for number in range(1, 5):
        train = [*list_names(tmp_path / f"fold_{number}_train.txt")]
        assert {*train}.isdisjoint(list_names(tmp_path / f"fold_{number}_val.txt")) and len(train) == 15


def test_copies_are_whole_and_the_source_stays(tmp_path: Path) -> None:
    for number in range(4):
        write_photo(tmp_path / "in", f"p{number}", item())
    images = [image for _, image in open_sources([str(tmp_path / "in")]) if isinstance(image, AnnotatedImage)]
    copy_parts({"train": images[:3], "val": images[3:]}, str(tmp_path / "out"))
    assert sorted(path.name for path in (tmp_path / "out" / "val").iterdir()) == ["p3.jpg", "p3.xml"]
    assert (tmp_path / "out/val/p3.xml").read_bytes() == (tmp_path / "in/p3.xml").read_bytes()
    assert len([*(tmp_path / "in").iterdir()]) == 8


def test_a_split_of_real_photos(shared: Path) -> None:
    images = [image for _, image in open_sources([str(shared / "data/bccd/BCCD")]) if isinstance(image, AnnotatedImage)]
    split = split_pictures(images, {"train": 0.8, "val": 0.2})
    assert split.totals == (364, 361, 4155, 372)
    assert np.abs(split.reached - [[0.8], [0.2]]).max() < 0.01
