"""Layers that run one after the other.

Letters: `B` images, `H W` pixels of features, `C` and `D` channels before and after.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

__all__ = ["RandomStep", "Sequential", "Step", "plain_step", "sequences_of"]

Step = Callable[[tf.Tensor, bool], tf.Tensor]
"""From features, and whether the model trains, to features."""


@dataclass(frozen=True)
class RandomStep:
    """A layer that draws, so that to run it twice gives two results."""

    layer: keras.layers.Dropout

    def __call__(self, features: tf.Tensor, training: bool) -> tf.Tensor:
        """Features `[B, H, W, C]` of such, float32 or bfloat16."""
        return self.layer(features, training=training)


class Sequential(tf.Module):
    """Layers, each of which takes what the one before gives.

    What runs is `steps`, at first one for each layer. A pass over a finished model may replace them by others that
    compute the same in less time or memory: `tfod.models.layers.cpu_kernels.use_cpu_kernels` when a model is built,
    `tfod.models.layers.recomputation.recompute_features` when it is to train, `tfod.export.fold` when it is exported.

    Attributes:
      layers: The layers; they keep the variables, whatever the steps are.
      steps: What is run.
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], name: str | None = None) -> None:
        super().__init__(name=name)
        self.layers = list(layers)
        self.steps: tuple[Step, ...] = tuple(map(plain_step, layers))

    def __call__(self, features: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Features `[B, H', W', D]` of features `[B, H, W, C]`, float32 or bfloat16."""
        for step in self.steps:
            features = step(features, training)
        return features


def plain_step(layer: keras.layers.Layer) -> Step:
    """The step that calls a layer; few of them have to be told whether they train."""
    if isinstance(layer, keras.layers.Dropout):
        return RandomStep(layer)
    if isinstance(layer, keras.layers.BatchNormalization):
        return lambda features, training: layer(features, training=training)
    return lambda features, training: layer(features)


def sequences_of(model: tf.Module) -> Iterator[Sequential]:
    """All the sequences of a model, in an order that is the same each time; of lists, in the order of the list."""
    return (module for module in (model, *model.submodules) if isinstance(module, Sequential))
