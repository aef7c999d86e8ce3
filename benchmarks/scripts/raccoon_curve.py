"""The losses of one side while it learns a data set, from the same random weights, on the same batches.

usage: raccoon_curve.py ours|original PIPELINE_CONFIG DATA.npz WEIGHTS.npz STEPS

DATA.npz has images uint8 `[N, S, S, 3]`, boxes `[N, R, 4]` padded with zeros, and counts `[N]`, of one class;
WEIGHTS.npz has variables by their keys in checkpoints; ours writes it where it is missing. No block is left out at
random. Prints {"Loss/total_loss": [one a step], ...}.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from loss_curve import nothing_left_out
from training_steps import original_training, our_training

BATCH_SIZE = 2


def variables_of(side, model):
    if side == "original":
        from original_case import keys_of

        return keys_of(model)
    from tfod.checkpoints.keys import variable_keys

    return variable_keys(model=model.checkpoint_layout().full)


def random_weights(config):
    import tf_keras as keras

    from tfod.checkpoints.keys import variable_keys
    from tfod.config.pipeline import read_pipeline_config
    from tfod.models.build import build_model

    keras.utils.set_random_seed(7)
    layout = build_model(read_pipeline_config(config).model).checkpoint_layout().full
    return {key: variable.numpy() for key, variable in variable_keys(model=layout).items()}


def main(side, config, data, weights, steps):
    if side == "ours" and not Path(weights).exists():
        np.savez(weights, **random_weights(config))
    with nothing_left_out(side):
        model, train = {"ours": our_training, "original": original_training}[side](config)
    initial = dict(np.load(weights))
    variables = {key: one for key, one in variables_of(side, model).items() if key in initial}
    assert len(variables) == len(initial), (len(variables), len(initial))
    for key, variable in variables.items():
        variable.assign(initial[key])
    data, curves = dict(np.load(data)), {}
    order = np.random.default_rng(0)
    for _ in range(int(steps)):
        chosen = order.choice(len(data["images"]), BATCH_SIZE, replace=False)
        inputs, shapes = model.preprocess(tf.constant(data["images"][chosen], tf.float32))
        there = (np.arange(data["boxes"].shape[1]) < data["counts"][chosen, np.newaxis]).astype(np.float32)
        features = {"image": tf.constant(inputs.numpy()), "true_image_shape": tf.constant(shapes.numpy())}
        truth = {
            "groundtruth_boxes": tf.constant(data["boxes"][chosen]),
            "groundtruth_classes": tf.constant(there[..., np.newaxis]),
            "groundtruth_weights": tf.constant(there),
            "num_groundtruth_boxes": tf.constant(data["counts"][chosen]),
        }
        for tag, loss in train(features, truth).items():
            if tag.startswith("Loss/"):
                curves.setdefault(tag, []).append(float(loss))
    print(json.dumps(curves))


if __name__ == "__main__":
    main(*sys.argv[1:])
