"""The physical limit of a training step: the network forward and backward, without targets, losses or optimizer.

usage: bare_step.py PIPELINE_CONFIG BATCH.npz TURNS

Prints {"seconds": [of a pass, one number a turn]}; a first turn more, which warms up, is left out.
"""

import json
import sys

import numpy as np
import tensorflow as tf
from repeated import seconds_by_turn

from tfod import names
from tfod.config.pipeline import read_pipeline_config
from tfod.models.build import build_model
from tfod.models.faster_rcnn.detector import FasterRCNN

PASSES_A_TURN = 5
_REGION = [0.2, 0.2, 0.7, 0.6]


def bare_pass(model, images, shapes):
    """A function that runs the model's network forward and backward on one batch, and returns the gradients' sums."""

    def outputs():
        if isinstance(model, FasterRCNN):
            return two_stages(model, images)
        prediction = model.predict(images, shapes, training=True)
        return [prediction[names.BOX_ENCODINGS], prediction[names.CLASS_PREDICTIONS]]

    @tf.function(autograph=False)
    def forward_and_backward():
        with tf.GradientTape() as tape:
            total = tf.add_n([tf.reduce_mean(tf.square(output)) for output in outputs()])
        gradients = tape.gradient(total, model.trainable_variables)
        return [tf.reduce_sum(gradient) for gradient in gradients if gradient is not None]

    return forward_and_backward


def two_stages(model, images):
    """What the networks of the stages predict, the later ones of as many regions as a step learns from, all alike."""
    second = model._second
    features = model.image_features(images, training=True)
    _, codes, logits = model.proposal_network(features, training=True)
    boxes = tf.tile(tf.constant([[_REGION]]), [images.shape[0], second.sampler.size, 1])
    regions = second.pooling(features, boxes, tf.shape(images)[1:3])
    regions = model.region_features(regions, training=True)
    masks = [] if model.mask_head is None else [model.mask_head(regions, training=True)]
    return [codes, logits, *model.box_heads(regions, training=True), *masks]


def main(config: str, batch: str, turns: str) -> None:
    model = build_model(read_pipeline_config(config).model)
    arrays = np.load(batch)
    forward_and_backward = bare_pass(
        model, tf.constant(arrays[names.IMAGE]), tf.constant(arrays[names.TRUE_IMAGE_SHAPE])
    )
    seconds = seconds_by_turn(lambda: [float(forward_and_backward()[0]) for _ in range(PASSES_A_TURN)], int(turns))
    print(json.dumps({"seconds": [of_turn / PASSES_A_TURN for of_turn in seconds]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
