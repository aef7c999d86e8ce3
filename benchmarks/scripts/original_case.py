"""Writes what the original computes for a config as a parity case, in the form of the developers' own cases.

usage: original_case.py PIPELINE_CONFIG CASE.json FOLDER

CASE.json has the size of the pictures, their boxes and classes, and the gain of kernels (see the README of the
developers' parity folder).
Losses and gradients are those of the statistics stored in batch normalisation, as in the cases that exist.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from object_detection.builders import model_builder
from object_detection.utils import config_util
from parity_rules import ellipse, flattened, pictures, sample, weight

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


def keys_of(model):
    """Variables by their checkpoint keys: the shortest paths of attribute names."""
    queue, seen, keys = [("model", model)], set(), {}
    while queue:
        path, node = queue.pop(0)
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, tf.Variable):
            keys[path] = node
            continue
        children = node._trackable_children()
        queue += [(f"{path}/{name.replace('.', '..').replace('/', '.S')}", child) for name, child in children.items()]
    return keys


def provide(model, case, images):
    boxes = [tf.constant(one, tf.float32) for one in case["groundtruth_boxes"]]
    classes = [tf.one_hot(one, model.num_classes) for one in case["groundtruth_classes"]]
    weights = [tf.ones([len(one)]) for one in case["groundtruth_classes"]]
    masks = None
    if case.get("groundtruth_masks") == "ellipses":
        height, width = model.preprocess(images)[0].shape[1:3]
        masks = [tf.stack([ellipse(box, height, width) for box in one]) for one in case["groundtruth_boxes"]]
    model.provide_groundtruth(
        groundtruth_boxes_list=boxes,
        groundtruth_classes_list=classes,
        groundtruth_weights_list=weights,
        groundtruth_confidences_list=classes,
        groundtruth_masks_list=masks,
    )


def build(config, is_training):
    return model_builder.build(config_util.get_configs_from_pipeline_file(config)["model"], is_training=is_training)


def fill(model, images, kernel_gain=1.0):
    inputs, shapes = model.preprocess(images)
    model.predict(inputs, shapes)  # makes the variables
    keys = keys_of(model)
    for key, variable in keys.items():
        variable.assign(weight(key, tuple(variable.shape), kernel_gain))
    return keys


def main(config, case_path, folder):
    case = json.loads(Path(case_path).read_text())
    images = tf.constant(pictures(case["image_height"], case["image_width"]))
    gain = case.get("kernel_gain", 1.0)
    tf.keras.backend.set_learning_phase(False)
    arrays = {}

    model = build(config, is_training=False)
    keys = fill(model, images, gain)

    @tf.function
    def detect(images):
        inputs, shapes = model.preprocess(images)
        prediction = model.predict(inputs, shapes)
        return inputs, shapes, prediction, model.postprocess(prediction, shapes)

    inputs, shapes, prediction, detections = detect(images)
    arrays["preprocessed"], arrays["true_image_shapes"] = inputs.numpy(), shapes.numpy()
    arrays.update({f"prediction/{name}": value.numpy() for name, value in flattened(prediction).items()})
    arrays.update({f"detection/{name}": value.numpy() for name, value in detections.items()})
    arrays.pop("prediction/preprocessed_inputs", None)

    training = build(config, is_training=True)
    provide(training, case, images)  # a second stage samples against it
    training_keys = fill(training, images, gain)
    trainable = {key: variable for key, variable in training_keys.items() if variable.trainable}

    @tf.function
    def slopes(images):
        inputs, shapes = training.preprocess(images)
        with tf.GradientTape() as tape:
            losses = dict(training.loss(training.predict(inputs, shapes), shapes))
            regularization = training.regularization_losses()
            losses["regularization"] = tf.add_n(regularization) if regularization else tf.constant(0.0)
            losses["total"] = tf.add_n(list(losses.values()))
        gradients = tape.gradient(losses["total"], list(trainable.values()))
        return losses, [None if one is None else tf.norm(one) for one in gradients]

    losses, norms = slopes(images)
    arrays.update({f"loss/{name}": value.numpy() for name, value in losses.items()})
    known = {key: float(norm) for key, norm in zip(trainable, norms, strict=True) if norm is not None}
    arrays["gradient_norms/keys"] = np.array(list(known))
    arrays["gradient_norms/values"] = np.array(list(known.values()))

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(config, folder / "pipeline.config")
    (folder / "case.json").write_text(json.dumps(case, indent=1))
    lines = [f"{key}{SUFFIX}\t{','.join(map(str, v.shape))}\t{v.dtype.name}\n" for key, v in sorted(keys.items())]
    (folder / "variables.tsv").write_text("".join(lines))
    np.savez_compressed(folder / "expected.npz", **{name: sample(name, array) for name, array in arrays.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
