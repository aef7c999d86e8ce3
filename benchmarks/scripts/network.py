"""The physical limit of detecting: the network alone, on ready input.

usage: network.py PIPELINE_CONFIG BATCH.npz WARM_UP CALLS

Prints {"import": seconds to import TensorFlow, "seconds": median seconds a picture at batch size 1}.
"""

import json
import sys
import time

import numpy as np
from repeated import median_seconds

from tfod import names
from tfod.config.pipeline import read_pipeline_config

start = time.perf_counter()
import tensorflow as tf  # noqa: E402

IMPORT_SECONDS = time.perf_counter() - start


def main(config: str, batch: str, warm_up: str, calls: str) -> None:
    from tfod.models.build import build_model

    model = build_model(read_pipeline_config(config).model)
    arrays = np.load(batch)
    images = [tf.constant(image[None]) for image in arrays[names.IMAGE]]
    shape = tf.constant(arrays[names.TRUE_IMAGE_SHAPE][:1])

    @tf.function(autograph=False)
    def network(image):
        prediction = model.predict(image, shape, training=False)
        return prediction[names.BOX_ENCODINGS], prediction[names.CLASS_PREDICTIONS]

    seconds = median_seconds(lambda number: network(images[number % len(images)])[0].numpy(), int(warm_up), int(calls))
    print(json.dumps({"import": IMPORT_SECONDS, "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
