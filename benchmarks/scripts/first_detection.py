"""Finds the objects on one image, in a process that is new to the model.

usage: first_detection.py plain|detector MODEL BATCH.npz

`plain` is a SavedModel in TensorFlow alone, so that either side's Python can do it; `detector` is `tfod.Detector`.
Prints {"at": seconds since the epoch, when the boxes were there, "score": the highest}.
"""

import json
import sys
import time

import numpy as np


def main(how: str, model: str, batch: str) -> None:
    with np.load(batch) as arrays:
        image = arrays["pictures"][0]
    if how == "plain":
        import tensorflow as tf

        found = tf.saved_model.load(model).signatures["serving_default"](input_tensor=tf.constant(image[None]))
        scores = {name: values.numpy() for name, values in found.items()}["detection_scores"]
    else:
        import tfod

        scores = tfod.Detector(model)(image).scores
    print(json.dumps({"at": time.time(), "score": float(scores.max())}))


if __name__ == "__main__":
    main(*sys.argv[1:])
