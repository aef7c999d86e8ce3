"""The sliding window: which windows, their scores, and the animation of them."""

import time
from pathlib import Path

import numpy as np
import pytest

from tfod.lessons.animation import write_animation
from tfod.lessons.sliding_window import count_windows, heat_map, score_windows, sliding_window
from tfod.lessons.window_frames import WindowFrames, draw_heat_map


def noise(height: int, width: int) -> np.ndarray:
    """A photo of the kind that compresses worst."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("width", "height", "step", "window"), [(10, 8, 3, (4, 2)), (9, 9, 4, (9, 3)), (7, 7, 1, (3, 3))]
)
def test_windows_come_row_by_row_wholly_inside_and_none_is_left_out(
    width: int, height: int, step: int, window: tuple[int, int]
) -> None:
    image = noise(height, width)
    found = list(sliding_window(image, step, window))

    places = [(y, x) for x, y, _ in found]
    inside = [(y, x) for y in range(0, height, step) for x in range(0, width, step)
              if y + window[1] <= height and x + window[0] <= width]  # fmt: skip
    assert places == inside
    assert len(found) == count_windows(width, height, step, window)
    for x, y, crop in found:
        np.testing.assert_array_equal(crop, image[y : y + window[1], x : x + window[0]])


def test_no_window_fits_into_an_image_that_is_smaller() -> None:
    assert list(sliding_window(noise(10, 10), 1, (11, 5))) == []
    assert count_windows(10, 10, 1, (11, 5)) == count_windows(10, 10, 1, (5, 11)) == 0


def test_the_heat_is_where_the_score_is() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:20, 30:40] = 255
    scored = list(score_windows(image, 10, (10, 10), lambda crop: float(crop.mean() / 255)))
    heat = heat_map(40, 60, (10, 10), scored)
    np.testing.assert_array_equal(heat, image[..., 0] / 255)


def test_a_frame_has_the_image_at_the_left_and_the_window_at_the_right() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    image[200:, 200:] = (0, 200, 0)
    frames = WindowFrames(image, 200, (200, 200))
    assert len(frames) == 4
    green = [(frames(number) == (0, 200, 0)).all(axis=-1) for number in range(4)]
    assert not green[0][:, 560:].any() and not green[2][:, 560:].any()
    assert green[3][:, 560:].sum() > 100 * 100
    assert green[0][:, :560].any()


def test_of_very_many_windows_some_are_shown() -> None:
    frames = WindowFrames(noise(200, 200), 2, (100, 100))
    assert len(frames) <= 400 < count_windows(200, 200, 2, (100, 100))
    assert frames.every == 7


def test_the_heat_map_of_all_windows_is_as_wide_as_every_image_of_the_lessons() -> None:
    image = noise(100, 150)
    assert draw_heat_map(image, (50, 50), [(0, 0, 0.5), (50, 50, 0.9)]).shape[1] == 800


@pytest.mark.slow
def test_an_animation_of_a_thousand_pixels_in_steps_of_fifty_takes_seconds_and_megabytes(tmp_path: Path) -> None:
    began = time.process_time()
    frames = WindowFrames(noise(1000, 1000), 50, (200, 200))
    write_animation(tmp_path / "window.gif", len(frames), frames, 0.2)
    assert len(frames) == 289
    assert (tmp_path / "window.gif").stat().st_size < 10e6
    assert time.process_time() - began < 20  # 10 on a machine that does nothing else
