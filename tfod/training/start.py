"""The beginning of a run: anew, or at its newest checkpoint."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from tfod.models.precision import mixed_precision
from tfod.training.alone import alone_in
from tfod.training.disk import require_writable, sweep
from tfod.training.newest import newest_whole
from tfod.training.options import RunOptions
from tfod.training.run_folder import EarlierStart, choose_seed, last_start
from tfod.training.seeds import set_seed
from tfod.training.strategy import choose_strategy, own_folder

__all__ = ["Start", "started_run"]


@dataclass(frozen=True)
class Start:
    """Where a run begins.

    Attributes:
      time: When it began, in seconds since 1970.
      folder: Where this process writes.
      is_chief: Whether it is the process that writes the run's files; of several workers one is.
      step: Steps done already.
      checkpoint: The checkpoint of that step, None for a run that begins anew.
      seed: The run's, in [0, 2**31).
      deterministic: Whether the same seed has to give the same weights to the last bit.
      earlier: What the run wrote down about itself when it was started before; None for a run that begins anew.
    """

    time: float
    folder: Path
    is_chief: bool
    step: int
    checkpoint: str | None
    seed: int
    deterministic: bool
    earlier: EarlierStart | None = None

    @property
    def seed_from_here(self) -> int:
        """The seed of what comes from here on. A run that need not repeat anything must not show the images of its
        beginning in the same order again when it is resumed."""
        return self.seed if self.deterministic else (self.seed + self.step) % 2**31

    @property
    def first_batch(self) -> int:
        """The batch that the data begins with: a deterministic run has seen the ones before it."""
        return self.step if self.deterministic else 0


@contextmanager
def started_run(
    model_dir: Path, options: RunOptions, strategy: tf.distribute.Strategy | None = None
) -> Iterator[Start]:
    """Within it a model is built and trained, on the devices, with the random numbers and the precision of `options`.

    `strategy` is chosen by the devices there are, unless one is given. Raises OutputError where `model_dir` cannot be
    written, TrainingError where another process trains in it, CheckpointError where none of its checkpoints can be
    read.
    """
    began = time.time()
    # The order matters; a run may be killed at any point of it, and is started again by the same command.
    # 1. Devices, before TensorFlow computes anything.
    strategy = strategy or choose_strategy(options.num_workers)
    is_chief = strategy.extended.should_checkpoint
    require_writable(model_dir)
    with alone_in(model_dir) if is_chief else nullcontext():
        sweep(model_dir)
        # 2. Which step to go on from is decided once.
        checkpoint, step = newest_whole(model_dir, mend=is_chief) or (None, 0)
        earlier = last_start(model_dir)
        # 3. The seed, before the first random number: the initial weights.
        start = Start(
            time=began,
            folder=own_folder(strategy, model_dir),
            is_chief=is_chief,
            step=step,
            checkpoint=checkpoint,
            seed=choose_seed(options.seed, earlier),
            deterministic=options.deterministic,
            earlier=earlier if checkpoint else None,
        )
        set_seed(start.seed_from_here, deterministic=options.deterministic)
        with strategy.scope(), mixed_precision(options.mixed_precision):
            # 4. The model with fresh weights, the step, the optimizer: made by who called this, and handed to `Run`.
            # 5. There the input pipeline begins to fill its buffers,
            # 6. the weights are restored,
            # 7. what was recorded after that step is forgotten. Then the caller records the start, and only now
            # 8. steps are made and written about.
            yield start
    if start.folder != model_dir:
        shutil.rmtree(start.folder, ignore_errors=True)
