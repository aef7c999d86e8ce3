"""How fast one side trains, detects and post-processes with the model of a pipeline.config.

usage: model_speed.py ours|original PIPELINE_CONFIG BATCH_SIZE TURNS KERNEL_GAIN

Weights are filled by the rules of parity cases, kernels times KERNEL_GAIN, pictures drawn by theirs. Prints {"step":
median seconds of a training step (losses, gradients, optimizer) with one batch repeated, "inference": of one picture
of 480x640, from uint8 to detections, "postprocessing": of its part after the network}; for ours also {"bare pass": of
the step's part without targets, losses and optimizer, "mixed precision": of the step with --mixed_precision}. Each is
done once a turn.
"""

import json
import statistics
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from parity_rules import pictures
from repeated import end_turn, seconds_of
from training_steps import batch_of, original_training, our_training

WARM_UP = 2  # turns


def median_seconds(work, turns):
    """By name the median seconds of functions, all of which are called once a turn."""
    seconds = {name: [] for name in work}
    for _ in range(WARM_UP + turns):
        for name, compute in work.items():
            seconds[name].append(seconds_of(computed, compute))
        end_turn()
    return {name: statistics.median(values[WARM_UP:]) for name, values in seconds.items()}


def computed(compute):
    return tf.nest.flatten(compute())[0].numpy()  # until it is there


def picture():
    return tf.constant(pictures(480, 640)[:1].astype(np.uint8))


def step_of(training, config_path, batch_size, kernel_gain):
    """The model, a training step as a function, and the step's features."""
    model, train = training(config_path, kernel_gain)
    masks = Path(config_path).stem.startswith("mask")
    features, ground_truth = batch_of(model.preprocess, batch_size, model.num_classes, masks=masks)
    return model, lambda: train(features, ground_truth), features


def measure_ours(config_path, batch_size, turns, kernel_gain):
    from bare_step import bare_pass

    from tfod.export.fold import folded
    from tfod.export.saved_model import CONSTANTS, serving_module
    from tfod.models.precision import mixed_precision

    model, step, features = step_of(our_training, config_path, batch_size, kernel_gain)
    inputs, shapes = preprocessed(model)
    prediction = model.predict(inputs, shapes, training=False)
    with mixed_precision():
        _, mixed_step, _ = step_of(our_training, config_path, batch_size, kernel_gain)
        mixed_step()  # traced here, where its precision holds
    with folded(model, constants=CONSTANTS, winograd=True) as variables:
        module, image = serving_module(model, variables), picture()
    work = {
        "inference": lambda: module(image),
        "postprocessing": tf.function(lambda: model.postprocess(prediction, shapes), autograph=False),
        "step": step,
        "bare pass": bare_pass(model, features["image"], features["true_image_shape"]),
        "mixed precision": mixed_step,
    }
    return median_seconds(work, turns)


def measure_original(config_path, batch_size, turns, kernel_gain):
    from object_detection import exporter_lib_v2
    from original_case import build, fill

    model = build(config_path, is_training=False)
    fill(model, tf.constant(pictures(480, 640)), kernel_gain)
    inputs, shapes = preprocessed(model)
    prediction = model.predict(inputs, shapes)
    module = exporter_lib_v2.DetectionFromImageModule(model)
    detect, image = module.__call__.get_concrete_function(), picture()
    _, step, _ = step_of(original_training, config_path, batch_size, kernel_gain)
    work = {
        "inference": lambda: detect(image),
        "postprocessing": tf.function(lambda: model.postprocess(prediction, shapes)),
        "step": step,
    }
    return median_seconds(work, turns)


def preprocessed(model):
    """The network's input of one picture, computed once and for all."""
    inputs, shapes = model.preprocess(tf.constant(pictures(480, 640)[:1]))
    return tf.constant(inputs.numpy()), tf.constant(shapes.numpy())


def main(side, config, batch_size, turns, kernel_gain):
    measure = {"ours": measure_ours, "original": measure_original}[side]
    print(json.dumps(measure(config, int(batch_size), int(turns), float(kernel_gain))))


if __name__ == "__main__":
    main(*sys.argv[1:])
