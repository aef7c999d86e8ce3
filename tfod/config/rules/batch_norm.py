"""Batch norm's moving averages, which a short run leaves behind."""

import math
from collections.abc import Iterator
from typing import Any

from tfod.config.diagnostics import Diagnostic, warning
from tfod.config.rules.walk import blocks, detection_model
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["check_batch_norm", "decay_for"]

# What may be left of the initial values at the end. 0.3 took a raccoon detector from mAP 0.55 to 0.25.
_MAY_BE_LEFT = 0.05
# What is left with the decay that is proposed.
_BETTER_LEFT = 1e-5


def check_batch_norm(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    """Averages that start anew and cannot follow the weights in the steps that there are."""
    found, train = detection_model(config), config.train_config
    restored = train.fine_tune_checkpoint_type if train.fine_tune_checkpoint else ""
    if found is None or train.num_steps == 0 or restored in ("full", "fine_tune"):
        return
    decays = {path: decay for path, decay in _decays(*found).items() if decay**train.num_steps > _MAY_BE_LEFT}
    # Type "detection" restores the feature extractor with its averages; the predictor starts anew.
    if all(restored == "detection" and ".feature_extractor." in path for path in decays):
        return
    better = decay_for(train.num_steps)
    path, slowest = max(decays.items(), key=lambda item: item[1])
    steps = math.ceil(math.log(_MAY_BE_LEFT) / math.log(slowest)) if slowest < 1 else 0
    cures = " ".join(f"--set {each}={better:g}" for each, decay in decays.items() if decay > better)
    longer = f"train for {steps} steps" if steps else ""
    yield warning(
        "batch-norm-decay",
        f"batch norm's averages keep {slowest**train.num_steps:.0%} of their initial values after "
        f"{train.num_steps} steps (decay {slowest:g}): evaluation will look far worse than the model is",
        path,
        ", or ".join(one for one in (cures, longer) if one),
    )


def decay_for(num_steps: int, usual: float = 1.0) -> float:
    """`usual`, if averages that start anew arrive in `num_steps` steps with it; else one that does, of two digits.

    >>> decay_for(400, 0.997), decay_for(20_000, 0.997)
    (0.97, 0.997)
    """
    if usual**num_steps <= _BETTER_LEFT:
        return usual
    return max(0.5, math.floor(100 * _BETTER_LEFT ** (1 / num_steps)) / 100)


def _decays(kind: str, model: Any) -> dict[str, float]:
    """Path -> decay of every batch norm that learns its averages."""
    frozen = kind == "ssd" and model.freeze_batchnorm
    backbone_frozen = kind == "faster_rcnn" and not model.feature_extractor.batch_norm_trainable
    return {
        f"{path}decay": block.decay
        for path, block in blocks(model, f"model.{kind}.")
        if block.DESCRIPTOR.name == "BatchNorm"
        and not frozen
        and not (backbone_frozen and ".feature_extractor." in path)
        # Weight-shared predictors make no layer of it.
        and not path.endswith("weight_shared_convolutional_box_predictor.conv_hyperparams.sync_batch_norm.")
    }
