"""Writes what the original's code for TensorFlow 1 computes for a config as a parity case.

usage: original_tf1_case.py PIPELINE_CONFIG CASE.json FOLDER

Like original_case.py, but graphs of TF-Slim, run by TensorFlow 2 with its behaviour switched off, and losses and
gradients of the training graph: batch normalisation has the statistics of the batch where the config trains it.
"""

import json
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf
from parity_rules import ellipse, flattened, pictures, sample, weight
from tf_keras.src import legacy_tf_layers
from tf_keras.src.legacy_tf_layers import normalization

tf.disable_v2_behavior()
# What left TensorFlow, and none of these models uses, but is imported.
for gone in ("contrib", "contrib.image", "contrib.image.python", "contrib.image.python.ops"):
    sys.modules[f"tensorflow.{gone}"] = types.ModuleType(gone)
sys.modules["tensorflow.contrib.image.python.ops"].image_ops = None
np.int = int  # which left NumPy
# Where TF-Slim and TensorFlow look for them.
sys.modules["tensorflow.python.framework.ops"].Tensor = tf.Tensor
sys.modules["tf_keras.legacy_tf_layers"] = legacy_tf_layers
sys.modules["tf_keras.legacy_tf_layers.normalization"] = normalization

from object_detection.builders import model_builder  # noqa: E402 - it asks which behaviour there is
from object_detection.utils import config_util  # noqa: E402


def filled(session, gain):
    session.run(tf.global_variables_initializer())
    for variable in tf.global_variables():
        if variable.dtype.base_dtype == tf.float32:
            variable.load(weight(variable.op.name, tuple(variable.shape.as_list()), gain), session)


def build(config, is_training):
    model = config_util.get_configs_from_pipeline_file(config)["model"]
    return model_builder.build(model, is_training=is_training, add_summaries=False)


def detections_of(config, images, gain):
    with tf.Graph().as_default(), tf.Session() as session:
        model = build(config, is_training=False)
        inputs, shapes = model.preprocess(tf.constant(images))
        prediction = model.predict(inputs, shapes)
        detections = model.postprocess(prediction, shapes)
        variables = {v.op.name: (v.shape.as_list(), v.dtype.base_dtype.name) for v in tf.global_variables()}
        tensors = {"preprocessed": inputs, "true_image_shapes": shapes}
        tensors.update({f"prediction/{name}": value for name, value in flattened(prediction).items()})
        tensors.update({f"detection/{name}": value for name, value in detections.items()})
        tensors.pop("prediction/preprocessed_inputs", None)
        tensors = {name: tf.convert_to_tensor(getattr(v, "get", lambda v=v: v)()) for name, v in tensors.items()}
        filled(session, gain)
        return session.run(tensors), variables


def losses_of(config, images, case, gain):
    with tf.Graph().as_default(), tf.Session() as session:
        model = build(config, is_training=True)
        classes = [tf.one_hot(one, model.num_classes) for one in case["groundtruth_classes"]]
        inputs, shapes = model.preprocess(tf.constant(images))
        masks = None
        if case.get("groundtruth_masks") == "ellipses":
            height, width = (side.value for side in inputs.shape[1:3])
            masks = [
                tf.constant(np.stack([ellipse(box, height, width) for box in one])) for one in case["groundtruth_boxes"]
            ]
        model.provide_groundtruth(
            groundtruth_boxes_list=[tf.constant(one, tf.float32) for one in case["groundtruth_boxes"]],
            groundtruth_classes_list=classes,
            groundtruth_weights_list=[tf.ones([len(one)]) for one in case["groundtruth_classes"]],
            groundtruth_confidences_list=classes,
            groundtruth_masks_list=masks,
        )
        losses = dict(model.loss(model.predict(inputs, shapes), shapes))
        regularization = model.regularization_losses()
        losses["regularization"] = tf.add_n(regularization) if regularization else tf.constant(0.0)
        losses["total"] = tf.add_n(list(losses.values()))
        trainable = tf.trainable_variables()
        gradients = tf.gradients(losses["total"], trainable)
        norms = {v.op.name: tf.norm(one) for v, one in zip(trainable, gradients, strict=True) if one is not None}
        filled(session, gain)
        return session.run((losses, norms))


def main(config, case_path, folder):
    case = json.loads(Path(case_path).read_text())
    gain = case.get("kernel_gain", 1.0)
    images = pictures(case["image_height"], case["image_width"])
    arrays, variables = detections_of(config, images, gain)
    losses, norms = losses_of(config, images, case, gain)
    arrays.update({f"loss/{name}": value for name, value in losses.items()})
    arrays["gradient_norms/keys"] = np.array(list(norms))
    arrays["gradient_norms/values"] = np.array(list(norms.values()))

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(config, folder / "pipeline.config")
    (folder / "case.json").write_text(json.dumps({**case, "names": "tf1"}, indent=1))
    lines = [f"{name}\t{','.join(map(str, shape))}\t{kind}\n" for name, (shape, kind) in sorted(variables.items())]
    (folder / "variables.tsv").write_text("".join(lines))
    np.savez_compressed(folder / "expected.npz", **{name: sample(name, array) for name, array in arrays.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
