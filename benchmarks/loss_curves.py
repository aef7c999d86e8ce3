"""Writes the original's losses over the first training steps, beside which tests/parity/test_loss_curves.py puts ours.

Training is chaotic: differences in the last bit grow from step to step. How fast is told by the original beside itself,
its inputs touched by noise of a millionth. EfficientNets train without leaving out blocks at random, on both sides.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from google.protobuf import text_format

from benchmarks.environment import original_python
from benchmarks.process import run
from tfod.config.pipeline import write_pipeline_config
from tfod.config.zoo import find_model
from tfod.config.zoo_ssd import ssd_model
from tfod.protos import pipeline_pb2

__all__ = ["BATCH_SIZES", "STEPS", "curve_config"]

STEPS = 10
BATCH_SIZES = {"ssd_mobilenet_v2_fpnlite_320x320": 4, "efficientdet_d0": 2}
"""By the names of the models that are trained."""
_SIDES = {"ssd_mobilenet_v2_fpnlite_320x320": 160, "efficientdet_d0": 256}
_NUDGE = "1e-6"
_SCRIPTS = Path(__file__).resolve().parent / "scripts"
_FIXTURE = Path(__file__).resolve().parents[1] / "tests" / "parity" / "loss_curves.json"
# Weights that are filled by a rule fit nothing, so that the first gradients are huge: the joint norm is limited, as it
# would be in practice.
_TRAINING = """
add_regularization_loss: true
gradient_clipping_by_norm: 10
optimizer {
  use_moving_average: false
  momentum_optimizer {
    momentum_optimizer_value: 0.9
    learning_rate {
      cosine_decay_learning_rate {
        learning_rate_base: 0.002 total_steps: 100 warmup_learning_rate: 0.0005 warmup_steps: 5
      }
    }
  }
}
"""


def curve_config(model: str) -> pipeline_pb2.TrainEvalPipelineConfig:
    """The zoo's config of the model for three classes, on images small enough for a test."""
    config = pipeline_pb2.TrainEvalPipelineConfig(model=ssd_model(find_model(model), 3))
    resizer = config.model.ssd.image_resizer.fixed_shape_resizer
    resizer.height = resizer.width = _SIDES[model]
    text_format.Parse(_TRAINING, config.train_config)
    return config


def main() -> int:
    """Has the original train the models, and writes the fixture; what is not asked for stays."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loss_curves", description=__doc__)
    parser.add_argument("--original", type=Path, metavar="PYTHON", help="a Python in which the original runs")
    parser.add_argument("--models", nargs="+", choices=BATCH_SIZES, default=list(BATCH_SIZES), help="of the zoo")
    parser.add_argument("--output", type=Path, default=_FIXTURE, help="where the curves go (the tests' fixture)")
    options = parser.parse_args()
    curves = json.loads(options.output.read_text(encoding="utf-8")) if options.output.exists() else {}
    with tempfile.TemporaryDirectory(prefix="loss-curves-") as temporary:
        folder = Path(temporary)
        python = options.original.absolute() if options.original else original_python(folder)
        for model in options.models:
            config, log = folder / "pipeline.config", folder / "original.log"
            write_pipeline_config(curve_config(model), config)
            command = [python, _SCRIPTS / "loss_curve.py", "original", config, str(BATCH_SIZES[model]), str(STEPS)]
            curves[model] = {
                "losses": run(command, log, timeout=1800).values(),
                "losses, nudged": run([*command, _NUDGE], log, timeout=1800).values(),
            }
    options.output.write_text(json.dumps(curves, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
