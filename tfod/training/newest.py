"""From which checkpoint a run goes on: the newest that is whole."""

import sys
from pathlib import Path

from tfod.checkpoints.named_reader import NamedReader, open_checkpoint
from tfod.checkpoints.state import STATE_FILE, named_checkpoints, numbered_checkpoints, write_state
from tfod.errors import CheckpointError
from tfod.training.checkpoints import saved_step

__all__ = ["newest_whole"]

_CURE = "fetch the folder's files again from where they were whole; or give another --model_dir to start anew"


def newest_whole(model_dir: Path, *, mend: bool = True) -> tuple[str, int] | None:
    """The newest checkpoint of a run of which every value can be read, and its step; None where there is none at all.

    TensorFlow replaces the file that names the newest checkpoint after that checkpoint is whole, so that a kill while
    saving falls back to the one before. What is damaged is told, and passed over; the best checkpoint, which is kept
    apart, counts too.

    Args:
      model_dir: The folder of the run.
      mend: Whether to write the file `checkpoint` anew where it is damaged or names a damaged checkpoint.

    Raises:
      CheckpointError: there are checkpoints, and none is whole.
    """
    candidates, is_sound, was_saved = _candidates(model_dir)
    first_error: CheckpointError | None = None
    for prefix in candidates:
        try:
            reader = open_checkpoint(prefix)
            reader.verify()
            is_foreign = isinstance(reader, NamedReader)
            found = prefix, 0 if is_foreign else saved_step(prefix)
        except CheckpointError as error:
            first_error = first_error or error
            _tell(f"{prefix} cannot be used: {error.what}")
            continue
        if is_foreign:
            raise _of_tf1(prefix)
        if first_error is not None or not is_sound:
            _tell(f"the run goes on from {prefix}, step {found[1]}")
            if mend:
                _mend(model_dir, prefix, candidates)
        return found
    if first_error is None or not was_saved:
        return None  # a kill while the first checkpoint was being saved leaves a part of it
    if len(candidates) == 1:
        raise CheckpointError(first_error.what, first_error.where, _CURE) from first_error
    what = f"none of the {len(candidates)} checkpoints of the run can be read; of the newest {first_error.what}"
    raise CheckpointError(what, first_error.where, _CURE) from first_error


def _of_tf1(prefix: str) -> CheckpointError:
    cure = f"give another --model_dir, and start there from this one: --set train_config.fine_tune_checkpoint={prefix}"
    return CheckpointError(
        "the run's checkpoint was written by TensorFlow 1, and no training goes on from there", prefix, cure
    )


def _candidates(model_dir: Path) -> tuple[list[str], bool, bool]:
    """The checkpoints in the order in which they are tried, whether the file `checkpoint` is as it should be, and
    whether it is there."""
    on_disk = numbered_checkpoints(model_dir)
    best = numbered_checkpoints(model_dir / "best")
    is_sound, is_there = True, (model_dir / STATE_FILE).exists()
    try:
        named = named_checkpoints(model_dir)
    except CheckpointError as error:
        _tell(f"{error.where}: {error.what}")
        named, is_sound = [], False
    there = [prefix for prefix in named if Path(f"{prefix}.index").is_file()]
    if named and there[:1] != named[:1]:
        _tell(f"{model_dir / STATE_FILE} names {Path(named[0]).name}, whose files are not there")
        is_sound = False
    elif not named and is_sound and on_disk:
        _tell(f"{model_dir / STATE_FILE}, which names the newest checkpoint, is missing")
        is_sound = False
    candidates = list(dict.fromkeys([*there, *on_disk]))
    if candidates or is_there:  # the best one alone is no run that could be continued
        candidates += best
    return candidates, is_sound, is_there


def _mend(model_dir: Path, prefix: str, candidates: list[str]) -> None:
    """Names the checkpoint that was found, and those behind it, so that TensorFlow goes on from there."""
    older = [other for other in candidates[candidates.index(prefix) :] if Path(other).parent == model_dir]
    if older:
        write_state(model_dir, older)
    else:
        (model_dir / STATE_FILE).unlink(missing_ok=True)


def _tell(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)
