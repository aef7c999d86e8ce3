"""Layers whose weights a checkpoint names by their place in the network."""

from collections.abc import Sequence

import tensorflow as tf
import tf_keras as keras

__all__ = ["apply_layers", "name_layers_with_weights"]


def apply_layers(layers: Sequence[keras.layers.Layer], features: tf.Tensor, *, training: bool) -> tf.Tensor:
    """Runs features through layers, one after the other; only normalisation has to know whether they train."""
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            features = layer(features, training=training)
        else:
            features = layer(features)
    return features


def name_layers_with_weights(owner: tf.Module, layers: Sequence[keras.layers.Layer]) -> None:
    """Makes `layers` children of `owner` named `layer_with_weights-0`, `-1`, ..., as Keras names those of a model.

    Checkpoints of the model zoo have these names.
    """
    for number, layer in enumerate(layers):
        setattr(owner, f"layer_with_weights-{number}", layer)
