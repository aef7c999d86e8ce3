"""Files that stand in each other's field."""

from dataclasses import dataclass
from itertools import combinations

from tfod.config.diagnostics import Diagnostic, error
from tfod.config.kinds import WORDS, Kind, kind_of_file
from tfod.config.path_hints import assignment
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["swapped"]

_MOST_PATHS = 50


@dataclass(frozen=True)
class _Path:
    where: str
    value: str
    wanted: Kind


def swapped(config: TrainEvalPipelineConfig) -> tuple[list[Diagnostic], set[str]]:
    """A finding for each pair of files that would be right the other way round, and the fields of all pairs."""
    findings, fields = [], set()
    paths = _paths(config)
    kinds = {path.value: _kind(path.value) for path in paths}
    for first, second in combinations(paths, 2):
        if first.wanted == second.wanted:
            continue
        if (kinds[first.value], kinds[second.value]) == (second.wanted, first.wanted):
            what = (
                f"{first.value} is {WORDS[second.wanted]} and {second.value} is {WORDS[first.wanted]}: they are swapped"
            )
            cure = f"{assignment(first.where, second.value)} {assignment(second.where, first.value)}"
            findings.append(error("swapped", what, first.where, cure))
            fields |= {first.where, second.where}
    return findings, fields


def _kind(path: str) -> Kind:
    """A checkpoint is named without the ending of its files."""
    return kind_of_file(path) or kind_of_file(f"{path}.index")


def _paths(config: TrainEvalPipelineConfig) -> list[_Path]:
    paths = [_Path("train_config.fine_tune_checkpoint", config.train_config.fine_tune_checkpoint, "checkpoint")]
    readers = [("train_input_reader", config.train_input_reader)]
    readers += [(f"eval_input_reader[{number}]", one) for number, one in enumerate(config.eval_input_reader[:1])]
    for where, reader in readers:
        paths.append(_Path(f"{where}.label_map_path", reader.label_map_path, "label map"))
        for number, value in enumerate(reader.tf_record_input_reader.input_path):
            paths.append(_Path(f"{where}.tf_record_input_reader.input_path[{number}]", value, "records"))
    return [path for path in paths[:_MOST_PATHS] if path.value]
