"""Filling a model from a checkpoint."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import tensorflow as tf

from tfod.checkpoints.keys import variable_keys
from tfod.checkpoints.layout import CheckpointLayout, NamedVariables
from tfod.checkpoints.named_reader import NamedReader, open_checkpoint
from tfod.checkpoints.named_restore import restore_fitting
from tfod.checkpoints.object_reader import CheckpointReader, find_checkpoint
from tfod.checkpoints.report import RestoreReport
from tfod.errors import CheckpointError

__all__ = ["require_fit", "restore_fine_tune", "restore_model"]

Reader = CheckpointReader | NamedReader


class _Restorable(Protocol):
    def checkpoint_layout(self) -> CheckpointLayout: ...


def restore_fine_tune(
    model: _Restorable, place: str | Path, checkpoint_type: str, *, heads: bool = False
) -> RestoreReport:
    """Fills a model from `train_config.fine_tune_checkpoint`.

    The type `classification` fills the backbone, `detection` all but the heads, `full` everything; each must be
    there whole. `fine_tune` fills whatever has the same name and shape, heads included. Of a checkpoint of
    TensorFlow 1 the first two too, as there, fill what has the same name and shape; with `heads` `detection` fills
    the heads too. Its values are those that were trained, not their moving averages.

    Raises:
      CheckpointError: nothing fits, or something does not and must.
    """
    reader = open_checkpoint(find_checkpoint(place))
    layout = model.checkpoint_layout()
    if isinstance(reader, NamedReader):
        return _restore_named(layout, reader, checkpoint_type, heads)
    everything = variable_keys(model=layout.full)
    if checkpoint_type == "fine_tune":
        found = _matches(reader, everything)
        if not found:
            raise _other_architecture(reader, checkpoint_type, everything)
        wanted = {name: everything[name] for name in found}
    else:
        wanted = variable_keys(**layout.roots(checkpoint_type))
        found = _require_all(reader, wanted, checkpoint_type)
    _assign(reader, wanted, found)
    filled = {id(variable) for variable in wanted.values()}
    return RestoreReport(
        prefix=reader.prefix,
        checkpoint_type=checkpoint_type,
        restored=tuple(name for name, variable in everything.items() if id(variable) in filled),
        fresh=tuple(name for name, variable in everything.items() if id(variable) not in filled),
    )


def _restore_named(layout: CheckpointLayout, reader: NamedReader, checkpoint_type: str, heads: bool) -> RestoreReport:
    if checkpoint_type != "fine_tune":
        layout.roots(checkpoint_type)  # refuses a type that does not exist
    named = _named(layout, reader)
    if checkpoint_type == "full":
        _assign(reader, named.variables, _require_all(reader, named.variables, checkpoint_type))
        return RestoreReport(reader.prefix, checkpoint_type, tuple(named.variables), ())
    report = restore_fitting(named, reader, checkpoint_type, heads=heads)
    if not report.restored:
        raise _other_architecture(reader, checkpoint_type, named.variables)
    return report


def _named(layout: CheckpointLayout, reader: NamedReader) -> NamedVariables:
    if layout.named is None:
        cure = "TensorFlow 1 had no such network: use a checkpoint of TensorFlow 2"
        raise CheckpointError("the checkpoint was written by TensorFlow 1", reader.prefix, cure)
    return layout.named


def restore_model(model: _Restorable, place: str | Path) -> tuple[str, int | None]:
    """Fills a whole model for evaluation or export from a checkpoint, or from the newest in a folder.

    Variables of which a checkpoint of TensorFlow 1 has moving averages get these.

    Returns:
      The checkpoint's prefix, and the training step at which it was written (None where it does not say).

    Raises:
      CheckpointError: there is no checkpoint, or it does not have every variable of the model.
    """
    reader = open_checkpoint(find_checkpoint(place), averaged=True)
    if isinstance(reader, NamedReader):
        named = _named(model.checkpoint_layout(), reader)
        if not named.same:
            what = "the checkpoint was written by TensorFlow 1, whose network of these names computes otherwise"
            cure = "fine-tune from it; or let feature_extractor.type be the one of TensorFlow 1, without _keras"
            raise CheckpointError(what, reader.prefix, cure)
        wanted = named.variables
        if count := reader.averages():
            print(f"note: {reader.prefix} has moving averages of {count} variables, which are used", file=sys.stderr)
    else:
        wanted = variable_keys(model=model)
    _assign(reader, wanted, _require_all(reader, wanted, "full"))
    return reader.prefix, reader.step()


def require_fit(model: tf.Module, prefix: str) -> None:
    """Raises CheckpointError unless a checkpoint has every variable of a model, or of its layout, in the model's shape.

    No value is read.
    """
    _require_all(CheckpointReader(prefix), variable_keys(model=model), "full")


def _matches(reader: Reader, wanted: Mapping[str, tf.Variable]) -> dict[str, str]:
    """Keys in the checkpoint, by name, of the variables that it has in the same shape."""
    keys = {name: reader.find(name) for name in wanted}
    return {
        name: key for name, key in keys.items() if key is not None and reader.shape(key) == tuple(wanted[name].shape)
    }


def _require_all(reader: Reader, wanted: Mapping[str, tf.Variable], checkpoint_type: str) -> dict[str, str]:
    found = _matches(reader, wanted)
    if not found:
        raise _other_architecture(reader, checkpoint_type, wanted)
    missing = [name for name in wanted if name not in found]
    if not missing:
        return found
    name = missing[0]
    key = reader.find(name)
    shape = tuple(wanted[name].shape)
    why = f"has it as {reader.shape(key)}, the model as {shape}" if key else "does not have it"
    raise CheckpointError(
        f"{len(missing)} of the model's {len(wanted)} variables do not fit the checkpoint; the first is {name}: "
        f"the checkpoint {why}",
        reader.prefix,
        _cure(missing, key is not None),
    )


def _cure(missing: list[str], other_shape: bool) -> str:
    if other_shape and any(part in name for name in missing for part in _HEADS):
        return (
            "let num_classes and the anchors be those that it was trained with, "
            'or fine-tune with fine_tune_checkpoint_type: "detection"'
        )
    return "use the pipeline.config that the checkpoint was trained with"


_HEADS = ("_predictor_layers", "_encoder_layers", "Predictor")


def _other_architecture(reader: Reader, checkpoint_type: str, wanted: Mapping[str, tf.Variable]) -> CheckpointError:
    example = next(iter(wanted))
    cure = "use a checkpoint of this architecture"
    if checkpoint_type == "classification" and reader.kind() == "detection":
        cure = 'this is a detection checkpoint: set fine_tune_checkpoint_type: "detection"'
    if checkpoint_type != "classification" and reader.kind() == "classification":
        cure = 'this is a classification checkpoint: set fine_tune_checkpoint_type: "classification"'
    return CheckpointError(
        f"nothing in the checkpoint fits the model (type {checkpoint_type}); it holds "
        f"{', '.join(reader.roots()) or 'nothing'}, and has no {example} of this shape",
        reader.prefix,
        cure,
    )


def _assign(reader: Reader, wanted: Mapping[str, tf.Variable], found: dict[str, str]) -> None:
    for name, variable in wanted.items():
        variable.assign(reader.value(found[name]))
