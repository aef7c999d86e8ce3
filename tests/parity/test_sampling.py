"""Two-stage models sample, and lose, what the original's do, in distribution.

`python -m benchmarks.sampling` wrote the original's statistics of 200 draws.
"""

import json
from pathlib import Path

import pytest

from benchmarks.sampling import CASES, case_config, our_differences

FIXTURE = json.loads(Path(__file__).with_name("sampling.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if "few" in case])  # `python -m benchmarks.sampling`: all
def test_samples_and_losses_are_distributed_as_the_originals(shared: Path, case: str, tmp_path: Path) -> None:
    theirs = FIXTURE["cases"][case]
    assert our_differences(case_config(case, shared), theirs, tmp_path, 30, FIXTURE["draws"]) == []
