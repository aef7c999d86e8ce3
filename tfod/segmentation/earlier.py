"""Whether a U-Net that is trained again is that of the run in its folder: its settings then and now."""

import dataclasses
import sys
from collections.abc import Sequence

import tensorflow as tf

from tfod.errors import CheckpointError
from tfod.segmentation.settings import TrainingSettings, read_settings
from tfod.training.same_run import Change, refuse_change, refuse_other_data, refuse_other_model
from tfod.training.start import Start

__all__ = ["refuse_another_run"]


def refuse_another_run(settings: TrainingSettings, files: Sequence[str], start: Start, layout: tf.Module) -> None:
    """Raises CheckpointError where the folder holds a run of other classes, another network, optimizer or data.

    Args:
      settings: Of now; those of then are what the run saved.
      files: What it is to be trained on now.
      start: Where the run begins; one that begins anew is no other.
      layout: Of the network of now.
    """
    if start.checkpoint is None:
        return
    earlier = _earlier(start)
    if earlier is not None:
        for change in _always_decisive(earlier, settings):
            refuse_change(change, f"{_flags([change])} to go on" if change[0] != "--classes" else "name those to go on")
        changes = _changes(earlier, settings)
        refuse_other_model(layout, start.checkpoint, changes, f"{_flags(changes)} to go on")
    refuse_other_data(start.earlier, files, "--images, --masks, --pairs, --records")


def _earlier(start: Start) -> TrainingSettings | None:
    try:
        return read_settings(start.folder)
    except CheckpointError as error:
        print(f"warning: {error.what} ({error.where}); they are written anew", file=sys.stderr)
        return None


def _always_decisive(then: TrainingSettings, now: TrainingSettings) -> list[Change]:
    named = {
        "--classes": (", ".join(then.class_names), ", ".join(now.class_names)),
        "--optimizer": (then.optimizer, now.optimizer),
    }
    if bool(then.ema) != bool(now.ema):
        named["--ema"] = (f"{then.ema:g}", f"{now.ema:g}")
    return [(name, *values) for name, values in named.items() if values[0] != values[1]]


def _changes(then: TrainingSettings, now: TrainingSettings) -> list[Change]:
    fields = [field.name for field in dataclasses.fields(then.model)]
    values = [(f"--{name}", _told(getattr(then.model, name)), _told(getattr(now.model, name))) for name in fields]
    return [change for change in values if change[1] != change[2]]


def _told(value: object) -> str | None:
    return str(value).lower() if isinstance(value, bool) else str(value) or None


def _flags(changes: Sequence[Change]) -> str:
    """What to give, and what to leave out, to have the settings of then."""
    given = " ".join(f"{name} {then}" for name, then, _ in changes if then is not None)
    without = " ".join(name for name, then, _ in changes if then is None)
    return ", ".join(part for part in (given and f"give {given}", without and f"leave out {without}") if part)
