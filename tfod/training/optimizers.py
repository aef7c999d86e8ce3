"""Optimizers with the original's arithmetic and its keys in checkpoints.

The legacy classes are not a leftover: newer Keras optimizers keep their slots under other keys, so that neither
side could continue the other's training, and they apply an update in many small operations instead of one.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf
import tf_keras as keras

__all__ = ["Rate", "adam", "clip_gradients", "create_slots", "momentum", "rms_prop"]

Rate = Callable[[], tf.Tensor]
"""Gives the learning rate of the next update, a float32 scalar."""


def momentum(rate: Rate, *, momentum: float) -> keras.optimizers.legacy.Optimizer:
    """Stochastic gradient descent with momentum."""
    return keras.optimizers.legacy.SGD(rate, momentum=momentum)


def adam(rate: Rate, *, epsilon: float) -> keras.optimizers.legacy.Optimizer:
    """Adam: Kingma and Ba, 2015."""
    return keras.optimizers.legacy.Adam(rate, epsilon=epsilon)


def rms_prop(rate: Rate, *, momentum: float, decay: float, epsilon: float) -> keras.optimizers.legacy.Optimizer:
    """RMSProp with rho 0.9.

    `decay` lowers the learning rate over time and leaves rho as it is. That is an old mistake of the original, kept
    because configs were tuned with it.
    """
    return keras.optimizers.legacy.RMSprop(rate, decay=decay, momentum=momentum, epsilon=epsilon)


def create_slots(optimizer: keras.optimizers.legacy.Optimizer, variables: Sequence[tf.Variable]) -> None:
    """Makes the optimizer's variables now, with the values that a checkpoint restored before has for them.

    It would do so by itself while the first step is traced, and that would have the step traced a second time.
    """
    optimizer._create_all_weights(variables)


def clip_gradients(gradients: Sequence[tf.Tensor | None], norm: float) -> Sequence[tf.Tensor | None]:
    """Scales all gradients by one factor so that their joint L2 norm is at most `norm`; 0 leaves them as they are.

    The gradients are float32 of any shape, `[...]`, or None.
    """
    if norm <= 0:
        return gradients
    clipped, _ = tf.clip_by_global_norm(gradients, norm)
    return clipped
