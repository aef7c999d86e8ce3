"""Runs an exported model picture by picture; TensorFlow alone, so that either side's Python can do it.

usage: infer.py SAVED_MODEL BATCH.npz WARM_UP CALLS

The pictures of the batch, 480x640 uint8, take turns. Prints {"seconds": median seconds a call, "scores": the
highest score on each picture}.
"""

import json
import sys

import numpy as np
import tensorflow as tf
from repeated import median_seconds


def main(saved_model: str, batch: str, warm_up: str, calls: str) -> None:
    detect = tf.saved_model.load(saved_model).signatures["serving_default"]
    pictures = [tf.constant(picture[None]) for picture in np.load(batch)["pictures"]]
    scores = [float(tf.reduce_max(detect(input_tensor=picture)["detection_scores"])) for picture in pictures]
    seconds = median_seconds(
        lambda number: detect(input_tensor=pictures[number % len(pictures)])["detection_scores"].numpy(),
        int(warm_up),
        int(calls),
    )
    print(json.dumps({"seconds": seconds, "scores": scores}))


if __name__ == "__main__":
    main(*sys.argv[1:])
