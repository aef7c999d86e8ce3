"""Filling a model from a checkpoint."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import tensorflow as tf

from tfod.checkpoints.keys import variable_keys
from tfod.checkpoints.layout import CheckpointLayout
from tfod.checkpoints.object_reader import CheckpointReader, find_checkpoint
from tfod.errors import CheckpointError

__all__ = ["RestoreReport", "require_fit", "restore_fine_tune", "restore_model"]


class _Restorable(Protocol):
    def checkpoint_layout(self) -> CheckpointLayout: ...


@dataclass(frozen=True)
class RestoreReport:
    """What a checkpoint filled and what it did not; names as checkpoints have them."""

    prefix: str
    checkpoint_type: str
    restored: tuple[str, ...]
    fresh: tuple[str, ...]

    def summary(self) -> str:
        """A few lines for people."""
        total = len(self.restored) + len(self.fresh)
        lines = [f"restored {len(self.restored)} of {total} variables ({self.checkpoint_type}) from {self.prefix}"]
        if self.fresh:
            groups = Counter("/".join(name.split("/")[1:3]) for name in self.fresh)
            lines.append("start fresh: " + ", ".join(f"{group} ({count})" for group, count in groups.items()))
        return "\n".join(lines)


def restore_fine_tune(model: _Restorable, place: str | Path, checkpoint_type: str) -> RestoreReport:
    """Fills a model from `train_config.fine_tune_checkpoint`.

    The type `classification` fills the backbone, `detection` all but the heads, `full` everything; each must be
    there whole. `fine_tune` fills whatever has the same name and shape, heads included.

    Raises:
      CheckpointError: nothing fits, or with the first three types, something does not.
    """
    reader = CheckpointReader(find_checkpoint(place))
    layout = model.checkpoint_layout()
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


def restore_model(model: _Restorable, place: str | Path) -> tuple[str, int | None]:
    """Fills a whole model for evaluation or export from a checkpoint, or from the newest in a folder.

    Returns:
      The checkpoint's prefix, and the training step at which it was written (None where it does not say).

    Raises:
      CheckpointError: there is no checkpoint, or it does not have every variable of the model.
    """
    reader = CheckpointReader(find_checkpoint(place))
    wanted = variable_keys(model=model)
    _assign(reader, wanted, _require_all(reader, wanted, "full"))
    step = reader.find("step")
    return reader.prefix, int(reader.value(step)) if step else None


def require_fit(model: tf.Module, prefix: str) -> None:
    """Raises CheckpointError unless a checkpoint has every variable of a model, or of its layout, in the model's shape.

    No value is read.
    """
    _require_all(CheckpointReader(prefix), variable_keys(model=model), "full")


def _matches(reader: CheckpointReader, wanted: dict[str, tf.Variable]) -> dict[str, str]:
    """Keys in the checkpoint, by name, of the variables that it has in the same shape."""
    keys = {name: reader.find(name) for name in wanted}
    return {
        name: key for name, key in keys.items() if key is not None and reader.shape(key) == tuple(wanted[name].shape)
    }


def _require_all(reader: CheckpointReader, wanted: dict[str, tf.Variable], checkpoint_type: str) -> dict[str, str]:
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
    if other_shape and any("_predictor_layers" in name or "_encoder_layers" in name for name in missing):
        return (
            "let num_classes and the anchors be those that it was trained with, "
            'or fine-tune with fine_tune_checkpoint_type: "detection"'
        )
    return "use the pipeline.config that the checkpoint was trained with"


def _other_architecture(
    reader: CheckpointReader, checkpoint_type: str, wanted: dict[str, tf.Variable]
) -> CheckpointError:
    example = next(iter(wanted))
    cure = "use a checkpoint of this architecture"
    if checkpoint_type == "classification" and "model" in reader.roots():
        cure = 'this is a detection checkpoint: set fine_tune_checkpoint_type: "detection"'
    if checkpoint_type != "classification" and "feature_extractor" in reader.roots():
        cure = 'this is a classification checkpoint: set fine_tune_checkpoint_type: "classification"'
    return CheckpointError(
        f"nothing in the checkpoint fits the model (type {checkpoint_type}); it holds "
        f"{', '.join(reader.roots()) or 'nothing'}, and has no {example} of this shape",
        reader.prefix,
        cure,
    )


def _assign(reader: CheckpointReader, wanted: dict[str, tf.Variable], found: dict[str, str]) -> None:
    for name, variable in wanted.items():
        variable.assign(reader.value(found[name]))
