"""The training step of each side, as a function of a batch, and batches that both sides can make.

Weights are filled by the rules of parity cases, pictures drawn by theirs: nothing is stored.
"""

import numpy as np
import tensorflow as tf

if __package__:
    from benchmarks.scripts.parity_rules import ellipse, pictures, weight
else:
    from parity_rules import ellipse, pictures, weight

BOXES = [[0.1, 0.1, 0.5, 0.4], [0.3, 0.5, 0.9, 0.95], [0.05, 0.6, 0.25, 0.7], [0.2, 0.2, 0.8, 0.8]]
CASE = {  # two pictures, three objects in the first and one in the second
    "image_height": 240,
    "image_width": 320,
    "groundtruth_boxes": [BOXES[:3], BOXES[3:]],
    "groundtruth_classes": [[0, 1, 89], [0]],
}
ROWS = 100  # to which both sides pad ground truth
_SHIFT = 40  # pixels between the pictures of one batch and of the next


def batch_of(preprocess, batch_size, num_classes, number=0, *, masks=False):
    """Features and labels of a batch: two pictures in turn, moved along the row by the number of the batch."""
    two = np.roll(pictures(480, 640), _SHIFT * number, axis=2)
    inputs, shapes = preprocess(tf.constant(two[np.arange(batch_size) % 2]))
    features = {"image": tf.constant(inputs.numpy()), "true_image_shape": tf.constant(shapes.numpy())}
    return features, labels(batch_size, num_classes) | (mask_labels(batch_size, inputs.shape[1:3]) if masks else {})


def mask_labels(batch_size, size):
    """An ellipse in the box of each object, for inputs of the size, with padding."""
    drawn = np.zeros([batch_size, ROWS, *size], np.float32)
    drawn[:, : len(BOXES)] = [ellipse(box, *size) for box in BOXES]
    return {"groundtruth_instance_masks": tf.constant(drawn)}


def labels(batch_size, num_classes):
    """The same objects of different classes in every picture, with padding."""
    boxes = np.zeros([batch_size, ROWS, 4], np.float32)
    boxes[:, : len(BOXES)] = BOXES
    classes = np.zeros([batch_size, ROWS, num_classes], np.float32)
    classes[:, range(len(BOXES)), np.arange(len(BOXES)) % num_classes] = 1
    weights = np.zeros([batch_size, ROWS], np.float32)
    weights[:, : len(BOXES)] = 1
    return {
        "groundtruth_boxes": tf.constant(boxes),
        "groundtruth_classes": tf.constant(classes),
        "groundtruth_weights": tf.constant(weights),
        "num_groundtruth_boxes": tf.fill([batch_size], len(BOXES)),
    }


def our_training(config_path, kernel_gain=1.0):
    """Our model, and a function of features and labels that trains a step and returns its losses by tag."""
    from tfod.checkpoints.keys import variable_keys
    from tfod.config.pipeline import read_pipeline_config
    from tfod.models.build import build_model
    from tfod.training.from_config import selection_from_config
    from tfod.training.optimizer_from_config import optimizer_from_config
    from tfod.training.trainer import Learning, Trainer
    from tfod.training.watch import StepWatch

    config = read_pipeline_config(config_path)
    model = build_model(config.model)
    layout = model.checkpoint_layout().full
    for key, variable in variable_keys(model=layout).items():
        variable.assign(weight(key, tuple(variable.shape), kernel_gain))
    step = tf.Variable(0, dtype=tf.int64)
    optimizer, schedule = optimizer_from_config(config.train_config.optimizer, step, layout)
    watch = StepWatch(0)
    learning = Learning(
        optimizer,
        schedule,
        step,
        selection_from_config(layout, config.train_config),
        regularize=config.train_config.add_regularization_loss,
        clip_norm=config.train_config.gradient_clipping_by_norm,
    )
    trainer = Trainer(model, learning, None, watch)

    def train(features, ground_truth):
        losses = trainer._graph(features, ground_truth)
        return dict(zip(watch.tags, losses, strict=True))

    return model, train


def original_training(config_path, kernel_gain=1.0):
    """The original's, the same way."""
    from object_detection import model_lib_v2
    from object_detection.builders import model_builder, optimizer_builder
    from object_detection.utils import config_util
    from original_case import fill, provide

    configs = config_util.get_configs_from_pipeline_file(config_path)
    train_config = configs["train_config"]
    model = model_builder.build(configs["model"], is_training=True)
    images = tf.constant(pictures(480, 640))
    if configs["model"].HasField("faster_rcnn"):  # whose second stage samples against objects
        provide(model, {"groundtruth_boxes": [BOXES] * 2, "groundtruth_classes": [range(len(BOXES))] * 2}, images)
    fill(model, images, kernel_gain)
    step = tf.Variable(0, dtype=tf.int64)
    optimizer, _ = optimizer_builder.build(train_config.optimizer, global_step=step)

    @tf.function
    def train(features, ground_truth):
        losses = model_lib_v2.eager_train_step(
            model,
            features,
            ground_truth,
            train_config.unpad_groundtruth_tensors,
            optimizer,
            training_step=step,
            add_regularization_loss=train_config.add_regularization_loss,
            clip_gradients_value=train_config.gradient_clipping_by_norm or None,
            num_replicas=1,
        )
        step.assign_add(1)
        return losses

    return model, train
