"""Pictures that are there twice, and pictures that cannot be decoded."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.annotations.voc_files import annotation, item
from tfod.annotations.catalogue import read_dataset
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.sample_scenes import draw_scene
from tfod.annotations.source import open_sources
from tfod.doctor.duplicates import FINGERPRINT_BITS, fingerprint
from tfod.doctor.examination import Checks, examine


def _photo(seed: int) -> Image.Image:
    """Something with structure at every scale, as photos have it."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((320, 240), Image.Resampling.BICUBIC)


def _write(folder: Path, name: str, photo: Image.Image, quality: int = 90) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.jpg"
    photo.save(path, quality=quality)
    (folder / f"{name}.xml").write_text(annotation(path.name, item(), size=photo.size))
    return path


def _rules(folder: Path, **checks: bool) -> list[tuple[str, str]]:
    ignored = frozenset({"annotation-fields", "class-rare"})
    report = examine(open_sources([str(folder)]), Checks(ignored=ignored, **checks))
    return [(finding.rule, Path(finding.picture or "").name) for finding in report.findings]


def test_the_fingerprint_says_where_it_gets_brighter() -> None:
    rising = Image.linear_gradient("L")  # black above, white below
    bits = fingerprint(rising)
    assert bits.shape == (FINGERPRINT_BITS,)
    assert not bits[: FINGERPRINT_BITS // 2].any() and bits[FINGERPRINT_BITS // 2 :].all()
    assert fingerprint(rising.rotate(90)).sum() in (0, FINGERPRINT_BITS // 2)


def test_copies_that_were_changed_a_little_look_alike(tmp_path: Path) -> None:
    photo = _photo(0)
    _write(tmp_path, "a", photo)
    _write(tmp_path, "b", photo.resize((200, 150)), quality=50)
    _write(tmp_path, "c", _photo(1))
    assert _rules(tmp_path) == []
    assert _rules(tmp_path, alike=True) == [("picture-alike", "b.jpg")]


def test_a_leak_is_told_rather_than_a_duplicate(tmp_path: Path) -> None:
    photo = _photo(0)
    _write(tmp_path / "train", "a", photo)
    _write(tmp_path / "train", "b", photo, quality=80)
    _write(tmp_path / "val", "c", photo, quality=70)
    assert _rules(tmp_path, alike=True) == [("picture-alike", "b.jpg"), ("split-leak-alike", "c.jpg")]


def test_lists_say_which_split_a_picture_is_in(tmp_path: Path) -> None:
    photo = _photo(0)
    for name in "ab":
        _write(tmp_path, name, photo)
        (tmp_path / f"list_{name}.txt").write_text(f"{name}\n")
    lists = [str(tmp_path / f"list_{name}.txt") for name in "ab"]
    report = examine(open_sources([str(tmp_path)], "voc", lists=lists), Checks())
    assert [finding.rule for finding in report.findings if finding.rule.startswith("split")] == ["split-leak"]


@pytest.mark.parametrize("alike", [False, True])
def test_damage_is_found_by_decoding(tmp_path: Path, alike: bool) -> None:
    path = _write(tmp_path, "a", _photo(0))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + b"\xff\xd9")  # it has an end, and too few pixels before it
    _write(tmp_path, "b", _photo(1))
    assert _rules(tmp_path) == []
    assert _rules(tmp_path, decode=True, alike=alike) == [("picture-damaged", "a.jpg")]
    path.write_bytes(data[:-2] + bytes(300) + b"\xff\xd9")  # all pixels are there, and more
    assert _rules(tmp_path, decode=True, alike=alike) == [("picture-doubtful", "a.jpg")]


def test_copies_of_a_damaged_picture_are_damaged_too(tmp_path: Path) -> None:
    path = _write(tmp_path, "a", _photo(0))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + b"\xff\xd9")
    _write(tmp_path, "b", _photo(0)).write_bytes(path.read_bytes())
    found = [("picture-duplicated", "b.jpg"), ("picture-damaged", "a.jpg"), ("picture-damaged", "b.jpg")]
    assert _rules(tmp_path, decode=True, alike=True) == found


def test_damage_of_other_formats_is_found(tmp_path: Path) -> None:
    _photo(0).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "a.png").write_bytes(data)
    (tmp_path / "a.xml").write_text(annotation("a.png", item(), size=(320, 240)))
    assert _rules(tmp_path, decode=True) == [("picture-damaged", "a.png")]


def test_pictures_in_records_are_looked_at_too(tmp_path: Path) -> None:
    for name in "ab":
        _write(tmp_path / "in", name, _photo(0))
    _write(tmp_path / "in", "c", _photo(0), quality=60)
    write_dataset(read_dataset(str(tmp_path / "in")), "tfrecord", str(tmp_path / "out"))
    found = _rules(tmp_path / "out", decode=True, alike=True)
    assert found == [("picture-duplicated", "b.jpg"), ("picture-alike", "c.jpg")]


def test_different_scenes_of_one_kind_are_no_duplicates(tmp_path: Path) -> None:
    prints = [fingerprint(Image.fromarray(draw_scene(np.random.default_rng(seed)).image)) for seed in range(8)]
    apart = [(a != b).sum() for number, a in enumerate(prints) for b in prints[:number]]
    assert min(apart) > 80


def test_the_duplicates_of_public_photos(shared: Path) -> None:
    photos = examine(
        open_sources([str(shared / "data/capybara/images")]), Checks(alike=True, ignored=frozenset({"annotation-path"}))
    )
    found = [Path(finding.picture or "").stem for finding in photos.findings if finding.rule == "picture-alike"]
    assert sorted(found) == ["23", "3", "5"]
