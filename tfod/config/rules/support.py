"""Fields that ask for what is missing here, and fields that are read and change nothing."""

from collections import defaultdict
from collections.abc import Iterator

from tfod.config.diagnostics import Diagnostic, error, note, warning
from tfod.config.era import era_of
from tfod.config.support import Use, limits_met
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["check", "check_model"]


def check(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    """An error for each missing feature; notes, or warnings where people rely on it, for what has no effect."""
    used = [use for use in limits_met(config) if not _same_as_the_readers(use, config)]
    yield from _missing(used)
    of_tf1 = era_of(config) == "tf1"
    idle: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    needless: dict[str, str] = {}
    for use in used:
        block, _, name = use.path.removesuffix("[0]").rpartition(".")
        if use.limit.tf1 and of_tf1:
            what = f"{name} has no effect: {use.limit.reason}; TensorFlow 1 {use.limit.tf1}"
            yield note("no-effect", what, use.path, f"nothing, or {use.cure}")
        elif use.limit.misleads:
            yield warning("no-effect", f"{name} has no effect: {use.limit.reason}", use.path, use.cure)
        elif use.limit.kind == "ignored":
            idle[block, use.limit.reason, use.cure].append(name)
        elif use.limit.kind == "by design":
            needless.setdefault(name, use.path)
    for (block, reason, cure), names in idle.items():
        yield note("no-effect", f"without effect: {', '.join(names)} ({reason})", f"{block}.{names[0]}", cure)
    if needless:  # one note for all: the zoo's configs have several, and they cost nobody anything
        what = f"not needed here, and so without effect: {', '.join(needless)}"
        yield note("no-effect", what, next(iter(needless.values())), "nothing; docs/config.md says why of each")


def check_model(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    """An error for each feature that the model needs and that is missing."""
    yield from _missing(list(limits_met(config.model, "model.")))


def _missing(used: list[Use]) -> Iterator[Diagnostic]:
    for use in used:
        if use.limit.kind == "missing":
            yield error("missing-feature", use.what, use.path, use.cure)


def _same_as_the_readers(use: Use, config: TrainEvalPipelineConfig) -> bool:
    """Whether it is the old place of a number that stands in its new place too."""
    return use.path == "train_config.max_number_of_boxes" and use.value == config.train_input_reader.max_number_of_boxes
