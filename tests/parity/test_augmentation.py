"""Each augmentation step gives what the original's gives, in distribution, on two drawn images.

`python -m benchmarks.augmentation` wrote the original's statistics: sizes, objects kept, places of boxes, pixels.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.augmentation import differences
from benchmarks.scripts.augmentation_draws import CASES, draw, summary

FIXTURE = json.loads(Path(__file__).with_name("augmentation.json").read_text())
DRAWS = 1000
SLOW = ("autoaugment_image v1", "autoaugment_image v2", "autoaugment_image v3")


@pytest.mark.parametrize("case", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in CASES])
def test_draws_are_distributed_as_the_originals(case: str) -> None:
    assert differences(draw("ours", case, DRAWS), FIXTURE["cases"][case], FIXTURE["draws"]) == []


def test_another_distribution_is_noticed() -> None:
    values = np.random.default_rng(0).uniform(0, 100, 2000)
    theirs = summary({"width": values})
    assert differences({"width": np.random.default_rng(1).uniform(0, 100, DRAWS)}, theirs, 2000) == []
    (found,) = differences({"width": np.random.default_rng(1).uniform(0, 100, DRAWS) + 10}, theirs, 2000)[:1]
    assert "mean" in found
    narrower = np.random.default_rng(1).normal(50, 5, DRAWS)
    assert any("lie below" in told for told in differences({"width": narrower}, theirs, 2000))
