"""The losses of the first training steps of one side, on batches that both sides make alike.

usage: loss_curve.py ours|original PIPELINE_CONFIG BATCH_SIZE STEPS [NUDGE]

NUDGE is the standard deviation of noise on the network's inputs, which shows how soon rounding is felt.
Prints {"Loss/total_loss": [one a step], ...}.
"""

import json
import sys

import numpy as np

if __package__:
    from benchmarks.scripts.training_steps import batch_of, original_training, our_training
else:
    from training_steps import batch_of, original_training, our_training


def loss_curve(side, config, batch_size, steps, nudge=0.0):
    """Losses by tag, each a list of one number a step."""
    model, train = {"ours": our_training, "original": original_training}[side](config)
    curves, noise = {}, np.random.default_rng(0)
    for number in range(steps):
        features, labels = batch_of(model.preprocess, batch_size, model.num_classes, number)
        features["image"] += nudge * noise.standard_normal(features["image"].shape)
        for tag, loss in train(features, labels).items():
            if tag.startswith("Loss/"):
                curves.setdefault(tag, []).append(float(loss))
    return curves


if __name__ == "__main__":
    side, config, batch_size, steps, *nudge = sys.argv[1:]
    print(json.dumps(loss_curve(side, config, int(batch_size), int(steps), *map(float, nudge))))
