"""The optimizers of pipeline.config, with the original's arithmetic and its keys in checkpoints.

The legacy classes are not a leftover: newer Keras optimizers keep their slots under other keys, so that neither
side could continue the other's training, and they apply an update in many small operations instead of one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tfod.errors import ConfigError
from tfod.models.detection_model import DetectionModel
from tfod.protos import optimizer_pb2
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.training import schedules
from tfod.training.schedules import Schedule

__all__ = ["averaged_weights", "averages_for_evaluation", "clip_gradients", "create_slots", "from_config"]


def from_config(message: optimizer_pb2.Optimizer, step: Any) -> tuple[Any, Schedule]:
    """The optimizer that an `optimizer { ... }` of pipeline.config describes, and its learning rates.

    `step` is an int64 scalar variable, the number of updates made so far.
    """
    kind = message.WhichOneof("optimizer")
    if kind is None:
        cure = "add one of momentum_optimizer, adam_optimizer or rms_prop_optimizer"
        raise ConfigError("no optimizer is chosen", "train_config.optimizer", cure)
    schedule = schedules.from_config(getattr(message, kind).learning_rate)
    optimizer = _base_optimizer(message, lambda: schedule(step))
    if not message.use_moving_average:
        return optimizer, schedule
    # Imported only where it is asked for: the package behind it takes a while to load.
    from official.modeling.optimization import ExponentialMovingAverage

    return ExponentialMovingAverage(optimizer, average_decay=message.moving_average_decay), schedule


def _base_optimizer(message: optimizer_pb2.Optimizer, rate: Callable[[], Any]) -> Any:
    legacy = keras.optimizers.legacy
    kind = message.WhichOneof("optimizer")
    if kind == "momentum_optimizer":
        return legacy.SGD(rate, momentum=message.momentum_optimizer.momentum_optimizer_value)
    if kind == "adam_optimizer":
        return legacy.Adam(rate, epsilon=message.adam_optimizer.epsilon)
    config = message.rms_prop_optimizer
    # The config's `decay` lowers the learning rate over time and leaves rho at 0.9. That is an old mistake of
    # the original, kept because configs were tuned with it.
    momentum = config.momentum_optimizer_value
    return legacy.RMSprop(rate, decay=config.decay, momentum=momentum, epsilon=config.epsilon)


def create_slots(optimizer: Any, variables: Sequence[Any]) -> None:
    """Makes the optimizer's variables now, with the values that a checkpoint restored before has for them.

    It would do so by itself while the first step is traced, and that would have the step traced a second time.
    """
    optimizer._create_all_weights(variables)


def clip_gradients(gradients: Sequence[Any], norm: float) -> Sequence[Any]:
    """Scales all gradients by one factor so that their joint L2 norm is at most `norm`; 0 leaves them as they are."""
    if norm <= 0:
        return gradients
    clipped, _ = tf.clip_by_global_norm(gradients, norm)
    return clipped


def averages_for_evaluation(config: TrainEvalPipelineConfig, model: DetectionModel, step: Any) -> Any | None:
    """The optimizer that keeps the moving averages to evaluate with; None if the config does not ask for them.

    They are in it once a checkpoint has been restored. Raises ConfigError where training keeps none.
    """
    if not config.eval_config.use_moving_averages:
        return None
    if not config.train_config.optimizer.use_moving_average:
        what = "the evaluation is to use moving averages, but training keeps none"
        cure = "--set eval_config.use_moving_averages=false"
        raise ConfigError(what, "train_config.optimizer.use_moving_average", cure)
    optimizer, _ = from_config(config.train_config.optimizer, step)
    optimizer.shadow_copy(model)
    return optimizer


@contextmanager
def averaged_weights(optimizer: Any, variables: Sequence[Any]) -> Iterator[None]:
    """Within it `variables` have their moving averages; afterwards exactly their own values again.

    An optimizer without moving averages changes nothing. The optimizer's own `swap_weights` adds and subtracts,
    which would leave rounding errors in weights that go on being trained.
    """
    averaged = variables if getattr(optimizer, "has_shadow_copy", False) else []
    own = [variable.read_value() for variable in averaged]
    for variable in averaged:
        variable.assign(optimizer.get_slot(variable, "average"))
    try:
        yield
    finally:
        for variable, value in zip(averaged, own, strict=True):
            variable.assign(value)
