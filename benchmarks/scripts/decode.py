"""The physical limit of an input pipeline: the JPEG decoder alone, on all cores, fed from memory.

usage: decode.py PASSES PICTURE...

Prints {"seconds": seconds a picture}; the first pass, which warms up, is left out.
"""

import json
import sys
import time
from pathlib import Path

import tensorflow as tf


def main(passes: str, *pictures: str) -> None:
    encoded = tf.constant([Path(picture).read_bytes() for picture in pictures])
    dataset = tf.data.Dataset.from_tensor_slices(encoded).map(
        lambda content: tf.reduce_max(tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE")),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=False,
    )
    seconds = []
    for _ in range(int(passes) + 1):
        start = time.perf_counter()
        for _ in dataset.batch(64):
            pass
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": sum(seconds[1:]) / int(passes) / len(pictures)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
