"""What one side's two-stage model samples and loses, in draw after draw from the same images and weights.

usage: sampled_losses.py ours|original PIPELINE_CONFIG DRAWS

Weights are filled by the rules of parity cases and never change, so that draws differ by what is sampled alone. Prints
{statistic: [its value in each draw]}: the losses, and how many positive and negative anchors (`first`) and proposals
(`second`) of two images count.
"""

import json
import sys

import tensorflow as tf
from parity_rules import pictures
from training_steps import CASE

_CASE = CASE | {"kernel_gain": 0.6}
_COUNTS = [f"{stage} {kind}" for stage in ("first", "second") for kind in ("positives", "negatives")]


class Counts:
    """How many positives and negatives samplers have drawn since the last reading."""

    def __init__(self):
        self._counts = dict.fromkeys(_COUNTS, 0)

    def of(self, stage, positive, drawn):
        """`drawn`, a tensor of any shape, not before it is counted; `positive` is bool of the same shape."""

        def count(positive, drawn):
            self._counts[f"{stage} positives"] += int((drawn * positive).sum())
            self._counts[f"{stage} negatives"] += int((drawn * ~positive).sum())
            return drawn

        counted = tf.numpy_function(count, [positive, tf.cast(drawn, tf.float32)], tf.float32)
        return tf.cast(tf.reshape(counted, tf.shape(drawn)), drawn.dtype)

    def read(self):
        found, self._counts = self._counts, dict.fromkeys(_COUNTS, 0)
        return found


def our_losses(config_path, counts):
    import dataclasses

    import our_case

    from tfod.config.pipeline import read_pipeline_config

    model = our_case.filled_model(read_pipeline_config(config_path).model, _CASE)
    first, second = model._first, model._second

    def counted(sampler, stage):
        return lambda positive, eligible: counts.of(stage, positive, sampler(positive, eligible))

    loss = dataclasses.replace(first.loss, sampler=counted(first.loss.sampler, "first"))
    sampler = dataclasses.replace(second.sampler, sampler=counted(second.sampler.sampler, "second"))
    model._first = dataclasses.replace(first, loss=loss)
    model._second = dataclasses.replace(second, sampler=sampler)
    images = tf.constant(pictures(_CASE["image_height"], _CASE["image_width"]))
    inputs, shapes = model.preprocess(images)
    labels = our_case.ground_truth(_CASE, model.num_classes, tuple(inputs.shape[1:3]))

    @tf.function(autograph=False)
    def losses():
        return model.loss(model.predict(inputs, shapes, labels=labels, training=True), labels, training=True)

    def with_stored_statistics():
        with our_case.stored_statistics(model):
            return losses()

    return with_stored_statistics


def original_losses(config_path, counts):
    from original_case import build, fill, provide

    tf.keras.backend.set_learning_phase(False)
    model = build(config_path, is_training=True)
    images = tf.constant(pictures(_CASE["image_height"], _CASE["image_width"]))
    provide(model, _CASE, images)
    fill(model, images, _CASE["kernel_gain"])
    for stage, sampler in (("first", model._first_stage_sampler), ("second", model._second_stage_sampler)):

        def subsample(indicator, size, labels, stage=stage, draw=sampler.subsample, **more):
            return counts.of(stage, labels, draw(indicator, size, labels, **more))

        sampler.subsample = subsample

    @tf.function
    def losses():
        inputs, shapes = model.preprocess(images)
        return model.loss(model.predict(inputs, shapes), shapes)

    return losses


def main(side, config, draws):
    counts = Counts()
    losses = {"ours": our_losses, "original": original_losses}[side](config, counts)
    losses()
    counts.read()
    drawn = [{name: float(value) for name, value in losses().items()} | counts.read() for _ in range(int(draws))]
    print(json.dumps({name: [one[name] for one in drawn] for name in drawn[0]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
