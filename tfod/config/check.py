"""The check before training: everything that is wrong with a config, at once, before anything slow starts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfod.config.diagnostics import Diagnostic, errors, in_order, note, render, require
from tfod.config.faults.numbers import number_faults, with_possible_numbers
from tfod.config.gray import resolve_gray
from tfod.config.overrides import apply_overrides
from tfod.config.rules import checkpoint, data, era, model, remote, support, training
from tfod.config.rules.given_twice import given_twice
from tfod.config.rules.memory import check_memory
from tfod.config.rules.placeholders import placeholders
from tfod.config.rules.swapped import swapped
from tfod.config.scan import field_places
from tfod.config.text import parse_text, read_file
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["Diagnostic", "check_file", "check_pipeline", "render", "require"]


def check_pipeline(
    config: TrainEvalPipelineConfig,
    *,
    for_training: bool,
    evaluates: bool = True,
    model_dir: Path | str | None = None,
    recompute: bool = False,
) -> list[Diagnostic]:
    """Everything found in `config`, errors first; files are looked for relative to the working directory.

    `for_training=False` looks at the model alone, which is all that an export needs. A run that never
    evaluates (`evaluates=False`) takes errors of the evaluation as warnings. `model_dir` is the
    run's own folder; `recompute` is the run's option, which saves memory.
    """
    told = [*errors("number", number_faults(config if for_training else config.model), "" if for_training else "model")]
    # What else is wrong is looked for with numbers that are possible.
    config = with_possible_numbers(config)
    told += era.check(config) if for_training else ()
    told += [*(support.check if for_training else support.check_model)(config)]
    evaluation = [finding for finding in told if finding.where.startswith("eval_")]
    findings = [finding for finding in told if finding not in evaluation]
    findings += [*model.check(config), *placeholders(config.model, "model.")]
    if for_training:
        findings += placeholders(config.train_config, "train_config.")
        findings += [*training.check(config), *checkpoint.check(config, model_dir), *remote.check(config, model_dir)]
        findings += check_memory(config, recompute=recompute)
        exchanged, fields = swapped(config)
        findings += exchanged
        findings += [one for one in data.check_training_input(config) if one.where not in fields]
        evaluation += [one for one in data.check_evaluation_input(config) if one.where not in fields]
        findings += evaluation if evaluates else map(_as_warning, evaluation)
    return in_order(findings)


def check_file(
    path: Path | str,
    overrides: Sequence[str] = (),
    *,
    for_training: bool,
    also: Callable[[TrainEvalPipelineConfig], Iterable[Diagnostic]] = lambda _: (),
    **options: Any,
) -> tuple[TrainEvalPipelineConfig, list[Diagnostic]]:
    """Reads a config and checks it (`options` are those of `check_pipeline`); the findings name the line.

    Finds also what only the text shows, a field that is given twice, and what `also` finds: this room knows nothing
    of the contents of records. A model whose training images `rgb_to_gray` makes grey is made one of grey images.
    Raises ConfigError where the file cannot be read at all.
    """
    config = TrainEvalPipelineConfig()
    text = parse_text(read_file(path, "pipeline config"), config, str(path), "pipeline config")
    places = field_places(text, config.DESCRIPTOR)
    apply_overrides(config, overrides)
    findings = [*given_twice(places, text), *_made_gray(config)]
    findings += [*check_pipeline(config, for_training=for_training, **options), *also(config)]
    lines = {place.path: place.line for place in places}
    located = []
    for finding in findings:
        line = f", line {lines[finding.where]}" if finding.where in lines else ""
        located.append(replace(finding, where=f"{path}{line}, {finding.where}"))
    return config, in_order(located)


def _made_gray(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    if switch := resolve_gray(config):
        what = "rgb_to_gray leaves images one channel, and so the model takes one: in evaluation and export, too"
        yield note("gray", what, switch, f"nothing; --set {switch}=true says so in the config")


def _as_warning(finding: Diagnostic) -> Diagnostic:
    return replace(finding, severity="warning") if finding.severity == "error" else finding
