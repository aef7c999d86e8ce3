"""The page on which one drops an image and sees boxes."""

from collections.abc import Mapping

from tfod.inference.detections import OUTPUTS
from tfod.visualize.offline_page import offline_page
from tfod.visualize.style import drawing_of_pages

__all__ = ["page"]

_COLOURS = 100
_SOURCES = "base-uri 'none'; form-action 'none'; img-src blob:; connect-src 'self'"


def page(name: str, class_names: Mapping[int, str]) -> str:
    """The page of the model `name`; it loads nothing, and asks only the server that it came from."""
    drawing = drawing_of_pages(max(_COLOURS, *class_names, 1))
    data = {"model": name, "classes": dict(class_names), "drawing": drawing, "outputs": list(OUTPUTS)}
    return offline_page("tfod.serving", "serve", name, data, _SOURCES)
