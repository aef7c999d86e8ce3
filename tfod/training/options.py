"""What a run does beside what its config says."""

from dataclasses import dataclass

__all__ = ["RunOptions"]


@dataclass(frozen=True)
class RunOptions:
    """What a run does beside what its config says.

    Attributes:
      checkpoint_every_n: Steps between checkpoints; there is one more at the end.
      summary_every_n: Steps between TensorBoard's scalars; there are some more at the end.
      eval_every_n: Steps between evaluations, with one more at the end; None for at each checkpoint, 0 for never.
      evaluations: How many evaluations, evenly spread over the run; 0: `eval_every_n` says when they are.
      early_stopping: The run ends after so many evaluations without a better one; 0 for never.
      max_minutes: Wall-clock minutes after which the run ends, evaluations included, those of the run before it was
        resumed too; 0 for no limit.
      record_summaries: Whether the summaries have the input images too.
      skip_corrupt: Whether to leave out records that cannot be read instead of stopping.
      seed: In [0, 2**31); None for that of the run in the folder, or a fresh one.
      deterministic: Whether the same seed has to give the same weights to the last bit. Slower; and a resumed run
        first reads again all that was read before.
      mixed_precision: Whether convolutions compute in bfloat16. Weights, statistics and losses stay float32, and so
        do checkpoints.
      recompute: Whether features are computed again for their gradients instead of being kept: less memory, more time.
      albumentations: A file with a pipeline of Albumentations that augments instead of the config's steps; "" for none.
      num_workers: Processes that train together, found through TF_CONFIG.
    """

    checkpoint_every_n: int = 1000
    summary_every_n: int = 100
    eval_every_n: int | None = None
    evaluations: int = 0
    early_stopping: int = 0
    max_minutes: float = 0.0
    record_summaries: bool = True
    skip_corrupt: bool = False
    seed: int | None = None
    deterministic: bool = False
    mixed_precision: bool = False
    recompute: bool = False
    albumentations: str = ""
    num_workers: int = 1

    def steps_between_evaluations(self) -> int:
        """0 for no evaluation; by `evaluations` rather than by steps where that is set."""
        return self.checkpoint_every_n if self.eval_every_n is None else self.eval_every_n

    def steps_to_pause(self, step: int) -> int:
        """Steps from `step` to the next one at which something is written."""
        return min(n - step % n for n in (self.checkpoint_every_n, self.summary_every_n))
