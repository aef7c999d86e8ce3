"""Starting to train from a checkpoint of TensorFlow 1, by the names that variables had there."""

from collections.abc import Mapping

from tfod.checkpoints.layout import NamedVariables
from tfod.checkpoints.named_reader import NamedReader
from tfod.checkpoints.report import RestoreReport

__all__ = ["restore_fitting"]


def restore_fitting(named: NamedVariables, reader: NamedReader, checkpoint_type: str, *, heads: bool) -> RestoreReport:
    """Fills what has the same name and shape in the checkpoint, as TensorFlow 1 did, and says what does not.

    Args:
      checkpoint_type: `detection`, for a detector's checkpoint, fills the feature extractor; `classification`, for a
        classifier's, in which its variables have no outer scope, too; `fine_tune` everything.
      heads: Whether `detection` fills everything, as `load_all_detection_checkpoint_vars` asks.
    """
    everything = named.variables
    keys = _keys(named, checkpoint_type, heads)
    theirs = {name: reader.shape(key) for name, key in keys.items() if reader.find(key)}
    ours = {name: tuple(everything[name].shape) for name in theirs}
    fitting = {name for name, shape in theirs.items() if shape == ours[name]}
    for name in fitting:
        everything[name].assign(reader.value(keys[name]))
    return RestoreReport(
        prefix=reader.prefix,
        checkpoint_type=checkpoint_type,
        restored=tuple(name for name in everything if name in fitting),
        fresh=tuple(name for name in everything if name not in fitting),
        reshaped={name: (shape, ours[name]) for name, shape in theirs.items() if name not in fitting},
    )


def _keys(named: NamedVariables, checkpoint_type: str, heads: bool) -> Mapping[str, str]:
    """Of the variables that a type asks for, their names and those that the checkpoint has them by."""
    if checkpoint_type == "fine_tune" or (checkpoint_type == "detection" and heads):
        return {name: name for name in named.variables}
    within = {name: scope for name in named.variables for scope in named.extractor if name.startswith(f"{scope}/")}
    if checkpoint_type == "detection":
        return {name: name for name in within}
    return {name: name.removeprefix(f"{scope}/") for name, scope in within.items()}
