"""What lessons are drawn on."""

import numpy as np
import pytest

from tfod.lessons.canvas import Canvas
from tfod.visualize.letters import drawable


@pytest.mark.parametrize("name", ["手指", "собака", "a\U000f0000b"])
def test_names_in_any_script_are_drawn_as_everywhere_else(name: str) -> None:
    canvas, other = Canvas(40), Canvas(40)
    assert canvas.text(4, 4, name) == other.text(4, 4, drawable(name)) > 0
    np.testing.assert_array_equal(canvas.pixels, other.pixels)
    assert (canvas.pixels != 255).any()
