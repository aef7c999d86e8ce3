"""How fast one side trains, detects and post-processes with the model of a pipeline.config.

usage: model_speed.py ours|original PIPELINE_CONFIG BATCH_SIZE STEPS

Weights are filled by the rules of parity cases, pictures drawn by theirs. Prints {"step": median seconds of a
training step (losses, gradients, optimizer) with one batch repeated, "inference": of one picture of 480x640, from
uint8 to detections, "postprocessing": of its part after the network}.
"""

import json
import statistics
import sys
import time

import numpy as np
import tensorflow as tf
from parity_rules import pictures, weight

WARM_UP = 3
BOXES = [[0.1, 0.1, 0.5, 0.4], [0.3, 0.5, 0.9, 0.95], [0.05, 0.6, 0.25, 0.7], [0.2, 0.2, 0.8, 0.8]]
ROWS = 100  # to which both sides pad ground truth


def median_seconds(call, steps):
    seconds = []
    for _ in range(WARM_UP + steps):
        start = time.perf_counter()
        tf.nest.flatten(call())[0].numpy()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[WARM_UP:])


def labels(batch_size, num_classes):
    boxes = np.zeros([batch_size, ROWS, 4], np.float32)
    boxes[:, : len(BOXES)] = BOXES
    classes = np.zeros([batch_size, ROWS, num_classes], np.float32)
    classes[:, range(len(BOXES)), range(len(BOXES))] = 1
    weights = np.zeros([batch_size, ROWS], np.float32)
    weights[:, : len(BOXES)] = 1
    return {
        "groundtruth_boxes": tf.constant(boxes),
        "groundtruth_classes": tf.constant(classes),
        "groundtruth_weights": tf.constant(weights),
        "num_groundtruth_boxes": tf.fill([batch_size], len(BOXES)),
    }


def picture():
    return tf.constant(pictures(480, 640)[:1].astype(np.uint8))


def batch_of(preprocess, batch_size):
    two = pictures(480, 640)
    inputs, shapes = preprocess(tf.constant(two[np.arange(batch_size) % 2]))
    return tf.constant(inputs.numpy()), tf.constant(shapes.numpy())


def measure_ours(config_path, batch_size, steps):
    from tfod.checkpoints.keys import variable_keys
    from tfod.config.pipeline import read_pipeline_config
    from tfod.export.saved_model import serving_module
    from tfod.models.factory import build_model
    from tfod.models.layer_list import folded_weights
    from tfod.training import optimizers
    from tfod.training.selection import select_variables
    from tfod.training.trainer import Trainer
    from tfod.training.watch import StepWatch

    config = read_pipeline_config(config_path)
    model = build_model(config.model)
    for key, variable in variable_keys(model=model).items():
        variable.assign(weight(key, tuple(variable.shape)))
    inputs, shapes = batch_of(model.preprocess, 1)
    prediction = {name: value for name, value in model.predict(inputs, shapes, training=False).items()}
    needed = ("box_encodings", "class_predictions_with_background", "anchors", "preprocessed_inputs")
    prediction = {name: prediction[name] for name in needed}
    finish = tf.function(lambda: model.postprocess(prediction, shapes), autograph=False)
    postprocessing = median_seconds(finish, steps)

    with folded_weights():
        detect = serving_module(model).__call__
        image = picture()
        inference = median_seconds(lambda: detect(image), steps)

    step = tf.Variable(0, dtype=tf.int64)
    optimizer, schedule = optimizers.from_config(config.train_config.optimizer, step)
    trainer = Trainer(
        model,
        select_variables(model, config.train_config),
        optimizer,
        schedule,
        step,
        None,
        StepWatch(0),
        regularize=config.train_config.add_regularization_loss,
        clip_norm=config.train_config.gradient_clipping_by_norm,
    )
    inputs, shapes = batch_of(model.preprocess, batch_size)
    features, ground_truth = {"image": inputs, "true_image_shape": shapes}, labels(batch_size, model.num_classes)
    train = median_seconds(lambda: trainer._graph(features, ground_truth), steps)
    return {"step": train, "inference": inference, "postprocessing": postprocessing}


def measure_original(config_path, batch_size, steps):
    from object_detection import exporter_lib_v2, model_lib_v2
    from object_detection.builders import model_builder, optimizer_builder
    from object_detection.utils import config_util
    from original_case import fill

    configs = config_util.get_configs_from_pipeline_file(config_path)
    model = model_builder.build(configs["model"], is_training=False)
    fill(model, tf.constant(pictures(480, 640)))
    inputs, shapes = batch_of(model.preprocess, 1)
    prediction = model.predict(inputs, shapes)
    postprocessing = median_seconds(tf.function(lambda: model.postprocess(prediction, shapes)), steps)

    module = exporter_lib_v2.DetectionFromImageModule(model)
    detect, image = module.__call__.get_concrete_function(), picture()
    inference = median_seconds(lambda: detect(image), steps)

    train_config = configs["train_config"]
    training = model_builder.build(configs["model"], is_training=True)
    fill(training, tf.constant(pictures(480, 640)))
    inputs, shapes = batch_of(training.preprocess, batch_size)
    features, ground_truth = {"image": inputs, "true_image_shape": shapes}, labels(batch_size, training.num_classes)
    step = tf.Variable(0, dtype=tf.int64)
    optimizer, _ = optimizer_builder.build(train_config.optimizer, global_step=step)

    @tf.function
    def train():
        losses = model_lib_v2.eager_train_step(
            training,
            features,
            ground_truth,
            train_config.unpad_groundtruth_tensors,
            optimizer,
            training_step=step,
            add_regularization_loss=train_config.add_regularization_loss,
            clip_gradients_value=train_config.gradient_clipping_by_norm or None,
            num_replicas=1,
        )
        return losses["Loss/total_loss"]

    return {"step": median_seconds(train, steps), "inference": inference, "postprocessing": postprocessing}


def main(side, config, batch_size, steps):
    measure = {"ours": measure_ours, "original": measure_original}[side]
    print(json.dumps(measure(config, int(batch_size), int(steps))))


if __name__ == "__main__":
    main(*sys.argv[1:])
