"""How objects are drawn: sizes that grow with the image, opacity, the dark of rims. For images and for pages.

Images are drawn by `tfod.visualize.draw`, pages by `offline/objects.js`; both take everything from here.
"""

import math
from typing import Any, NamedTuple

from tfod.visualize.colours import Colour, class_colour, hex_colour, text_colour
from tfod.visualize.letters import Lettering, lettering

__all__ = ["DARK", "MASK_OPACITY", "Style", "drawing_of_pages"]

DARK: Colour = (20, 20, 20)
"""What lies around lines and points, so that they can be seen on ground of their own colour."""

MASK_OPACITY = 0.4

_SMALLEST_FONT = 9
# On a page small images lie among others, without labels that would cover them: the finest lines would not be seen.
_PAGE_SIDES = (400, 640, 800, 960, 1280, 1600)


class Style(NamedTuple):
    """Sizes in pixels for one image.

    Attributes:
      line: Width of the lines of boxes, outlines and rings.
      halo: Width of the dark rim of a box; none around the finest lines, which it would hide.
      edge: Width of a line between keypoints, without its rim, which would darken the finest.
      rim: Width of the dark rim of lines between keypoints and of the points.
      radius: Of a keypoint.
      padding: Around the letters of a label.
      font: Height of letters.
    """

    line: int
    halo: int
    edge: int
    rim: int
    radius: int
    padding: int
    font: int

    @classmethod
    def of(cls, width: int, height: int, most: float | None = None) -> "Style":
        """The sizes for an image of so many pixels, no larger than for a square one whose side is `most`."""
        side = min(math.sqrt(width * height), most or math.inf)
        line = max(1, round(side / 260))
        font = max(_SMALLEST_FONT, round(side / 38))
        rim = max(1, line // 4)
        return cls(line, rim if line > 1 else 0, max(2, line), rim, line + 1, max(1, font // 6), font)

    @property
    def letters(self) -> Lettering:
        """Letters of that height."""
        return lettering(self.font)


def drawing_of_pages(num_colours: int) -> dict[str, Any]:
    """What the script of a page needs to draw objects as images have them.

    Returns:
      `colours`: of classes and of keypoints, from number 1 on, as style sheets write them; `inks`: of letters on each;
      `dark`, `opacity`; and `styles`: the sizes of `Style` for square images of some sides, `side`, the smallest first.
    """
    numbers = range(1, num_colours + 1)
    return {
        "colours": [hex_colour(class_colour(number)) for number in numbers],
        "inks": [hex_colour(text_colour(class_colour(number))) for number in numbers],
        "dark": hex_colour(DARK),
        "opacity": MASK_OPACITY,
        "styles": [{"side": side, **Style.of(side, side)._asdict()} for side in _PAGE_SIDES],
    }
