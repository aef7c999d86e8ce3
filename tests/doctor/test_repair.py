"""A repaired copy: what is mended, what is left alone, and the source as it was."""

from pathlib import Path

import pytest

from tests.annotations.voc_files import annotation, item, picture, write_photo
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.catalogue import FORMATS, read_dataset
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.format import Reading
from tfod.annotations.source import open_sources
from tfod.doctor.examination import Checks, examine
from tfod.doctor.repair import CHANGES_FILE, write_repaired
from tfod.errors import DataError


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _repair(folder: Path, output: Path, **checks: object) -> list[str]:
    sources = open_sources([str(folder)])
    report = examine(sources, Checks(**checks))  # type: ignore[arg-type]
    return write_repaired(sources.sources, report.findings, str(output))


def _images(folder: Path) -> dict[str, AnnotatedImage]:
    return {image.filename: image for image in read_dataset(str(folder)).images if isinstance(image, AnnotatedImage)}


def _faulty(folder: Path) -> Path:
    boxes = [
        (30, 36, 10, 12),
        (5, 5, 5, 20),
        (-4, 10, 20, 60),
        (70, 1, 90, 9),
        (1, 1, 9, 9),
        (1, 1, 9, 9),
        (2, 2, 3, 3),
    ]
    write_photo(folder, "boxes", *(item("cat", box) for box in boxes))
    write_photo(folder, "cut", item(), data=picture()[:-40])
    write_photo(folder, "png", item(), data=picture(64, 48, "PNG"))
    (folder / "nowhere.xml").write_text(annotation("nowhere.jpg", item()))
    (folder / "broken.xml").write_text("<annotation>")
    (folder / "size.xml").write_text(annotation("size.jpg", item(), size=None))
    (folder / "size.jpg").write_bytes(picture(64, 48, quality=60))
    return folder


def test_what_is_mended(tmp_path: Path) -> None:
    source = _faulty(tmp_path / "in")
    before = _contents(source)
    changes = _repair(source, tmp_path / "out")

    assert _contents(source) == before
    images = _images(tmp_path / "out")
    assert sorted(images) == ["boxes.jpg", "png.png", "size.jpg"]
    assert [box[1:5] for box in images["boxes.jpg"].objects] == [
        (10, 12, 30, 36),
        (0, 10, 20, 48),
        (1, 1, 9, 9),
        (2, 2, 3, 3),  # tiny: for a person to judge
    ]
    assert (images["size.jpg"].width, images["size.jpg"].height) == (64, 48)
    assert (tmp_path / "out" / "png.png").read_bytes() == before["png.jpg"]
    assert (tmp_path / "out" / CHANGES_FILE).read_text().splitlines() == changes
    assert {line.split("\t")[0] for line in changes} == {
        "annotation-unreadable", "picture-missing", "picture-truncated", "picture-extension", "picture-size-missing",
        "box-inverted", "box-empty", "box-negative, box-over-edge", "box-outside", "box-duplicated",
    }  # fmt: skip
    assert _repair(tmp_path / "out", tmp_path / "again") == []


def test_ignored_rules_are_not_mended(tmp_path: Path) -> None:
    write_photo(tmp_path / "in", "a", item("cat", (-4, 10, 20, 20)), item("cat", (5, 5, 5, 20)))
    _repair(tmp_path / "in", tmp_path / "out", ignored=frozenset({"box-negative"}))
    assert [box[1:5] for box in _images(tmp_path / "out")["a.jpg"].objects] == [(-4, 10, 20, 20)]


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "tfrecord"])  # records hold no bad boxes
def test_every_format_is_mended_in_its_own(tmp_path: Path, name: str) -> None:
    write_photo(tmp_path / "voc", "a", item("cat", (10, 12, 30, 60)), item("dog"))
    write_photo(tmp_path / "voc", "b", item("dog"), data=picture()[:-40])
    write_dataset(read_dataset(str(tmp_path / "voc")), name, str(tmp_path / "in"))
    reading = Reading(str(tmp_path / "voc") if name == "csv" else None)
    sources = open_sources([str(tmp_path / "in")], name, reading)
    report = examine(sources, Checks())
    write_repaired(sources.sources, report.findings, str(tmp_path / "out"))
    (image,) = read_dataset(str(tmp_path / "out"), name, reading).images
    assert isinstance(image, AnnotatedImage)
    assert [box[:5] for box in image.objects] == [("cat", 10, 12, 30, 48), ("dog", 10, 12, 30, 36)]


def test_several_data_sets_stay_apart(tmp_path: Path) -> None:
    for part in ("first", "second"):
        write_photo(tmp_path / part, "a", item())
    sources = open_sources([str(tmp_path / "first"), str(tmp_path / "second")])
    write_repaired(sources.sources, [], str(tmp_path / "out"))
    names = ["changes.txt", "first/a.jpg", "first/a.xml", "second/a.jpg", "second/a.xml"]
    assert sorted(_contents(tmp_path / "out")) == names


def test_nothing_is_written_where_nothing_is_left(tmp_path: Path) -> None:
    write_photo(tmp_path / "in", "a", item(), data=b"no picture")
    with pytest.raises(DataError, match="no picture is left"):
        _repair(tmp_path / "in", tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]
