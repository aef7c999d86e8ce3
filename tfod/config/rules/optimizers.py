"""What an optimizer must be: the check of a config tells it, who builds the optimizer insists on it."""

from collections.abc import Iterator

from tfod.config.findings import Finding, error
from tfod.protos.optimizer_pb2 import LearningRate, Optimizer

__all__ = ["check_averages", "check_optimizer_chosen", "check_rate_chosen"]


def check_optimizer_chosen(optimizer: Optimizer, where: str) -> Iterator[Finding]:
    """An error where no optimizer is chosen; the message is at `where`."""
    if optimizer.WhichOneof("optimizer") is None:
        cure = "add optimizer { momentum_optimizer { learning_rate { ... } } }"
        yield error("no-optimizer", "no optimizer is chosen", where, cure)


def check_rate_chosen(rate: LearningRate, where: str) -> Iterator[Finding]:
    """An error where no learning rate is chosen; the message is at `where`."""
    if rate.WhichOneof("learning_rate") is None:
        cure = "add learning_rate { constant_learning_rate { learning_rate: ... } }"
        yield error("no-learning-rate", "no learning rate is chosen", where, cure)


def check_averages(*, kept: bool, evaluated: bool, where: str) -> Iterator[Finding]:
    """An error where an evaluation wants averages that training does not keep; `where` is the field that keeps them."""
    if evaluated and not kept:
        yield error(
            "weight-averages",
            "evaluation asks for averaged weights, which training does not keep",
            "eval_config.use_moving_averages",
            f"--set {where}=true, or --set eval_config.use_moving_averages=false",
        )
