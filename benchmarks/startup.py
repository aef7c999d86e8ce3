"""From the start of the process to the first finished training step."""

from pathlib import Path

from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["measure"]

BAR = 0.4


def measure(work: Workload) -> list[Row]:
    """A row for training from random weights, and one for fine-tuning where a pretrained checkpoint is here."""
    configs = {"from scratch": work.config}
    if work.fine_tune_config is not None:
        configs["fine-tuning"] = work.fine_tune_config
    return [_row(work, name, config) for name, config in configs.items()]


def _row(work: Workload, name: str, config: Path) -> Row:
    seconds = work.alternate(
        ours=lambda: _first_step(work, "ours", config),
        original=lambda: _first_step(work, "original", config),
        limit=lambda: work.python("import tensorflow").seconds,
    )
    return Row(f"start to first step, {name}", "s", **seconds, bar=BAR, limit_is="a process that imports TensorFlow")


def _first_step(work: Workload, side: str, config: Path) -> float:
    finished = work.script(side, "train", side, config, work.fresh("model"), 1)
    return finished.values()["turns"][0][0][0] - finished.began
