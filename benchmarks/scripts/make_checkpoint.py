"""Writes a checkpoint `ckpt-0` with all variables of the model of a pipeline.config, as the zoo lays them out.

usage: make_checkpoint.py PIPELINE_CONFIG FOLDER [CHECKPOINT]

The weights are CHECKPOINT's; without one they are drawn so that signals neither vanish nor explode, since with the
original's own first weights all scores would be the same.
"""

import sys

import numpy as np
import tensorflow as tf
from object_detection.builders import model_builder
from object_detection.utils import config_util


def draw_weights(variables: list[tf.Variable]) -> None:
    rng = np.random.default_rng(0)
    for variable in variables:
        if variable.dtype != tf.float32:
            continue
        kind = variable.name.split("/")[-1].split(":")[0]
        shape = variable.shape
        if kind in ("moving_variance", "gamma"):
            value = rng.uniform(0.8, 1.2, shape)
        elif len(shape) < 2:
            value = 0.1 * rng.standard_normal(shape)
        else:
            inputs = np.prod(shape[:2]) if "depthwise" in kind else np.prod(shape[:-1])
            gain = 0.3 if "Predictor" in variable.name else 1.0
            value = gain * np.sqrt(2 / inputs) * rng.standard_normal(shape)
        variable.assign(value.astype(np.float32))


def main(config: str, folder: str, start: str = "") -> None:
    model = model_builder.build(config_util.get_configs_from_pipeline_file(config)["model"], is_training=False)
    images, shapes = model.preprocess(tf.zeros([1, 320, 320, 3]))
    model.predict(images, shapes)  # makes the variables
    checkpoint = tf.train.Checkpoint(model=model)
    if start:
        checkpoint.restore(start).expect_partial().assert_existing_objects_matched()
    else:
        draw_weights(model.variables)
    tf.train.CheckpointManager(checkpoint, folder, max_to_keep=1).save(checkpoint_number=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
