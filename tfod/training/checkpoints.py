"""Checkpoints of a run: written, kept, found again, and the best one put aside."""

import json
import math
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tfod.checkpoints.restore import require_fit
from tfod.checkpoints.state import numbered_checkpoints, write_state
from tfod.errors import CheckpointError
from tfod.files import replacing_directory, write_text
from tfod.training.disk import writing

__all__ = ["BEST_METRIC", "CheckpointKeeper", "keep_if_best", "mend_best", "saved_step"]

BEST_METRIC = "DetectionBoxes_Precision/mAP"
_BEST, _BEST_FILE = "best", "best.json"
_KEPT = 7
_STEP_KEY = "step/.ATTRIBUTES/VARIABLE_VALUE"


class CheckpointKeeper(tf.train.CheckpointManager):
    """Saves {step, model, optimizer} as `ckpt-1`, `ckpt-2`, ... and keeps the last seven, as the original does.

    A checkpoint is whole or not there: TensorFlow writes the data under another name, then the index, then the
    file `checkpoint` that says which is the newest. A kill in between leaves the one before as the newest.

    Args:
      step: int64 scalar variable.
      model: A tree of modules with the checkpoint's names, which is filled from and saved as `model/...`.
      optimizer: Its slots are created by the first step; until then their restored values wait.
      directory: Where to; made if needed.
      resume_from: The checkpoint to go on from; it may lie in another folder.
      every_n: `save` saves at the multiples of this many steps, unless told otherwise.
      initialize: Called instead of restoring where there is no checkpoint.
      more: What else is saved, by name; a checkpoint that does not have it leaves it as it is.
      before_saving: Called before each save.
    """

    def __init__(
        self,
        step: tf.Variable,
        model: tf.Module,
        optimizer: keras.optimizers.legacy.Optimizer,
        directory: Path,
        *,
        resume_from: str | None,
        every_n: int,
        initialize: Callable[[], None],
        more: Mapping[str, Any] | None = None,
        before_saving: Callable[[], None] = lambda: None,
    ) -> None:
        self._always = {"step": step, "model": model, "optimizer": optimizer}
        self._more = dict(more or {})
        super().__init__(
            tf.train.Checkpoint(**self._always, **self._more),
            str(directory),
            max_to_keep=_KEPT,
            step_counter=step,
            checkpoint_interval=every_n,
        )
        self._step = step
        self._resume_from = resume_from
        self._initialize = initialize
        self._before_saving = before_saving
        self._saved_step: int | None = None

    def save(
        self,
        checkpoint_number: int | None = None,
        check_interval: bool = True,
        options: tf.train.CheckpointOptions | None = None,
    ) -> str | None:
        """Saves if the step is a multiple of the interval, or in any case without `check_interval`.

        The number is the count of saves, whatever orbit proposes. Returns the new prefix, None if nothing was
        saved: also where this very step has been saved already.
        """
        step = int(self._step.numpy())
        if step == self._saved_step or (check_interval and step % self.checkpoint_interval):
            return None
        self._before_saving()
        with writing(self.directory):
            prefix: str | None = super().save(None, False, options)
        self._saved_step = step
        return prefix

    def restore_or_initialize(self) -> str | None:
        """Restores `resume_from`, the whole of it, or calls `initialize`; returns the prefix restored."""
        prefix = self._resume_from
        if prefix is None:
            self._initialize()
            return None
        # Before TensorFlow restores the part that fits and then tells of the rest, line by line.
        try:
            require_fit(self._always["model"], prefix)
        except CheckpointError as error:
            raise _not_continued(error.what, prefix) from error
        status = None
        try:
            status = self.checkpoint.restore(prefix)
            keys = tf.train.load_checkpoint(prefix).get_variable_to_shape_map()
            present = {name: one for name, one in self._more.items() if any(key.startswith(f"{name}/") for key in keys)}
            if len(present) < len(self._more):
                status = tf.train.Checkpoint(**self._always, **present).restore(prefix)
            status.assert_existing_objects_matched()
        except (ValueError, AssertionError, tf.errors.OpError) as error:
            _silence(status)
            raise _not_continued(str(error).strip().splitlines()[0], prefix) from error
        self._saved_step = int(self._step.numpy())
        return prefix


def _not_continued(why: str, prefix: str) -> CheckpointError:
    cure = "give another --model_dir to start anew, or the config that the run was started with"
    return CheckpointError(f"the run in this folder cannot be continued: {why}", prefix, cure)


def _silence(status: Any) -> None:
    """Spares people the list of all values that were not restored, which TensorFlow logs when it forgets them."""
    if status is not None:
        status.expect_partial()
    tf.get_logger().addFilter(lambda record: "restored" not in record.getMessage())


def saved_step(prefix: str) -> int:
    """The training step that a checkpoint of a run was saved at."""
    try:
        return int(tf.train.load_checkpoint(prefix).get_tensor(_STEP_KEY))
    except (ValueError, tf.errors.OpError) as error:
        raise CheckpointError(
            "this is not a whole checkpoint of a training run",
            prefix,
            "delete its files and its lines in the file named checkpoint: the one before is used then",
        ) from error


def keep_if_best(
    model_dir: Path, prefix: str, step: int, metrics: Mapping[str, float], metric: str = BEST_METRIC
) -> bool:
    """Copies a checkpoint to `<model_dir>/best/` if its metric is above that of the one there; says whether it did.

    The folder is a checkpoint folder like any other, so that it can be evaluated and exported; `best.json` has
    the metric, its value and the step. A metric below 0 says that there was nothing to judge by: it is never the best.
    """
    value = metrics.get(metric)
    if value is None or not value >= 0 or not value > _best_so_far(model_dir):
        return False
    with replacing_directory(model_dir / _BEST) as folder:
        for part in Path(prefix).parent.glob(f"{Path(prefix).name}.*"):
            shutil.copy2(part, folder / part.name)
        write_state(folder, [prefix])
        _write_best(folder, metric, value, step, Path(prefix).name)
    return True


def mend_best(model_dir: Path, lines: Sequence[Mapping[str, float]], metric: str) -> None:
    """Writes `best/best.json` anew where it is damaged, with the value from the table of the evaluations.

    Where that is not known the next evaluation counts as the best.

    Args:
      model_dir: The folder of the run.
      lines: Of the table.
      metric: The column that decides.
    """
    folder = model_dir / _BEST
    prefix = next(iter(numbered_checkpoints(folder)), None)
    if prefix is None or _reads_best(folder):
        return
    try:
        step = saved_step(prefix)
    except CheckpointError:
        step = -1  # of no evaluation
    value = next((line[metric] for line in lines if line["step"] == step and metric in line), None)
    if value is None:
        (folder / _BEST_FILE).unlink(missing_ok=True)
        what = "how good the checkpoint beside it is, is not known: the next evaluation replaces it"
    else:
        _write_best(folder, metric, value, step, Path(prefix).name)
        what = "it was written anew from the table of the evaluations"
    print(f"warning: {folder / _BEST_FILE} is damaged; {what}", file=sys.stderr)


def _reads_best(folder: Path) -> bool:
    try:
        return _best_value(folder) is not None
    except ValueError:
        return False


def _best_so_far(model_dir: Path) -> float:
    value = _best_value(model_dir / _BEST)
    return float("-inf") if value is None else value


def _best_value(folder: Path) -> float | None:
    """The metric of the best checkpoint; None where there is no file that says it, ValueError for a damaged one."""
    try:
        value = float(json.loads((folder / _BEST_FILE).read_bytes())["value"])
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{folder / _BEST_FILE} is damaged") from error
    if math.isnan(value):
        raise ValueError(f"{folder / _BEST_FILE} has no value")
    return value


def _write_best(folder: Path, metric: str, value: float, step: int, name: str) -> None:
    record = {"metric": metric, "value": value, "step": step, "checkpoint": name}
    write_text(folder / _BEST_FILE, json.dumps(record, indent=2) + "\n")
