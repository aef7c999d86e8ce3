"""What we compute for a parity case, under the names that a case has; also what it costs to say so of a folder.

usage: our_case.py CASE_FOLDER OUTPUT.npz

Prints {"parameters": trainable numbers, "keys": variables of the checkpoint, "keys_matched": those that the original
has under the same name in the same shape}.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfod import names
from tfod.checkpoints.keys import variable_keys
from tfod.models.build import build_model
from tfod.models.faster_rcnn.detector import FasterRCNN
from tfod.models.layers.cpu_kernels import use_cpu_kernels
from tfod.models.layers.normalization import FreezableBatchNormalization

if __package__:
    from benchmarks.scripts.parity_rules import ellipse, flattened, weight
else:
    from parity_rules import ellipse, flattened, weight

Arrays = dict[str, np.ndarray]


def filled_model(config: Any, case: dict[str, Any]) -> Any:
    """The model of a `model` message, every variable filled from its name in the case's checkpoint."""
    model = build_model(config)
    for key, variable in case_variables(model, case).items():
        variable.assign(weight(key, tuple(variable.shape), case.get("kernel_gain", 1.0)))
    return model


def case_variables(model: Any, case: dict[str, Any]) -> dict[str, tf.Variable]:
    """The variables of a model by the keys of the case's checkpoint, without suffix."""
    return model.checkpoint_layout().named.variables if _is_tf1(case) else variable_keys(model=model)


def _is_tf1(case: dict[str, Any]) -> bool:
    return case.get("names") == "tf1"


def inference(model: Any, pictures: np.ndarray) -> Arrays:
    """Input, predictions and detections of pictures float32 `[2, H, W, 3]`."""

    @tf.function(autograph=False)
    def run(pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs, shapes = model.preprocess(pictures)
        prediction = model.predict(inputs, shapes, training=False)
        detections = model.postprocess(prediction, shapes)
        outputs = {"preprocessed": inputs, "true_image_shapes": shapes}
        outputs |= {f"prediction/{name}": value for name, value in flattened(prediction).items()}
        return outputs | {f"detection/{name}": value for name, value in detections.items()}

    return {name: value.numpy() for name, value in run(tf.constant(pictures)).items()}


def losses_and_gradients(model: Any, pictures: np.ndarray, case: dict[str, Any]) -> tuple[dict[str, float], Arrays]:
    """Losses, and the norm of the gradient of their sum for each trainable variable (NaN where there is none).

    As the cases that exist, with the statistics stored in batch normalisation: the original gives their numbers with
    Keras' learning phase set to 0, whatever their README says. Those of TensorFlow 1 have those of the batch. Two
    stages learn from a sample of proposals, which the original draws in both cases.
    """
    if not _is_tf1(case) and isinstance(model, FasterRCNN):
        with stored_statistics(model):
            return _losses_and_gradients(model, pictures, case, training=True)
    return _losses_and_gradients(model, pictures, case, training=_is_tf1(case))


def _losses_and_gradients(
    model: Any, pictures: np.ndarray, case: dict[str, Any], *, training: bool
) -> tuple[dict[str, float], Arrays]:
    inputs, shapes = model.preprocess(tf.constant(pictures))
    trainable = {key: v for key, v in case_variables(model, case).items() if v.trainable}
    before = [variable.numpy() for variable in model.variables]

    @tf.function(autograph=False)
    def run() -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            labels = ground_truth(case, model.num_classes, tuple(inputs.shape[1:3]))
            prediction = model.predict(inputs, shapes, labels=labels, training=training)
            losses = model.loss(prediction, labels, training=True)
            losses["regularization"] = model.regularization_loss()
            losses["total"] = tf.add_n(list(losses.values()))
        gradients = tape.gradient(losses["total"], list(trainable.values()))
        return losses, [tf.constant(np.nan) if one is None else tf.norm(one) for one in gradients]

    losses, norms = run()
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    return {name: float(value) for name, value in losses.items()}, dict(zip(trainable, map(float, norms), strict=True))


@contextmanager
def stored_statistics(model: Any) -> Iterator[None]:
    """Within it a model uses the stored statistics of batch normalisation while it trains."""
    norms = [layer for layer in model.submodules if isinstance(layer, FreezableBatchNormalization)]
    frozen = [layer.frozen for layer in norms]
    for layer in norms:
        layer.frozen = True
    use_cpu_kernels(model)
    yield
    for layer, value in zip(norms, frozen, strict=True):
        layer.frozen = value
    use_cpu_kernels(model)


def ground_truth(case: dict[str, Any], num_classes: int, size: tuple[int, int]) -> dict[str, tf.Tensor]:
    """The padded labels of a case, masks for inputs of the `size`, height and width."""
    boxes, classes = case["groundtruth_boxes"], case["groundtruth_classes"]
    most = max(map(len, boxes))
    padded_boxes = np.zeros([len(boxes), most, 4], np.float32)
    one_hot = np.zeros([len(boxes), most, num_classes], np.float32)
    weights = np.zeros([len(boxes), most], np.float32)
    for image, (image_boxes, image_classes) in enumerate(zip(boxes, classes, strict=True)):
        padded_boxes[image, : len(image_boxes)] = image_boxes
        one_hot[image, range(len(image_classes)), image_classes] = 1
        weights[image, : len(image_boxes)] = 1
    masks = {}
    if case.get("groundtruth_masks") == "ellipses":
        drawn = np.stack([np.stack([ellipse(box, *size) for box in image]) for image in padded_boxes])
        masks[names.GROUNDTRUTH_INSTANCE_MASKS] = tf.constant(drawn)
    return {
        **masks,
        names.NUM_GROUNDTRUTH_BOXES: tf.constant([len(image) for image in boxes]),
        names.GROUNDTRUTH_BOXES: tf.constant(padded_boxes),
        names.GROUNDTRUTH_CLASSES: tf.constant(one_hot),
        names.GROUNDTRUTH_WEIGHTS: tf.constant(weights),
    }


def main(folder: str, output: str) -> None:
    from parity_rules import pictures, sample

    from tfod.config.pipeline import read_pipeline_config

    case = json.loads((Path(folder) / "case.json").read_text())
    images = pictures(case["image_height"], case["image_width"])
    config = read_pipeline_config(Path(folder) / "pipeline.config").model
    model = filled_model(config, case)
    arrays = {name: sample(name, array) for name, array in inference(model, images).items()}
    losses, norms = losses_and_gradients(model, images, case)
    arrays |= {f"loss/{name}": np.float32(value) for name, value in losses.items()}
    known = {key: norm for key, norm in norms.items() if not np.isnan(norm)}
    arrays["gradient_norms/keys"] = np.array(list(known))
    arrays["gradient_norms/values"] = np.array(list(known.values()))
    np.savez(output, **arrays)

    ours = {key: tuple(variable.shape) for key, variable in case_variables(model, case).items()}
    rows = (line.split("\t") for line in (Path(folder) / "variables.tsv").read_text().splitlines())
    theirs = {key.split("/.ATTR")[0]: tuple(int(side) for side in shape.split(",") if side) for key, shape, _ in rows}
    matched = sum(theirs.get(key) == shape for key, shape in ours.items())
    parameters = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    print(json.dumps({"parameters": parameters, "keys": len(theirs), "keys_matched": matched}))


if __name__ == "__main__":
    main(*sys.argv[1:])
