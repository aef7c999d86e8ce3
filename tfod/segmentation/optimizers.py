"""Optimizers by name, and the average of the weights that evaluation and export use."""

import warnings

import tensorflow as tf
import tf_keras as keras

from tfod.errors import ConfigError
from tfod.training.averages import keep_averages
from tfod.training.optimizers import Rate

__all__ = ["OPTIMIZERS", "make_optimizer"]

OPTIMIZERS = ("adam", "adamw", "sgd", "tfa.NAME")
_MOMENTUM = 0.9
# Decay pulls a weight towards zero; scales and offsets of normalisation, and biases, have no reason to be there.
_NOT_DECAYED = ["bias", "gamma", "beta"]


def make_optimizer(
    name: str, rate: Rate, *, weight_decay: float, average_decay: float, model: tf.Module
) -> keras.optimizers.legacy.Optimizer:
    """The optimizer of a name, with averages of all variables of `model` where `average_decay` is above 0.

    Args:
      name: `adam`, `adamw`, `sgd` (with Nesterov's momentum), or `tfa.` and a class of tensorflow-addons.
      rate: Gives the learning rate of the next update.
      weight_decay: For adamw, and those of tensorflow-addons that take it.
      average_decay: The share of the old average that a step keeps, once there have been enough steps; 0 for none.
      model: The variables, in the order of the checkpoint's layout.

    Raises ConfigError for an unknown name, and for `tfa.` where tensorflow-addons is not installed.
    """
    optimizer = _base(name, rate, weight_decay)
    if not average_decay:
        return optimizer
    # Of batch normalisation's statistics too: those of other weights would not fit the averages.
    return keep_averages(optimizer, model, average_decay, statistics=True)


def _base(name: str, rate: Rate, weight_decay: float) -> keras.optimizers.legacy.Optimizer:
    legacy = keras.optimizers.legacy
    if name == "adam":
        return legacy.Adam(rate)
    if name == "sgd":
        return legacy.SGD(rate, momentum=_MOMENTUM, nesterov=True)
    if name == "adamw":
        from official.modeling.optimization.legacy_adamw import AdamWeightDecay

        return AdamWeightDecay(
            rate, weight_decay_rate=weight_decay, exclude_from_weight_decay=_NOT_DECAYED, gradient_clip_norm=0.0
        )
    if name.startswith("tfa."):
        return _addon(name.removeprefix("tfa."), rate, weight_decay)
    raise ConfigError(f"the optimizer {name!r} is unknown", "--optimizer", f"choose one of {', '.join(OPTIMIZERS)}")


def _addon(name: str, rate: Rate, weight_decay: float) -> keras.optimizers.legacy.Optimizer:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it announces its end of life
            import tensorflow_addons as tfa
    except ImportError as error:
        cure = "use adam, adamw or sgd; tensorflow-addons exists for Python 3.10 and 3.11 alone"
        raise ConfigError("tensorflow-addons is not installed", f"--optimizer tfa.{name}", cure) from error
    found = getattr(tfa.optimizers, name, None)
    if not (isinstance(found, type) and issubclass(found, keras.optimizers.legacy.Optimizer)):
        cure = "name a class of tfa.optimizers, as in tfa.LAMB"
        raise ConfigError(f"tensorflow-addons has no optimizer {name!r}", "--optimizer", cure)
    for settings in ({"weight_decay": weight_decay}, {}):
        try:
            return found(learning_rate=rate, **settings)
        except TypeError:
            continue  # not all take a weight decay
    raise ConfigError(
        f"tfa.{name} needs more than a learning rate", "--optimizer", "choose an optimizer that does not wrap another"
    )
