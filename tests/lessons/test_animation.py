"""Animations: what is read back is what was drawn."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageSequence

from tfod.errors import ConfigError
from tfod.lessons.animation import write_animation, write_image
from tfod.lessons.canvas import FIRST, GOOD, PAPER, Canvas, Plot


def frame(number: int) -> np.ndarray:
    """White, with a square that moves and a strip of its own colours."""
    canvas = Canvas(60, 100)
    canvas.fill((10 * number, 20, 10 * number + 8, 40), FIRST)
    canvas.pixels[50:, :, 0] = np.linspace(0, 255, 100).astype(np.uint8)
    return canvas.pixels


def read(path: Path) -> list[np.ndarray]:
    if path.suffix == ".mp4":
        video, frames = cv2.VideoCapture(str(path)), []
        while (one := video.read())[0]:
            frames.append(cv2.cvtColor(one[1], cv2.COLOR_BGR2RGB))
        return frames
    with Image.open(path) as image:
        return [np.asarray(one.convert("RGB")) for one in ImageSequence.Iterator(image)]


@pytest.mark.parametrize(("kind", "error", "frames"), [(".gif", 12, 5), (".webp", 90, 5), (".mp4", 90, 25)])
def test_every_kind_gives_back_the_frames(tmp_path: Path, kind: str, error: float, frames: int) -> None:
    path = tmp_path / f"film{kind}"
    write_animation(path, 5, frame, seconds=0.1)

    found = read(path)
    assert len(found) == frames  # a video repeats the last one for two seconds
    for number in range(5):
        difference = np.abs(found[number].astype(int) - frame(number))
        assert difference.max() <= error and difference.mean() < 6
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_gif_keeps_the_lessons_own_colours_and_says_how_long_frames_are_shown(tmp_path: Path) -> None:
    write_animation(tmp_path / "film.gif", 3, frame, seconds=0.2, hold=1.0)
    found = read(tmp_path / "film.gif")
    assert tuple(found[2][30, 24]) == FIRST and tuple(found[2][5, 5]) == PAPER
    with Image.open(tmp_path / "film.gif") as image:
        assert [one.info["duration"] for one in ImageSequence.Iterator(image)] == [200, 200, 1200]
        assert image.info["loop"] == 0


def test_what_stays_costs_nothing(tmp_path: Path) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)

    def moving(number: int) -> np.ndarray:
        changed = photo.copy()
        changed[10:20, 5 * number : 5 * number + 5] = FIRST
        return changed

    for count in (1, 30):
        write_animation(tmp_path / f"{count}.gif", count, moving, seconds=0.1)
    one, many = ((tmp_path / f"{count}.gif").stat().st_size for count in (1, 30))
    assert many < 1.2 * one


def test_frames_that_do_not_change_are_frames(tmp_path: Path) -> None:
    write_animation(tmp_path / "film.gif", 3, lambda _: frame(0), seconds=0.1)
    assert len(read(tmp_path / "film.gif")) == 3


def test_other_endings_are_refused_and_nothing_is_left_of_a_film_that_fails(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.gif, \.mp4, \.webp"):
        write_animation(tmp_path / "film.avi", 1, frame, 0.1)
    with pytest.raises(ConfigError, match=r"\.png or|\.png, "):
        write_image(tmp_path / "image.tif", frame(0))

    def fails(number: int) -> np.ndarray:
        if number == 2:
            raise ZeroDivisionError
        return frame(number)

    for kind in ("gif", "mp4", "webp"):
        with pytest.raises(ZeroDivisionError):
            write_animation(tmp_path / f"film.{kind}", 3, fails, 0.1)
    assert list(tmp_path.iterdir()) == []


def test_a_photo_keeps_its_proportions_and_its_boxes() -> None:
    canvas = Canvas(200, 300)
    photo = np.zeros((100, 50, 3), np.uint8)
    photo[20:40, 10:30] = GOOD
    view = canvas.photo(photo, (0, 0, 300, 200))
    assert view.size == (100, 200) and (view.left, view.top) == (100, 0)
    left, top, right, bottom = (round(side) for side in view.area([20, 10, 40, 30]))
    assert (left, top, right, bottom) == (120, 40, 160, 80)
    assert (canvas.pixels[top + 6 : bottom - 6, left + 6 : right - 6] == GOOD).all()


def test_drawing_beyond_the_edge_is_cut_off() -> None:
    canvas = Canvas(40, 60)
    canvas.text(-30, -5, "cut off at the left and above")
    canvas.text(50, 30, "and at the right and below")
    canvas.tag(55, 2, "kept inside", GOOD)
    canvas.fill((-10, -10, 10, 10), GOOD, 0.5)
    canvas.box((-10, 20, 100, 100), FIRST)
    canvas.dot(-3, 500, FIRST)
    assert canvas.pixels.shape == (40, 60, 3)
    assert (canvas.pixels[25:, 45:] != PAPER).any(), "what lies inside is drawn"


def test_points_of_a_plot_lie_where_their_values_are() -> None:
    plot = Plot(Canvas(200, 300), (50, 20, 250, 120), (0, 10), (-1, 1), ((0, 10), (-1, 1)), ("x", "y"))
    assert plot.point(0, -1) == (50, 120) and plot.point(10, 1) == (250, 20) and plot.point(5, 0) == (150, 70)
