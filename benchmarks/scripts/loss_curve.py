"""The losses of the first training steps of one side, on batches that both sides make alike.

usage: loss_curve.py ours|original PIPELINE_CONFIG BATCH_SIZE STEPS [NUDGE]

NUDGE is the standard deviation of noise on the network's inputs, which shows how soon rounding is felt.
Prints {"Loss/total_loss": [one a step], ...}.
"""

import json
import sys
from contextlib import contextmanager
from unittest import mock

import numpy as np

if __package__:
    from benchmarks.scripts.training_steps import batch_of, original_training, our_training
else:
    from training_steps import batch_of, original_training, our_training


def loss_curve(side, config, batch_size, steps, nudge=0.0):
    """Losses by tag, each a list of one number a step."""
    with nothing_left_out(side):
        model, train = {"ours": our_training, "original": original_training}[side](config)
    curves, noise = {}, np.random.default_rng(0)
    for number in range(steps):
        features, labels = batch_of(model.preprocess, batch_size, model.num_classes, number)
        features["image"] += nudge * noise.standard_normal(features["image"].shape)
        for tag, loss in train(features, labels).items():
            if tag.startswith("Loss/"):
                curves.setdefault(tag, []).append(float(loss))
    return curves


@contextmanager
def nothing_left_out(side):
    """Within it EfficientNets are made that leave out no block at random."""
    if side == "ours":
        with mock.patch("tfod.models.backbones.efficientnet._DROP_RATE", 0.0):
            yield
        return
    from official.legacy.image_classification.efficientnet import efficientnet_model

    for config in efficientnet_model.MODEL_CONFIGS.values():
        config.drop_connect_rate = 0.0
    yield


if __name__ == "__main__":
    side, config, batch_size, steps, *nudge = sys.argv[1:]
    print(json.dumps(loss_curve(side, config, int(batch_size), int(steps), *map(float, nudge))))
