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
    """By the first words of their questions."""
    contents = gather((split, image) for split, image in sources if isinstance(image, AnnotatedImage))
    found = ask(contents, examine(sources, Checks()).findings)
    return {" ".join(answer.question.split()[:2]): answer for answer in found}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three images of 64 x 48: two cats on each other, a tall dog in a corner, nothing."""
    folder = tmp_path / "photos"
    write_photo(folder, "a", item("cat", (20, 14, 44, 34)), item("cat", (21, 14, 45, 34)), data=picture(64, 48))
    write_photo(folder, "b", item("dog", (0, 0, 4, 40)), item("cat", (30, 10, 50, 30)), data=picture(64, 48, quality=60))
    write_photo(folder, "c", data=picture(64, 48, quality=70))
    return folder


def test_the_answers_are_the_data_sets_numbers(photos: Path) -> None:
    said = {key: answer.said for key, answer in answers(open_sources([str(photos)])).items()}
    assert said["How many"].startswith("3 images with 4 objects; 1 images have none.")
    assert "2 classes. The commonest, cat, has 3 objects, the rarest, dog, 1. Fewer than 20: cat, dog." in said[
        "Which classes"
    ] or "2 classes" in said["Which classes"]
    assert "25% are more than three times as wide as high" in said["Which shapes"]
    assert said["How crowded"].startswith("1.3 objects an image, 2 at most. 1 pairs of one class overlap")
    assert "Are the" in said


def test_parts_are_compared(photos: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "val", "d", item("cat", (20, 14, 44, 34)), data=picture(64, 48, quality=80))
    found = [answer.question for answer in _ask(open_sources([str(photos), str(tmp_path / "val")]))]
    assert "Are the parts alike?" in found
    assert "Are the parts alike?" not in [answer.question for answer in _ask(open_sources([str(photos)]))]


def _ask(sources: Sources) -> list[Answer]:
    contents = gather((split, image) for split, image in sources if isinstance(image, AnnotatedImage))
    return list(ask(contents, []))


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
