"""The page of pictures, in a real browser: what it shows, how it is filtered, that texts of strangers stay texts."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.annotations.voc_files import annotation, item, picture, write_photo
from tests.browser import CHROMIUM, Browser, browsing
from tfod.annotations.masks import run_lengths
from tfod.annotations.source import open_sources
from tfod.doctor.examination import Checks, examine
from tfod.explore.browse import write_page
from tfod.visualize.colours import class_colour, hex_colour

EVIL = "</script><img src=x onerror=\"document.title='taken'\"><b>&amp;"

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, which is not here")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def _page(folder: Path, output: Path) -> Path:
    sources = open_sources([str(folder)])
    report = examine(sources, Checks(min_objects=1, ignored=frozenset({"annotation-fields"})))
    write_page(sources, report.findings, output)
    return output


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large cat and a small dog; a dog that sticks out; a broken picture; strange texts; a picture of val."""
    folder = tmp_path_factory.mktemp("data")
    photos = [picture(640, 480, quality=quality) for quality in (60, 70, 80, 90)]
    write_photo(folder / "train", "a", item("cat", (0, 0, 300, 300)), item("dog", (9, 9, 29, 29)), data=photos[0])
    write_photo(folder / "train", "b", item("dog", (600, 400, 650, 470)), data=photos[1])
    write_photo(folder / "train", "c", item("cat", (5, 5, 50, 50)), data=b"no picture")
    text = EVIL.replace("&", "&amp;").replace("<", "&lt;")
    (folder / "train" / "d.xml").write_text(annotation("d.jpg", item(text, (5, 5, 50, 50)), size=(640, 480)))
    (folder / "train" / "d.jpg").write_bytes(photos[2])
    write_photo(folder / "val", "e", item("cat", (5, 5, 50, 50)), data=photos[3])
    return _page(folder, tmp_path_factory.mktemp("page") / "browse.html")


def _shown(browser: Browser) -> list[str]:
    names = "[...document.querySelectorAll('.card:not([hidden]) .name')].map((name) => name.textContent)"
    return browser.evaluate(names)


def _choose(browser: Browser, **values: str) -> list[str]:
    for name, value in values.items():
        assert browser.evaluate(f"document.getElementById({name!r}).value = {json.dumps(value)}") == value
    browser.evaluate("document.getElementById('filters').dispatchEvent(new Event('input'))")
    return _shown(browser)


def test_the_page_needs_nothing_from_anywhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:src|href)\s*=\s*[\"']?(?:https?:|//)", text)
    assert text.count("</script>") == 2 and 'onerror=\\"' in text and "<img src=x" not in text


@needs_browser
def test_pictures_and_boxes_are_shown(browser: Browser, page: Path) -> None:
    browser.open(page.as_uri())
    browser.wait("document.querySelectorAll('svg image').length === 4")
    assert _shown(browser) == ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]
    boxes = browser.evaluate(
        "[...document.querySelectorAll('.card svg')].map((svg) => svg.querySelectorAll('.box').length)"
    )
    assert boxes == [2, 1, 1, 1, 1]
    frame = "document.querySelector('.card svg')"
    assert browser.evaluate(f"{frame}.getAttribute('viewBox')") == "0 0 640 480"
    # The first object lies on top. The line lies inside the box: half of it, a pixel of the screen, on each side.
    sides = browser.evaluate(f"['x', 'width'].map((side) => {frame}.lastChild.getAttribute(side))")
    pixel = 640 / browser.evaluate(f"{frame}.clientWidth")
    assert [*map(float, sides)] == pytest.approx([pixel, 300 - 2 * pixel], rel=0.01)
    assert browser.complaints == []


@needs_browser
def test_filters(browser: Browser, page: Path) -> None:
    browser.open(page.as_uri())
    assert _choose(browser, **{"class": "cat"}) == ["a.jpg", "c.jpg", "e.jpg"]
    assert _choose(browser, size="large") == ["a.jpg"]
    assert browser.evaluate("document.getElementById('count').textContent") == "1 of 5 pictures"
    assert _choose(browser, **{"class": "dog"}) == []  # the same object must be a dog, and large
    assert _choose(browser, size="small") == ["a.jpg"]
    assert _choose(browser, size="", rule="box-over-edge") == ["b.jpg"]
    assert _choose(browser, **{"class": ""}, rule="picture-unreadable") == ["c.jpg"]
    assert _choose(browser, rule="", split="val") == ["e.jpg"]
    assert _choose(browser, split="", text="B.") == ["b.jpg"]
    browser.open(f"{page.as_uri()}#class=cat&split=train")
    assert _shown(browser) == ["a.jpg", "c.jpg"]
    browser.wait("document.querySelectorAll('.card .faint').length === 2")  # the dog's box and its dark rim
    browser.open(f"{page.as_uri()}#class=nobody")
    assert len(_shown(browser)) == 5


@needs_browser
def test_keys(browser: Browser, page: Path) -> None:
    browser.open(page.as_uri())
    name = "document.activeElement.querySelector('.name')?.textContent"
    for key, expected in (("ArrowRight", "a.jpg"), ("ArrowRight", "b.jpg"), ("End", "e.jpg"), ("ArrowLeft", "d.jpg")):
        browser.press(key)
        assert browser.evaluate(name) == expected
    browser.press("Enter")
    browser.wait("document.getElementById('large').open")
    browser.press("ArrowRight")
    assert browser.evaluate("document.querySelector('#facts h2').textContent") == "e.jpg"
    browser.press("Escape")
    browser.wait(f"!document.getElementById('large').open && {name} === 'e.jpg'")
    browser.press("b")
    assert browser.evaluate("document.body.className") == "no-boxes"
    browser.press("/")
    browser.press("a")
    assert _shown(browser) == ["a.jpg"]


@needs_browser
def test_texts_of_strangers_stay_texts(browser: Browser, page: Path) -> None:
    browser.open(f"{page.as_uri()}#text=d.jpg")
    browser.evaluate("document.querySelector('.card:not([hidden])').click()")
    assert EVIL in browser.evaluate("document.querySelector('#facts ol').textContent")
    assert browser.evaluate("document.querySelectorAll('img, b').length") == 0
    assert browser.evaluate("document.title") != "taken"


@needs_browser
def test_masks_and_skeletons_are_drawn(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(64, 48))
    pixels = np.zeros((48, 64), bool)
    pixels[10:20, 5:30] = True
    pixels[14:16, 10:20] = False
    runs = run_lengths(pixels)
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "cat", "keypoints": ["nose", "ear", "tail"], "skeleton": [[1, 2], [1, 3]]}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [5, 10, 25, 10], "iscrowd": 0,
             "segmentation": {"size": [48, 64], "counts": [*runs.counts]},
             "keypoints": [6, 12, 2, 20, 18, 1, 0, 0, 0]},
            {"id": 2, "image_id": 1, "category_id": 1, "bbox": [40, 10, 10, 10], "iscrowd": 0},
        ],
    }  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(content))
    browser.open(_page(tmp_path, tmp_path / "browse.html").as_uri())
    browser.wait("document.querySelectorAll('svg .mask').length === 1")

    (d,) = browser.evaluate("[...document.querySelectorAll('svg .mask')].map((path) => path.getAttribute('d'))")
    assert sorted(d.split("M")[1:]) == [" 10,14 20,14 20,16 10,16Z", " 5,10 5,20 30,20 30,10Z"]
    assert browser.evaluate("document.querySelectorAll('svg .edge').length") == 1, "a line to no point is not drawn"
    line = "['x1', 'y1', 'x2', 'y2', 'stroke'].map((name) => document.querySelector('svg .edge').getAttribute(name))"
    assert browser.evaluate(line) == ["6", "12", "20", "18", hex_colour(class_colour(1))]
    fills = "[...document.querySelectorAll('svg .point')].map((point) => point.getAttribute('fill'))"
    assert browser.evaluate(fills) == [hex_colour(class_colour(1)), "none"]
    assert browser.evaluate("document.querySelectorAll('svg .label').length") == 0
    browser.evaluate("document.querySelector('.card').click()")
    told = browser.evaluate("[...document.querySelectorAll('#facts ol li')].map((item) => item.textContent)")
    assert told == ["cat, 25 x 10, mask, 2 keypoints", "cat, 10 x 10"]
    named = browser.evaluate("[...document.querySelectorAll('#view text')].map((label) => label.textContent)")
    assert named == ["cat", "cat"]
    assert browser.complaints == []


@needs_browser
@pytest.mark.slow
def test_thousands_of_pictures_stay_quick(browser: Browser, tmp_path: Path) -> None:
    for number in range(2000):
        write_photo(tmp_path / "in", f"p{number:04d}", item("cat"), item("dog"))
    page = _page(tmp_path / "in", tmp_path / "browse.html")
    assert page.stat().st_size < 4e6
    browser.open(page.as_uri())
    browser.wait("document.querySelectorAll('svg image').length > 0")
    assert browser.evaluate("document.querySelectorAll('.card').length") == 2000
    browser.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
    browser.wait("document.querySelectorAll('.card svg').length > 0")
    assert browser.evaluate("document.querySelectorAll('svg image').length") < 200
    took = browser.evaluate("(() => { const began = performance.now(); show(); return performance.now() - began; })()")
    assert took < 1000
