"""How fast one side trains, detects and post-processes with the model of a pipeline.config.

usage: model_speed.py ours|original PIPELINE_CONFIG BATCH_SIZE STEPS

Weights are filled by the rules of parity cases, pictures drawn by theirs. Prints {"step": median seconds of a
training step (losses, gradients, optimizer) with one batch repeated, "inference": of one picture of 480x640, from
uint8 to detections, "postprocessing": of its part after the network}; for ours also {"bare pass": of the step's part
without targets, losses and optimizer, "mixed precision": of the step with --mixed_precision}.
"""

import json
import sys

import numpy as np
import tensorflow as tf
from parity_rules import pictures
from repeated import median_seconds
from training_steps import batch_of, original_training, our_training

WARM_UP = 3


def seconds_of(compute, steps):
    return median_seconds(lambda _: tf.nest.flatten(compute())[0].numpy(), WARM_UP, steps)


def picture():
    return tf.constant(pictures(480, 640)[:1].astype(np.uint8))


def step_seconds(training, config_path, batch_size, steps):
    model, train = training(config_path)
    features, ground_truth = batch_of(model.preprocess, batch_size, model.num_classes)
    return seconds_of(lambda: train(features, ground_truth), steps)


def bare_pass_seconds(model, batch_size, steps):
    from bare_step import bare_pass

    features, _ = batch_of(model.preprocess, batch_size, model.num_classes)
    return seconds_of(bare_pass(model, features["image"], features["true_image_shape"]), steps)


def measure_ours(config_path, batch_size, steps):
    from tfod.export.saved_model import serving_module, serving_weights
    from tfod.models.precision import mixed_precision

    model, _ = our_training(config_path)
    inputs, shapes = preprocessed(model)
    needed = ("box_encodings", "class_predictions_with_background", "anchors", "preprocessed_inputs")
    prediction = model.predict(inputs, shapes, training=False)
    prediction = {name: prediction[name] for name in needed}
    finish = tf.function(lambda: model.postprocess(prediction, shapes), autograph=False)
    postprocessing = seconds_of(finish, steps)
    with serving_weights() as folded:
        detect, image = serving_module(model, folded).__call__, picture()
        inference = seconds_of(lambda: detect(image), steps)
    found = {"inference": inference, "postprocessing": postprocessing}
    found["step"] = step_seconds(our_training, config_path, batch_size, steps)
    found["bare pass"] = bare_pass_seconds(model, batch_size, steps)
    with mixed_precision():
        found["mixed precision"] = step_seconds(our_training, config_path, batch_size, steps)
    return found


def measure_original(config_path, batch_size, steps):
    from object_detection import exporter_lib_v2
    from original_case import build, fill

    model = build(config_path, is_training=False)
    fill(model, tf.constant(pictures(480, 640)))
    inputs, shapes = preprocessed(model)
    prediction = model.predict(inputs, shapes)
    postprocessing = seconds_of(tf.function(lambda: model.postprocess(prediction, shapes)), steps)
    module = exporter_lib_v2.DetectionFromImageModule(model)
    detect, image = module.__call__.get_concrete_function(), picture()
    inference = seconds_of(lambda: detect(image), steps)
    step = step_seconds(original_training, config_path, batch_size, steps)
    return {"step": step, "inference": inference, "postprocessing": postprocessing}


def preprocessed(model):
    """The network's input of one picture, computed once and for all."""
    inputs, shapes = model.preprocess(tf.constant(pictures(480, 640)[:1]))
    return tf.constant(inputs.numpy()), tf.constant(shapes.numpy())


def main(side, config, batch_size, steps):
    measure = {"ours": measure_ours, "original": measure_original}[side]
    print(json.dumps(measure(config, int(batch_size), int(steps))))


if __name__ == "__main__":
    main(*sys.argv[1:])
