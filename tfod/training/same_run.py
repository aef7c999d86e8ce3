"""Whether a run that is started again is the run in its folder: the same model, optimizer, classes and data."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from tfod.checkpoints.restore import require_fit
from tfod.errors import CheckpointError
from tfod.stores import file_size
from tfod.training.run_folder import EarlierStart

__all__ = ["Change", "refuse_change", "refuse_other_classes", "refuse_other_data", "refuse_other_model"]

_ELSEWHERE = "give another --model_dir to start anew"
Change = tuple[str, str | None, str | None]
"""A setting: its name, what it was when the run was started, and what it is now; None where it was, or is, not set."""


def refuse_change(change: Change, cure: str) -> None:
    """Raises CheckpointError that says of a setting what it is and what it was."""
    name, then, now = change
    started = "without it" if then is None else f"with {then}"
    what = f"{name} is {'not set' if now is None else now}, and the run in this folder was started {started}"
    raise CheckpointError(what, name, f"{cure}; or {_ELSEWHERE}")


def refuse_other_model(layout: tf.Module, checkpoint: str, changes: Sequence[Change], cure: str) -> None:
    """Raises CheckpointError where the variables of a model do not fit the checkpoint that a run goes on from.

    Args:
      layout: Of the model.
      checkpoint: Its prefix.
      changes: The settings of the model that have changed, that which explains most first.
      cure: What undoes them.
    """
    if not changes:
        return
    try:
        require_fit(layout, checkpoint)
    except CheckpointError:
        refuse_change(changes[0], cure)


def refuse_other_classes(earlier: EarlierStart | None, classes: Mapping[str, int], where: str) -> None:
    """Raises CheckpointError where a class has another number than when the run was started.

    Args:
      earlier: How the run was started before.
      classes: Ids by name, now.
      where: What names the label map.
    """
    before = earlier.classes if earlier else {}
    moved = [name for name in classes if before.get(name, classes[name]) != classes[name]]
    if moved:
        told = ", ".join(f"{name!r} is {classes[name]} and was {before[name]}" for name in moved[:5])
        what = f"the classes are numbered otherwise than when the run in this folder was started: {told}"
        raise CheckpointError(what, where, f"name the label map of then, or {_ELSEWHERE}")


def refuse_other_data(earlier: EarlierStart | None, files: Sequence[str], where: str) -> None:
    """Raises CheckpointError where none of the files is one that the run in the folder was trained on.

    Files that have only moved are the same; where some have changed, that is told.

    Args:
      earlier: How the run was started before.
      files: What it is to be trained on now.
      where: What names them.
    """
    before = earlier.data if earlier else {}
    if not before or not files:
        return
    now = {path: file_size(path) for path in files}
    known = {(Path(path).name, size) for path, size in before.items()}
    changed = [path for path, size in now.items() if (Path(path).name, size) not in known]
    gone = len(before) > len(now) - len(changed)
    if len(changed) == len(now) and not {*now} & {*before}:
        first, then = next(iter(now)), next(iter(before))
        what = f"the data is {first}, and the run in this folder was trained on {then}"
        cure = f"name the data of then to go on; or {_ELSEWHERE}"
        raise CheckpointError(what, where, cure)
    if changed or gone:
        example = f", such as {changed[0]}" if changed else ""
        print(
            f"warning: the data has changed since the run was started: {len(before)} files then, {len(now)} now, "
            f"{len(changed)} of them new or changed{example}",
            file=sys.stderr,
        )
