"""The checkpoint that training starts from."""

import glob
import re
from collections.abc import Iterator
from pathlib import Path

from tfod.config.diagnostics import Diagnostic, error, errors, note, warning
from tfod.config.faults.training import checkpoint_type_faults
from tfod.config.rules.box_coder import check_box_coder
from tfod.config.rules.placeholders import has_placeholder
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.protos.train_pb2 import V2
from tfod.stores import is_remote

__all__ = ["check"]

_TYPES = ("detection", "full", "classification")
_WHERE = "train_config.fine_tune_checkpoint"


def check(config: TrainEvalPipelineConfig, model_dir: Path | str | None) -> Iterator[Diagnostic]:
    """Findings about `fine_tune_checkpoint`, its type and version; `model_dir`: the run's folder, if known."""
    train = config.train_config
    if not train.fine_tune_checkpoint:
        return
    yield from _type(config)
    if train.fine_tune_checkpoint_version != V2:
        yield warning(
            "checkpoint-version",
            "fine_tune_checkpoint_version is not V2 (unset, it is V1): the original stops here",
            f"{_WHERE}_version",
            f"--set {_WHERE}_version=V2",
        )
    if not has_placeholder(train.fine_tune_checkpoint) and not is_remote(train.fine_tune_checkpoint):
        yield from _files(train.fine_tune_checkpoint, train.fine_tune_checkpoint_type)
        yield from check_box_coder(config.model, train.fine_tune_checkpoint, train.fine_tune_checkpoint_type)
        if model_dir is not None and _same_folder(train.fine_tune_checkpoint, model_dir):
            yield error(
                "checkpoint-in-model-dir",
                "the checkpoint to start from lies in the run's own folder, whose checkpoints are resumed",
                _WHERE,
                "give the run another --model_dir",
            )


def _type(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    train, where = config.train_config, f"{_WHERE}_type"
    kind = train.fine_tune_checkpoint_type
    if not kind and not train.from_detection_checkpoint:
        yield warning(
            "checkpoint-type",
            "fine_tune_checkpoint_type is not set and counts as classification: "
            "a checkpoint of a detector does not fit",
            where,
            f"--set {where}=detection for one of the detection zoo or of a run",
        )
    elif kind == "fine_tune":
        yield note(
            "checkpoint-type",
            "the type fine_tune restores whatever fits; the original refuses it",
            where,
            f"nothing, or --set {where}=detection if the original is to read this config too",
        )
    elif kind:
        yield from errors("checkpoint-type", checkpoint_type_faults(kind, _TYPES), "train_config")


def _files(place: str, kind: str) -> Iterator[Diagnostic]:
    prefix = re.sub(r"\.(index|data-\d+-of-\d+)$", "", place)
    folder = Path(place)
    if Path(f"{prefix}.index").is_file():
        yield from _contents(prefix, kind)
        if prefix != place:
            yield _original_refuses(f"{folder.name} is one file of the checkpoint", f"--set {_WHERE}={prefix}")
    elif (folder / "checkpoint").is_file() and (indexes := sorted(folder.glob("*.index"))):
        cure = f"--set {_WHERE}={indexes[-1].with_suffix('')}, say"
        yield _original_refuses(f"{place} is a folder, of which the newest checkpoint is taken", cure)
    elif Path(f"{prefix}.meta").is_file():
        cure = "take a checkpoint of the TF2 model zoo"
        yield error("checkpoint-missing", f"{prefix} is a checkpoint of TensorFlow 1", _WHERE, cure)
    else:
        what = f"there is no checkpoint in {place}" if folder.is_dir() else f"there is no {prefix}.index"
        yield error("checkpoint-missing", what, _WHERE, _elsewhere(folder))


def _original_refuses(what: str, cure: str) -> Diagnostic:
    return note("checkpoint-prefix", f"{what}; the original wants the prefix", _WHERE, f"nothing, or {cure}")


def _contents(prefix: str, kind: str) -> Iterator[Diagnostic]:
    path = Path(prefix)
    keys = Path(f"{prefix}.index").read_bytes()
    if not any(path.parent.glob(f"{glob.escape(path.name)}.data-*-of-*")):
        cure = f"copy {path.name}.data-00000-of-00001 beside it"
        yield error("checkpoint-missing", f"{prefix}.index has no data file beside it", _WHERE, cure)
    if b"_CHECKPOINTABLE_OBJECT_GRAPH" not in keys:
        cure = "take a checkpoint of the TF2 model zoo"
        yield error("checkpoint-missing", f"{prefix} is a checkpoint of TensorFlow 1", _WHERE, cure)
    # Keys lie in the index as they are, each block's first in full: enough to tell the kinds apart.
    of_detector = b"model/_" in keys
    if kind == "classification" and of_detector:
        yield warning(
            "checkpoint-type",
            f"{prefix} is a detector's checkpoint, but the type is classification",
            f"{_WHERE}_type",
            f"--set {_WHERE}_type=detection",
        )
    elif kind in ("detection", "full") and not of_detector and b"feature_extractor/" in keys:
        yield warning(
            "checkpoint-type",
            f"{prefix} is a classifier's checkpoint, but the type is {kind}",
            f"{_WHERE}_type",
            f"--set {_WHERE}_type=classification",
        )


def _elsewhere(path: Path) -> str:
    folders = [path / "checkpoint", path, path.parent / "checkpoint", path.parent]
    indexes = [index for folder in folders if folder.is_dir() for index in sorted(folder.glob("*.index"))]
    if indexes:
        return f"did you mean --set {_WHERE}={indexes[0].with_suffix('')} ?"
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return f"there is no checkpoint below {path.resolve()}; relative paths are taken from {Path.cwd()}"


def _same_folder(prefix: str, model_dir: Path | str) -> bool:
    return Path(prefix).parent.resolve() == Path(model_dir).resolve()
