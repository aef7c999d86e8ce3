"""Moving averages of weights: kept by an optimizer, saved with it, used by evaluations."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf
import tf_keras as keras

from tfod.checkpoints.object_reader import CheckpointReader

__all__ = ["averaged_weights", "keep_averages", "restore_averages"]


def keep_averages(
    optimizer: keras.optimizers.legacy.Optimizer, layout: tf.Module, decay: float, *, statistics: bool = False
) -> keras.optimizers.legacy.Optimizer:
    """An optimizer that does what `optimizer` does, and keeps an average of every variable, in the slot `average`.

    Args:
      optimizer: Changes the weights.
      layout: The variables, in the order of the checkpoint's layout.
      decay: The share of the old average that a step keeps, in (0, 1), once there have been enough steps.
      statistics: Whether to average the variables that are not trained too, those of batch normalisation.
    """
    # Imported only where it is asked for: the package behind it takes a while to load.
    from official.modeling.optimization import ExponentialMovingAverage

    averaging = ExponentialMovingAverage(optimizer, trainable_weights_only=not statistics, average_decay=decay)
    averaging.shadow_copy(layout)
    return averaging


def restore_averages(optimizer: keras.optimizers.legacy.Optimizer, layout: tf.Module, prefix: str) -> None:
    """Reads the averages of the variables of `layout` from a run's checkpoint; CheckpointError if it is damaged."""
    CheckpointReader(prefix).verify()  # TensorFlow's own errors do not name the file
    tf.train.Checkpoint(model=layout, optimizer=optimizer).restore(prefix).expect_partial()


@contextmanager
def averaged_weights(
    optimizer: keras.optimizers.legacy.Optimizer | None, variables: Sequence[tf.Variable]
) -> Iterator[None]:
    """Within it `variables` have their moving averages; afterwards exactly their own values again.

    No optimizer, or one without moving averages, changes nothing. The optimizer's own `swap_weights` adds and
    subtracts, which would leave rounding errors in weights that go on being trained.
    """
    averaged = variables if getattr(optimizer, "has_shadow_copy", False) else []
    own = [variable.read_value() for variable in averaged]
    for variable in averaged:
        variable.assign(optimizer.get_slot(variable, "average"))  # type: ignore[union-attr]
    try:
        yield
    finally:
        for variable, value in zip(averaged, own, strict=True):
            variable.assign(value)
