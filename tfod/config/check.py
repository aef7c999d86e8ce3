"""The check before training: everything that is wrong with a config, at once, before anything slow starts."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfod.config.findings import Finding, error, in_order, render, require, warning
from tfod.config.overrides import apply_overrides
from tfod.config.rules import checkpoint, data, model, training, unused
from tfod.config.rules.walk import blocks, has_placeholder
from tfod.config.text import Place, field_places, is_repeated, parse_text, read_file
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["Finding", "check_file", "check_pipeline", "render", "require"]


def check_pipeline(
    config: TrainEvalPipelineConfig,
    *,
    for_training: bool,
    evaluates: bool = True,
    model_dir: Path | str | None = None,
) -> list[Finding]:
    """Everything found in `config`, errors first; files are looked for relative to the working directory.

    `for_training=False` looks at the model alone, which is all that an export needs. A run that never
    evaluates (`evaluates=False`) takes errors of the evaluation's input as warnings. `model_dir` is the
    run's own folder.
    """
    findings = [*model.check(config), *_placeholders(config.model, "model.")]
    if for_training:
        findings += _placeholders(config.train_config, "train_config.")
        findings += _placeholders(config.train_input_reader, "train_input_reader.")
        findings += [*training.check(config), *checkpoint.check(config, model_dir), *unused.check(config)]
        findings += data.check_training_input(config)
        evaluation = [*data.check_evaluation_input(config)]
        for number, reader in enumerate(config.eval_input_reader[:1]):
            evaluation += _placeholders(reader, f"eval_input_reader[{number}].")
        findings += evaluation if evaluates else map(_as_warning, evaluation)
    return in_order(findings)


def check_file(
    path: Path | str, overrides: Sequence[str] = (), *, for_training: bool, **options: Any
) -> tuple[TrainEvalPipelineConfig, list[Finding]]:
    """Reads a config and checks it (`options` are those of `check_pipeline`); the findings name the line.

    Finds also what only the text shows: a field that is given twice. Raises ConfigError where the file cannot
    be read at all.
    """
    config = TrainEvalPipelineConfig()
    text = parse_text(read_file(path, "pipeline config"), config, str(path))
    places = field_places(text, config.DESCRIPTOR)
    apply_overrides(config, overrides)
    findings = [*_given_twice(places), *check_pipeline(config, for_training=for_training, **options)]
    lines = {place.path: place.line for place in places}
    located = []
    for finding in findings:
        line = f", line {lines[finding.where]}" if finding.where in lines else ""
        located.append(replace(finding, where=f"{path}{line}, {finding.where}"))
    return config, in_order(located)


def _placeholders(message: Any, prefix: str) -> Iterator[Finding]:
    for path, block in blocks(message, prefix):
        for field, value in block.ListFields():
            if field.type != field.TYPE_STRING:
                continue
            texts = (
                {f"{field.name}[{number}]": text for number, text in enumerate(value)}
                if is_repeated(field)
                else {field.name: value}
            )
            for name, text in texts.items():
                if has_placeholder(text):
                    cure = f"give your path: --set {path}{name}=..."
                    what = f"{field.name} still holds the zoo's placeholder"
                    yield error("path-to-be-configured", what, path + name, cure)


def _as_warning(finding: Finding) -> Finding:
    return replace(finding, severity="warning") if finding.severity == "error" else finding


def _given_twice(places: Sequence[Place]) -> Iterator[Finding]:
    """The last of several values counts, in the original too; who edits the first wonders."""
    same: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        field = place.field
        if field is None or (is_repeated(field)):
            continue
        parent = place.path.rpartition(".")[0]
        oneof = field.containing_oneof
        same[f"{parent}.{oneof.name}*" if oneof else place.path].append(place)
    for group in same.values():
        *earlier, last = group
        if not earlier:
            continue
        lines = ", ".join(str(place.line) for place in group)
        names = " and ".join(dict.fromkeys(place.name for place in group))
        block = last.field is not None and last.field.message_type is not None and len({*names.split()}) == 1
        what = f"{names} is given {len(group)} times" if " " not in names else f"{names} exclude each other"
        effect = "their contents are merged" if block else f"{last.name} in line {last.line} counts"
        yield warning("given-twice", f"{what} (lines {lines}); {effect}", last.path, "keep one of them")
