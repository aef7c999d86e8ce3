"""Which variables a run trains, and how fast."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import tensorflow as tf

from tfod.checkpoints.keys import variable_keys
from tfod.config.faults.fault import refuse
from tfod.config.faults.training import expression_faults
from tfod.errors import ConfigError

__all__ = ["Selection", "select_variables"]

_BIAS = "/bias"
_EXAMPLES = 4


@dataclass(frozen=True)
class Selection:
    """The variables that are trained, and for each the number that its gradients are multiplied by."""

    variables: list[tf.Variable]
    multipliers: tuple[float, ...]

    def scale(self, gradients: Sequence[tf.Tensor | None]) -> list[tf.Tensor | None]:
        """Gradients of the variables, in their order, each times its multiplier; None where there is none.

        They are float32, each `[...]` as its variable.
        """
        pairs = zip(gradients, self.multipliers, strict=True)
        return [g if g is None or by == 1.0 else g * by for g, by in pairs]


def select_variables(
    layout: tf.Module,
    *,
    update: Sequence[str] = (),
    freeze: Sequence[str] = (),
    bias_multiplier: float = 1.0,
    where: str = "train_config",
) -> Selection:
    """What `update_trainable_variables`, `freeze_variables` and `bias_grad_multiplier` leave to be trained.

    Both lists hold regular expressions; one that is found anywhere in a variable's name in checkpoints, such as
    `model/_feature_extractor/classification_backbone/layer_with_weights-0/kernel`, means that variable. (The original
    knows these fields under TensorFlow 1 alone.) Frozen batch normalisation still follows the batches with its
    averages; `freeze_batchnorm` stops that.

    Args:
      layout: The variables under their names in checkpoints. Its order is that of the original's optimizer slots and of
        clipping, and the selection keeps it.
      update: What is trained; all if empty.
      freeze: What of it is not.
      bias_multiplier: Of the gradients of biases.
      where: The message of the config that the lists are from.

    Raises ConfigError for an expression that is none, or means no variable, and where nothing is left to train.
    """
    names = {key: variable for key, variable in variable_keys(model=layout).items() if variable.trainable}
    refuse(expression_faults("freeze_variables", freeze), where)
    refuse(expression_faults("update_trainable_variables", update), where)
    frozen = _meant(freeze, names, f"{where}.freeze_variables")
    chosen = _meant(update, names, f"{where}.update_trainable_variables") or set(names)
    kept = {id(names[name]) for name in chosen - frozen}
    variables = [variable for variable in layout.trainable_variables if id(variable) in kept]
    if not variables:
        cure = "let them leave some variables"
        raise ConfigError("nothing is left to train", f"{where}.freeze_variables", cure)
    biases = {id(variable) for name, variable in names.items() if name.endswith(_BIAS)}
    return Selection(variables, tuple(bias_multiplier if id(variable) in biases else 1.0 for variable in variables))


def _meant(patterns: Iterable[str], names: Iterable[str], field: str) -> set[str]:
    meant = set()
    for number, pattern in enumerate(patterns):
        where = f"{field}[{number}]"
        found = [name for name in names if re.search(pattern, name)]
        if not found:
            examples = ", ".join(_spread(list(names), _EXAMPLES))
            raise ConfigError(f"no variable has {pattern!r} in its name", where, f"names are like {examples}")
        meant.update(found)
    return meant


def _spread(names: list[str], count: int) -> list[str]:
    """Some names from all parts of a list."""
    return names[:: max(1, len(names) // count)][:count]
