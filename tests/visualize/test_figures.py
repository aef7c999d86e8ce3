"""Figures for pages: what they say can be read, whatever a class is called, and they need nothing from elsewhere."""

import numpy as np
import pytest
from lxml import etree

from tfod.visualize.figures import curves, share_matrix, u_shape

NAMES = ["background", "<b>bold</b> & more", "$x$ and $y$", "路"]


def _texts(svg: str) -> list[str]:
    assert "http://" not in svg.replace("http://www.w3.org/", "")
    return ["".join(text.itertext()).strip() for text in etree.fromstring(svg).iter("{*}text")]


def _curves(names: list[str], points: int = 3) -> str:
    return curves({name: [(100 * n, n / 7) for n in range(points)] for name in names}, "step", "IoU")


def test_curves_have_a_key_and_axes() -> None:
    texts = _texts(_curves(NAMES))
    assert {*NAMES, "step", "IoU"} <= {*texts}
    assert _curves(NAMES) == _curves(NAMES)


@pytest.mark.parametrize(("classes", "points"), [(1, 1), (90, 2)])
def test_curves_of_one_point_and_of_many_classes(classes: int, points: int) -> None:
    names = [f"number {n} of the classes with long names" for n in range(classes)]
    assert sum(text.startswith("number") for text in _texts(_curves(names, points))) == classes


def test_a_table_of_shares_leaves_unknown_ones_empty() -> None:
    shares = np.full((4, 4), 0.25)
    shares[2] = np.nan
    texts = _texts(share_matrix(NAMES, shares, "taken for", "true class"))
    assert texts.count("25") == 12
    assert "nan" not in texts
    assert {*NAMES, "taken for", "true class"} <= {*texts}
    assert "25" not in _texts(share_matrix([str(n + 100) for n in range(30)], np.full((30, 30), 0.25), "", ""))


def test_a_network_has_two_sides_and_a_bottom() -> None:
    texts = _texts(u_shape([(32, 48), (64, 96), (256, 0)]))
    assert sorted(texts) == ["1/1", "1/2", "1/4", "256", "32", "48", "64", "96"]
