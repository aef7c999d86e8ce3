"""Runs a model of any format with `tfod.Detector`, image by image.

usage: detect.py MODEL BATCH.npz WARM_UP CALLS

The images of the batch, 480x640 uint8, take turns. Prints {"seconds": median seconds a call, "scores": the highest
score on each image}.
"""

import json
import sys

import numpy as np
from repeated import median_seconds

import tfod


def main(model: str, batch: str, warm_up: str, calls: str) -> None:
    detector = tfod.Detector(model)
    with np.load(batch) as arrays:
        images = list(arrays["pictures"])
    scores = [float(detector(image).scores.max()) for image in images]
    seconds = median_seconds(lambda number: detector(images[number % len(images)]), int(warm_up), int(calls))
    print(json.dumps({"seconds": seconds, "scores": scores}))


if __name__ == "__main__":
    main(*sys.argv[1:])
