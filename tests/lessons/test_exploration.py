"""A data set explored: the answers are those of its numbers, and all is on one page."""

from pathlib import Path

import pytest

from tests.annotations.voc_files import item, picture, write_photo
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.sample_data import write_sample_data
from tfod.annotations.source import Sources, open_sources
from tfod.doctor.examination import Checks, examine
from tfod.errors import DataError
from tfod.explore.statistics import gather
from tfod.lessons.exploration import Answer, ask
from tfod.lessons.exploration_page import write_exploration


def answers(sources: Sources) -> dict[str, Answer]:
    """By their questions."""
    contents = gather((split, image) for split, image in sources if isinstance(image, AnnotatedImage))
    return {answer.question: answer for answer in ask(contents, examine(sources, Checks()).findings)}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three images of 64 x 48: two cats on each other, a tall dog in a corner, nothing."""
    folder = tmp_path / "photos"
    write_photo(folder, "a", item("cat", (20, 14, 44, 34)), item("cat", (21, 14, 45, 34)), data=picture(64, 48))
    write_photo(
        folder, "b", item("dog", (0, 0, 4, 40)), item("cat", (30, 10, 50, 30)), data=picture(64, 48, quality=60)
    )
    write_photo(folder, "c", data=picture(64, 48, quality=70))
    return folder


def test_the_answers_are_the_data_sets_numbers(photos: Path) -> None:
    said = {question: answer.said for question, answer in answers(open_sources([str(photos)])).items()}
    assert said["How many images and objects are there?"].startswith("3 images with 4 objects; 1 images have none.")
    assert said["Which classes are there, and are they balanced?"] == (
        "2 classes. The commonest, cat, has 3 objects, the rarest, dog, 1: 3 to 1. Fewer than 20: cat, dog."
    )
    assert "25% are more than three times as wide as high" in said["Which shapes do they have?"]
    crowded = said["How crowded is it?"]
    assert crowded.startswith("1.3 objects an image, 2 at most. 1 pairs of one class overlap by more than half.")
    assert said["Are the annotations right?"].startswith("0 errors")


def test_parts_are_compared(photos: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "val", "d", item("cat", (20, 14, 44, 34)), data=picture(64, 48, quality=80))
    question = "Are the parts alike?"
    assert question in answers(open_sources([str(photos), str(tmp_path / "val")]))
    assert question not in answers(open_sources([str(photos)]))


def test_one_page_has_it_all(tmp_path: Path) -> None:
    write_sample_data(tmp_path / "scenes", 6, seed=0)
    found = write_exploration(open_sources([str(tmp_path / "scenes")]), tmp_path / "explore.html")
    page = (tmp_path / "explore.html").read_text(encoding="utf-8")
    for answer in found:
        assert answer.question in page
    assert page.count("<svg") >= 6 and page.count("<iframe") == 1 and "scene_0005.jpg" in page
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["explore.html", "scenes"]


def test_a_set_without_objects_has_nothing_to_ask(tmp_path: Path) -> None:
    write_photo(tmp_path / "photos", "a")
    with pytest.raises(DataError, match="no object with a box"):
        write_exploration(open_sources([str(tmp_path / "photos")]), tmp_path / "explore.html")
