"""Objects on pages look as they do on images."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.browser import CHROMIUM, browsing
from tfod.visualize.draw import draw_boxes
from tfod.visualize.offline_page import offline_page
from tfod.visualize.shapes import Skeletons
from tfod.visualize.style import Style, drawing_of_pages

WIDTH, HEIGHT = 640, 480
BOXES = [[60, 100, 200, 300], [300, 40, 340, 440], [0, 400, 640, 60]]  # x, y, width, height
OUTLINE = [320, 60, 500, 60, 500, 260, 420, 420, 320, 260]
POINTS = [[[80, 120, 2], [240, 380, 1], [0, 0, 0]], [[330, 100, 2], [480, 120, 2], [400, 400, 1]], [[0, 0, 0]] * 3]
EDGES = [(0, 1), (1, 2), (0, 7)]


def _on_an_image() -> np.ndarray:
    left, top, width, height = np.array(BOXES, float).T
    boxes = np.stack([top, left, top + height, left + width], axis=1) / [HEIGHT, WIDTH, HEIGHT, WIDTH]
    masks = np.zeros((3, HEIGHT, WIDTH), np.uint8)
    grid = np.stack(np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5), axis=-1)
    corners = np.reshape(OUTLINE, (-1, 2))
    # Inside a convex outline that runs with the clock every pixel is to the right of each side.
    turns = [
        side[0] * (grid - start)[..., 1] - side[1] * (grid - start)[..., 0]
        for start, side in zip(corners, np.roll(corners, -1, axis=0) - corners, strict=True)
    ]
    masks[1] = np.all(np.array(turns) > 0, axis=0)
    points = np.array(POINTS, float)
    places = np.where(points[..., 2:] > 0, points[..., 1::-1] / [HEIGHT, WIDTH], np.nan)
    skeletons = Skeletons(places, points[..., 2] > 1, EDGES)
    grey = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    return draw_boxes(grey, boxes, [""] * 3, class_ids=[1, 2, 3], masks=masks, skeletons=skeletons)


def _on_a_page(folder: Path) -> np.ndarray:
    data = {"drawing": drawing_of_pages(3), "classes": [], "rules": [], "pictures": [], "splits": []}
    (folder / "page.html").write_text(offline_page("tfod.explore", "browse", "", data, "img-src data:"))
    objects = [
        {"number": number, "box": box, "mask": [OUTLINE] if number == 2 else [], "points": points, "edges": EDGES}
        for number, (box, points) in enumerate(zip(BOXES, POINTS, strict=True), start=1)
    ]
    size = f"{WIDTH}, {HEIGHT}"
    script = f"""{{
      const svg = drawObjects({json.dumps(objects)}, {size}, {{ width: {WIDTH}, height: {HEIGHT} }});
      svg.prepend(svgElement("rect", {{ width: {WIDTH}, height: {HEIGHT}, fill: "#808080" }}));
      Object.assign(svg.style, {{ position: "fixed", left: 0, top: 0, width: "{WIDTH}px", height: "{HEIGHT}px" }});
      document.body.replaceChildren(svg);
    }}"""
    with browsing(folder / "profile") as browser:
        browser.open((folder / "page.html").as_uri())
        browser.evaluate(script)
        browser.screenshot(folder / "page.png")
        assert browser.complaints == []
    return np.asarray(Image.open(folder / "page.png").convert("RGB"))[:HEIGHT, :WIDTH]


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, which is not here")
def test_a_page_draws_what_an_image_shows(tmp_path: Path) -> None:
    image, page = _on_an_image(), _on_a_page(tmp_path)
    drawn = (image != 128).any(axis=-1)
    assert drawn.mean() > 0.1
    # A browser smoothes its lines: means of 3 x 3 pixels are compared.
    means = [cv2.blur(one.astype(np.float32), (3, 3)) for one in (image, page)]
    different = np.abs(means[0] - means[1]).max(axis=-1) > 50
    assert different.sum() < 0.002 * drawn.sum()


def test_pages_get_the_sizes_of_images() -> None:
    drawing = drawing_of_pages(30)
    assert len(drawing["colours"]) == len(drawing["inks"]) == 30
    for one in drawing["styles"]:
        assert one == {"side": one["side"], **Style.of(one["side"], one["side"])._asdict()}
    assert drawing["styles"][0]["line"] == 2 and drawing["styles"][-1]["line"] > 4
