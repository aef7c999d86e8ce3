"""The physical limit of a training step: the network forward and backward, without targets, losses or optimizer.

usage: bare_step.py PIPELINE_CONFIG BATCH.npz WARM_UP STEPS

Prints {"seconds": median seconds a pass}.
"""

import json
import sys

import numpy as np
import tensorflow as tf
from repeated import median_seconds

from tfod import names
from tfod.config.pipeline import read_pipeline_config
from tfod.models.factory import build_model


def bare_pass(model, images, shapes):
    """A function that runs the model's network forward and backward on one batch, and returns the gradients' sums."""

    @tf.function(autograph=False)
    def forward_and_backward():
        with tf.GradientTape() as tape:
            prediction = model.predict(images, shapes, training=True)
            outputs = [prediction[names.BOX_ENCODINGS], prediction[names.CLASS_PREDICTIONS]]
            total = tf.add_n([tf.reduce_mean(tf.square(output)) for output in outputs])
        gradients = tape.gradient(total, model.trainable_variables)
        return [tf.reduce_sum(gradient) for gradient in gradients]

    return forward_and_backward


def main(config: str, batch: str, warm_up: str, steps: str) -> None:
    model = build_model(read_pipeline_config(config).model)
    arrays = np.load(batch)
    forward_and_backward = bare_pass(
        model, tf.constant(arrays[names.IMAGE]), tf.constant(arrays[names.TRUE_IMAGE_SHAPE])
    )
    seconds = median_seconds(lambda _: float(forward_and_backward()[0]), int(warm_up), int(steps))
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
