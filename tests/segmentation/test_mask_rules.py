"""Each rule of the doctor for masks finds what it is for, and nothing in a sound data set."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.segmentation.drawn_masks import crack, in_colours, photo, road, save, through_jpeg
from tfod.config.diagnostics import Diagnostic as Finding
from tfod.segmentation.checked_set import CheckedSet, look_at
from tfod.segmentation.classes import named_classes
from tfod.segmentation.mask_rules import check_sets


def _write(root: Path, name: str, mask: Any, *, size: tuple[int, int] | None = None, seed: int | None = None) -> None:
    """A picture of noise, of the mask's size, and its mask."""
    seed = abs(hash(name)) % 1000 if seed is None else seed
    save(photo(*(size or mask.shape[:2]), seed=seed), root / "images" / f"{name}.png")
    save(mask, root / "masks" / f"{name}.png")


def _look(root: Path, name: str = "train", **given: Any) -> CheckedSet:
    return look_at(name, str(root / "images"), str(root / "masks"), None, **given)


def _found(*parts: CheckedSet) -> dict[str, list[Finding]]:
    rules: dict[str, list[Finding]] = {}
    for finding in check_sets(parts):
        rules.setdefault(finding.rule, []).append(finding)
    return rules


def test_nothing_is_found_in_a_sound_data_set(tmp_path: Path) -> None:
    for number in range(3):
        _write(tmp_path, f"p{number}", road(seed=number), seed=number)
    assert check_sets([_look(tmp_path)]) == []


def test_files_that_have_no_partner_or_cannot_be_read(tmp_path: Path) -> None:
    for number in range(4):
        _write(tmp_path, f"p{number}", road(seed=number), seed=number)
    (tmp_path / "images" / "p0.png").rename(tmp_path / "images" / "other.png")
    for file in (tmp_path / "images" / "p1.png", tmp_path / "masks" / "p2.png"):
        file.write_bytes(file.read_bytes()[:80])
    found = _found(_look(tmp_path))
    assert set(found) == {"picture-alone", "mask-alone", "picture-unreadable", "mask-unreadable"}
    assert found["mask-unreadable"][0].where == str(tmp_path / "masks" / "p2.png")
    assert found["picture-unreadable"][0].severity == "error"


def test_unlike_sizes_and_where_they_probably_come_from(tmp_path: Path) -> None:
    _write(tmp_path, "a", road(48, 64), size=(64, 48), seed=1)
    _write(tmp_path, "b", road(20, 30), size=(40, 60), seed=2)
    _write(tmp_path, "c", road(40, 60), seed=3)
    _write(tmp_path, "d", road(40, 60, seed=1), size=(20, 31), seed=4)
    cures = {Path(finding.where).stem: finding.cure for finding in _found(_look(tmp_path))["size"]}
    assert "EXIF" in cures["a"] and "nearest" in cures["b"] and "another picture" in cures["d"]


def test_values_that_no_class_has(tmp_path: Path) -> None:
    table = named_classes([f"c{number}" for number in range(6)])
    for number in range(8):
        _write(tmp_path, f"p{number}", road(seed=number), seed=number)
    odd = road()
    odd[0, 0] = 9
    _write(tmp_path, "p0", odd, seed=0)
    wrong = road(seed=1)
    wrong[:8] = 9
    _write(tmp_path, "p1", wrong, seed=1)
    found = _found(_look(tmp_path, classes=table))["unknown-value"]
    assert [finding.severity for finding in found] == ["warning", "error"]


def test_strays_of_jpegs_and_masks_without_clear_edges(tmp_path: Path) -> None:
    for number in range(4):
        _write(tmp_path, f"p{number}", crack(seed=number), seed=number)
    _write(tmp_path, "p1", through_jpeg(crack(seed=1)), seed=1)
    blurred = np.asarray(Image.fromarray(crack(64, seed=2)).resize((128, 128), Image.Resampling.BICUBIC))
    _write(tmp_path, "p2", blurred, seed=2)
    found = _found(_look(tmp_path))
    assert [Path(finding.where).stem for finding in found["strays"]] == ["p1"]
    assert [Path(finding.where).stem for finding in found["between"]] == ["p2"]

    save(crack(seed=3), tmp_path / "masks" / "p3.jpg")
    (tmp_path / "masks" / "p3.png").unlink()
    assert "lossy-mask" in _found(_look(tmp_path))


def test_masks_that_say_little(tmp_path: Path) -> None:
    masks = {"empty": np.zeros((8, 8)), "full": np.ones((8, 8)), "void": np.full((8, 8), 255), "half": np.eye(8)}
    for number, (name, mask) in enumerate(masks.items()):
        _write(tmp_path, name, mask.astype(np.uint8), seed=number)
    mostly = np.full((8, 8), 255, np.uint8)
    mostly[0] = 1
    _write(tmp_path, "mostly", mostly, seed=9)
    found = _found(_look(tmp_path))
    for rule, name in (
        ("empty-mask", "empty"), ("one-class-mask", "full"), ("all-void", "void"), ("much-void", "mostly"),
    ):  # fmt: skip
        assert name in [Path(finding.where).stem for finding in found[rule]]


def test_classes_that_are_missing_rare_or_alone(tmp_path: Path) -> None:
    mask = np.zeros((40, 40), np.uint8)
    _write(tmp_path / "one", "a", mask)
    assert "one-class" in _found(_look(tmp_path / "one"))

    mask[0, :5] = 1
    _write(tmp_path / "rare", "a", mask)
    found = _found(_look(tmp_path / "rare", classes=named_classes(["ground", "tree", "car"])))
    assert "car" in found["class-missing"][0].what and "tree" in found["class-rare"][0].what

    _write(tmp_path / "many", "a", np.arange(100, dtype=np.uint8).reshape(10, 10))
    _write(tmp_path / "from_one", "a", np.arange(1, 10, dtype=np.uint8).reshape(3, 3))
    _write(tmp_path / "colours", "a", in_colours(road()))
    assert "no-class-table" in _found(_look(tmp_path / "colours"))
    assert "many-classes" in _found(_look(tmp_path / "many"))
    assert "from-one" in _found(_look(tmp_path / "from_one"))


def test_pictures_that_are_there_twice_and_a_mask_for_two_pictures(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        _write(tmp_path / "train", name, road(seed=len(name)), seed=seed)
    _write(tmp_path / "val", "d", road(seed=7), seed=2)
    found = _found(_look(tmp_path / "train"), _look(tmp_path / "val", "val"))
    assert found["in-two-parts"][0].where == f"{tmp_path}/train/images/c.png and {tmp_path}/val/images/d.png"
    assert found["twice"][0].severity == "warning"
    assert len(found["same-mask"]) == 1
