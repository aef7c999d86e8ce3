"""Paths of stores, `gs://` and the like: can TensorFlow read them here? It is imported only where a config has some."""

from collections.abc import Iterator
from pathlib import Path

from tfod.config.diagnostics import Diagnostic, error
from tfod.config.path_hints import assignment, meant_path
from tfod.config.rules.placeholders import has_placeholder
from tfod.config.zoo import ALL_MODELS
from tfod.errors import StoreError
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.stores import is_file, is_folder, is_remote, matches, normal

__all__ = ["check"]

_RULE = "remote-path"
_CHECKPOINT = "train_config.fine_tune_checkpoint"


def check(config: TrainEvalPipelineConfig, model_dir: Path | str | None) -> Iterator[Diagnostic]:
    """Findings about records, the checkpoint to start from and the run's folder that lie in stores.

    Label maps are read by the rules of the data, from wherever they lie.
    """
    unreachable: dict[str, StoreError] = {}
    for where, path in _paths(config, model_dir):
        bucket = "/".join(path.split("/")[:3])
        try:
            if bucket in unreachable:  # asking a store that does not answer takes long
                raise unreachable[bucket]
            if not _is_there(where, path):
                yield error(_RULE, *_nothing_there(path, where))
        except StoreError as problem:
            unreachable[bucket] = problem
            zoo = next((model for model in ALL_MODELS if path.endswith(f"/{model.name}.tar.gz")), None)
            cure = f"fetch it: tfod zoo download {zoo.short_name}" if zoo else problem.cure
            yield error(_RULE, f"{path} cannot be read: {problem.what}", where, cure)
        except OSError as problem:
            reason = (problem.strerror or str(problem)).lower()
            yield error(_RULE, f"{path} cannot be read: {reason}", where, "check the path and its rights")


def _nothing_there(path: str, where: str) -> tuple[str, str, str]:
    if path.startswith("file:") and (meant := meant_path(path)):
        return f"no file matches {path}", where, f"did you mean {meant}? {assignment(where, meant)}"
    return f"nothing in the store matches {path}", where, f"check the path: gsutil ls {path}, or the like"


def _paths(config: TrainEvalPipelineConfig, model_dir: Path | str | None) -> Iterator[tuple[str, str]]:
    """The paths of stores, each with its place: in the config, or among the flags."""
    readers = [("train_input_reader", config.train_input_reader)]
    readers += [(f"eval_input_reader[{number}]", reader) for number, reader in enumerate(config.eval_input_reader[:1])]
    named = [
        *((f"{where}.tf_record_input_reader.input_path[{number}]", path)
          for where, reader in readers for number, path in enumerate(reader.tf_record_input_reader.input_path)),
        (_CHECKPOINT, config.train_config.fine_tune_checkpoint),
        ("--model_dir", model_dir or ""),
    ]  # fmt: skip
    for where, path in named:
        if is_remote(path) and not has_placeholder(normal(path)):
            yield where, normal(path)


def _is_there(where: str, path: str) -> bool:
    if where == _CHECKPOINT:
        return is_file(f"{path.removesuffix('.index')}.index") or is_folder(path)
    if where == "--model_dir":
        is_folder(path)  # it is made, but the store has to answer
        return True
    return bool(matches(path))
