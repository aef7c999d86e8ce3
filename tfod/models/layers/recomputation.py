"""Training in less memory: features inside a block are computed again when their gradients are, instead of being kept.

It takes the time of a second forward pass. Letters: `B` images, `H W` pixels of features, `C` and `D` channels.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tfod.models.layers.block import Block
from tfod.models.layers.normalization import keeping_averages
from tfod.models.layers.sequential import RandomStep, Step, sequences_of

__all__ = ["recompute_features"]

Compute = Callable[..., tf.Tensor]


def recompute_features(model: tf.Module) -> None:
    """Lets the blocks of a finished model, and the sequences outside of them, keep their inputs alone while they train.

    Losses, gradients and moving averages stay what they are. Comes after the passes that choose kernels.
    """
    inside: set[int] = set()
    for module in model.submodules:
        if isinstance(module, Block) and not _spans_devices(module):
            module.run = _of_block(module)
            inside |= {id(sequence) for sequence in sequences_of(module)}
    for sequence in sequences_of(model):
        if id(sequence) not in inside and not _spans_devices(sequence):
            sequence.steps = tuple(_forgetful(sequence.steps))


def _spans_devices(part: tf.Module) -> bool:
    """Whether statistics are those of several devices, which would have to come together in the backward pass too."""
    return any(isinstance(one, keras.layers.BatchNormalization) and one.synchronized for one in part.submodules)


def _of_block(block: Block) -> Compute:
    train = _recomputed(lambda *features: block.compute(*features, training=True))
    return lambda *features, training: train(*features) if training else block.compute(*features, training=False)


def _forgetful(steps: Sequence[Step]) -> Iterator[Step]:
    # What is drawn at random is drawn once; a single step keeps little beside its input.
    for draws, group in groupby(steps, lambda step: isinstance(step, RandomStep)):
        members = tuple(group)
        yield from members if draws or len(members) == 1 else [_of_steps(members)]


def _of_steps(steps: Sequence[Step]) -> Step:
    def run(features: tf.Tensor, training: bool) -> tf.Tensor:
        for step in steps:
            features = step(features, training)
        return features

    train = _recomputed(lambda features: run(features, True))
    return lambda features, training: train(features) if training else run(features, False)


def _recomputed(compute: Compute) -> Compute:
    """`compute`, which trains, with a gradient that keeps nothing but its inputs."""

    @tf.custom_gradient
    def train(*inputs: tf.Tensor) -> tuple[tf.Tensor, object]:
        def gradient(upstream: tf.Tensor, variables: Sequence[tf.Variable] = ()) -> Any:
            # Without this TensorFlow would do the second pass with the first, and find that it has the results already.
            with tf.control_dependencies([upstream]):
                again = [tf.identity(one) for one in inputs]
            with tf.GradientTape(watch_accessed_variables=False) as tape, keeping_averages():
                tape.watch([*again, *variables])
                output = compute(*again)
            of_inputs, of_variables = tape.gradient(output, (again, list(variables)), upstream)
            return (of_inputs, of_variables) if variables else of_inputs

        return compute(*inputs), gradient

    return train
