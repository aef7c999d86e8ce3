"""Layers that are kept for the sake of checkpoints."""

import tf_keras as keras

from tfod.models.layers.conv import Regularizer

__all__ = ["StoredLayer"]

_REGULARIZED = ("kernel", "bias")
_ONES = ("gamma", "moving_variance")
_ZEROS = ("beta", "bias", "moving_mean")


class StoredLayer(keras.layers.Layer):
    """The variables of a layer that is never run.

    Kernels and biases are regularised, which is what changes them; other variables are not trained.

    Args:
      shapes: Of the variables, by their names.
    """

    def __init__(self, regularizer: Regularizer | None, **shapes: tuple[int, ...]) -> None:
        super().__init__()
        for name, shape in shapes.items():
            variable = self.add_weight(
                name=name,
                shape=shape,
                initializer="ones" if name in _ONES else "zeros" if name in _ZEROS else "glorot_uniform",
                regularizer=regularizer if name in _REGULARIZED else None,
                trainable=name in _REGULARIZED,
            )
            setattr(self, name, variable)
