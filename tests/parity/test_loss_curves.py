"""Ten steps of training, from the same weights on the same batches, give the original's losses.

`python -m benchmarks.loss_curves` wrote what the original gives, and what it gives when its inputs are touched by
noise of a millionth: further than a few times that we may not be from it.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.loss_curves import BATCH_SIZES, STEPS, curve_config
from benchmarks.scripts.loss_curve import loss_curve
from tfod import names
from tfod.config.pipeline import write_pipeline_config

CURVES = json.loads(Path(__file__).with_name("loss_curves.json").read_text())


@pytest.mark.parametrize(
    "model", [pytest.param(name, marks=pytest.mark.slow if "efficientdet" in name else ()) for name in BATCH_SIZES]
)
def test_the_losses_of_ten_steps(model: str, tmp_path: Path) -> None:
    write_pipeline_config(curve_config(model), tmp_path / "pipeline.config")
    ours = loss_curve("ours", tmp_path / "pipeline.config", BATCH_SIZES[model], STEPS)
    theirs, nudged = (CURVES[model][name] for name in ("losses", "losses, nudged"))
    assert ours.keys() == theirs.keys()
    assert theirs[names.TOTAL_LOSS][-1] < 0.9 * theirs[names.TOTAL_LOSS][0]
    for tag, losses in theirs.items():
        noise = np.maximum.accumulate(difference(nudged[tag], losses))
        soon = np.append(noise[1:], noise[-1])  # rounding may be felt a step earlier than that one noise
        error = difference(ours[tag], losses)
        assert (error <= 10 * soon + 1e-6).all(), f"{tag}: {error} beside {noise}"


def difference(curve: list[float], reference: list[float]) -> np.ndarray:
    return np.abs(np.divide(curve, reference) - 1)
