"""The most memory that a process takes which trains the model of a pipeline.config for a few steps.

usage: step_memory.py PIPELINE_CONFIG PIXELS BATCH_SIZE [recompute]

Images are noise of PIXELS on each side, whatever the config says. Prints {"gigabytes": most of all, "seconds": the
quickest step, "loss": of the last one}.
"""

import json
import resource
import sys
import time

import numpy as np
import tensorflow as tf

if __package__:
    from benchmarks.scripts.training_steps import labels, our_training
else:
    from training_steps import labels, our_training

STEPS = 3


def main(config, side, batch_size, recompute=""):
    model, train = our_training(config)
    if recompute:
        from tfod.models.layers.recomputation import recompute_features

        recompute_features(model)
    noise = np.random.default_rng(0).normal(size=[batch_size, side, side, 3]).astype(np.float32)
    shapes = np.tile(np.int32([side, side, 3]), [batch_size, 1])
    features = {"image": tf.constant(noise), "true_image_shape": tf.constant(shapes)}
    truth, seconds = labels(batch_size, model.num_classes), []
    for _ in range(STEPS):
        start = time.perf_counter()
        losses = {tag: float(loss) for tag, loss in train(features, truth).items()}
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(json.dumps({"gigabytes": peak, "seconds": min(seconds), "loss": losses["Loss/total_loss"]}))


if __name__ == "__main__":
    config, side, batch_size, *recompute = sys.argv[1:]
    main(config, int(side), int(batch_size), *recompute)
