"""The checkpoint that training starts from."""

import glob
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tfod.config.architectures import ARCHITECTURES, Architecture
from tfod.config.diagnostics import Diagnostic, error, errors, note, warning
from tfod.config.era import era_of
from tfod.config.faults.training import checkpoint_type_faults
from tfod.config.kinds import WORDS, wrong_kind
from tfod.config.path_hints import assignment, foreign_path, meant_path, shown
from tfod.config.rules.box_coder import check_box_coder
from tfod.config.rules.placeholders import has_placeholder
from tfod.config.rules.walk import detection_model
from tfod.config.words import nearest
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.protos.train_pb2 import V2
from tfod.stores import is_remote

__all__ = ["check"]

_TYPES = ("detection", "full", "classification")
_WHERE = "train_config.fine_tune_checkpoint"
_OBJECT_GRAPH = b"_CHECKPOINTABLE_OBJECT_GRAPH"  # a key that only checkpoints of TensorFlow 2 have
_HEAD = 1024
_STEPS_UP = 2
_MOST_ENTRIES = 200


def check(config: TrainEvalPipelineConfig, model_dir: Path | str | None) -> Iterator[Diagnostic]:
    """Findings about `fine_tune_checkpoint`, its type and version; `model_dir`: the run's folder, if known."""
    train = config.train_config
    if not train.fine_tune_checkpoint:
        return
    of_tf1 = era_of(config) == "tf1"
    yield from _type(config, of_tf1)
    if train.fine_tune_checkpoint_version != V2:
        yield _version(train.HasField("fine_tune_checkpoint_version"), of_tf1)
    if train.load_all_detection_checkpoint_vars and train.fine_tune_checkpoint_version != V2:
        what = (
            "load_all_detection_checkpoint_vars: heads too are restored from a checkpoint of TensorFlow 1, if they fit"
        )
        yield note("checkpoint-type", what, "train_config.load_all_detection_checkpoint_vars", "nothing")
    if not has_placeholder(train.fine_tune_checkpoint) and not is_remote(train.fine_tune_checkpoint):
        kind = train.fine_tune_checkpoint_type
        if not kind and of_tf1:
            kind = "detection" if train.from_detection_checkpoint else "classification"
        yield from _files(train.fine_tune_checkpoint, kind, _row(config))
        yield from check_box_coder(config.model, train.fine_tune_checkpoint, train.fine_tune_checkpoint_type)
        if model_dir is not None and _same_folder(train.fine_tune_checkpoint, model_dir):
            yield error(
                "checkpoint-in-model-dir",
                "the checkpoint to start from lies in the run's own folder, whose checkpoints are resumed",
                _WHERE,
                "give the run another --model_dir",
            )


def _version(said: bool, of_tf1: bool) -> Diagnostic:
    version, where = "V1" if said else "not set, and so V1", f"{_WHERE}_version"
    if of_tf1:
        what = f"fine_tune_checkpoint_version is {version}: weights have the names of TensorFlow 1's graph"
        return note("checkpoint-version", what, where, "nothing; the file itself says whether it is so")
    what = f"fine_tune_checkpoint_version is {version}: the original stops here"
    return warning("checkpoint-version", what, where, f"--set {where}=V2")


def _type(config: TrainEvalPipelineConfig, of_tf1: bool) -> Iterator[Diagnostic]:
    train, where = config.train_config, f"{_WHERE}_type"
    kind = train.fine_tune_checkpoint_type
    if not kind and train.from_detection_checkpoint:
        if of_tf1:
            what = (
                "fine_tune_checkpoint_type is not set: from_detection_checkpoint makes it detection, as in TensorFlow 1"
            )
            yield note("checkpoint-type", what, where, f"nothing, or --set {where}=detection")
    elif not kind:
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


def _row(config: TrainEvalPipelineConfig) -> Architecture | None:
    """What is known of the model; None of an unknown one."""
    found = detection_model(config)
    return ARCHITECTURES.get(found[1].feature_extractor.type) if found else None


def _takes_names(row: Architecture | None) -> bool:
    """Whether TensorFlow 1 had such a network, so that its checkpoints, which have names of a graph, can fill it."""
    return row is None or any(one.era == "tf1" and one.network == row.network for one in ARCHITECTURES.values())


def _files(place: str, kind: str, row: Architecture | None) -> Iterator[Diagnostic]:
    prefix, named = place.removesuffix(".index").removesuffix(".data-00000-of-00001"), _takes_names(row)
    if os.path.isfile(f"{prefix}.index"):
        yield from _contents(prefix, kind, row)
        if prefix != place:
            what = f"{os.path.basename(place)} is one file of the checkpoint"
            yield _original_refuses(what, f"--set {_WHERE}={prefix}")
    elif indexes := _in_folder(place, named):
        cure = f"say which: --set {_WHERE}={indexes[-1]}"
        yield _original_refuses(f"{place} is a folder, of which the newest checkpoint is taken", cure)
    else:
        yield _missing(place, prefix, named)


def _in_folder(place: str, named: bool) -> list[str]:
    """The checkpoints of a folder that says itself which of them is the newest."""
    inner = os.path.join(place, "checkpoint")
    folder = inner if os.path.isdir(inner) else place
    return _prefixes(folder, named) if os.path.isfile(os.path.join(folder, "checkpoint")) else []


def _missing(place: str, prefix: str, named: bool) -> Diagnostic:
    path, wrong_machine = shown(prefix), foreign_path(place)
    if meant := _elsewhere(place, named):
        what, cure = f"there is no {path}.index", f"did you mean {meant} ? {assignment(_WHERE, meant)}"
        if place.endswith(".pb"):
            what = f"{path} is an exported model, from which training cannot start"
    elif os.path.isfile(f"{prefix.removesuffix('.meta')}.meta"):
        what = f"{shown(prefix)} has no .index beside its .meta, which is the graph without the weights"
        cure = f"copy {os.path.basename(prefix.removesuffix('.meta'))}.index and .data-00000-of-00001 beside it"
    elif wrong_machine is not None:
        what, cure = f"there is no {path}.index: {wrong_machine[0]}", wrong_machine[1]
    elif os.path.isdir(place):
        what, cure = f"there is no checkpoint in {path}", "name a folder with a checkpoint, or the checkpoint itself"
    elif os.path.isfile(place):
        what = f"{path} is no checkpoint, which is named without its ending: zoo_model/checkpoint/ckpt-0"
        if wrong := wrong_kind(_head(place), place, "records"):
            what = wrong[0].replace("this", path, 1).replace(WORDS["records"], "a checkpoint")
        if place.endswith(".pb"):
            what = f"{path} is an exported model, from which training cannot start"
        cure = "take the checkpoint of the same model: the zoo's archives have both"
        if "an archive" in what:
            cure = "unpack it, and name what lies in it: zoo_model/checkpoint/ckpt-0, or model.ckpt"
    else:
        what = f"there is no {path}.index"
        cure = f"check the path; relative paths are taken from {Path.cwd()}"
    return error("checkpoint-missing", what, _WHERE, cure)


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""


def _original_refuses(what: str, cure: str) -> Diagnostic:
    return note("checkpoint-prefix", f"{what}; the original wants the prefix", _WHERE, f"nothing, or {cure}")


def _contents(prefix: str, kind: str, row: Architecture | None) -> Iterator[Diagnostic]:
    path = Path(prefix)
    keys = Path(f"{prefix}.index").read_bytes()
    if not any(path.parent.glob(f"{glob.escape(path.name)}.data-*-of-*")):
        cure = f"copy {path.name}.data-00000-of-00001 beside it"
        yield error("checkpoint-missing", f"{prefix}.index has no data file beside it", _WHERE, cure)
    # Keys lie in the index as they are, each block's first in full: enough to tell the kinds apart.
    if _OBJECT_GRAPH in keys:
        of_detector, of_classifier = b"model/_" in keys, b"feature_extractor/" in keys
    else:
        of_detector = b"BoxPredictor" in keys or b"FeatureExtractor/" in keys
        of_classifier = not of_detector and bool(keys)
        if row is not None and not _takes_names(row):
            what = f"{prefix} is a checkpoint of TensorFlow 1, which had no {row.network}"
            yield error("checkpoint-era", what, _WHERE, "take a checkpoint of the TF2 model zoo")
            return
    if kind == "classification" and of_detector:
        yield warning(
            "checkpoint-type",
            f"{prefix} is a detector's checkpoint, but the type is classification",
            f"{_WHERE}_type",
            f"--set {_WHERE}_type=detection",
        )
    elif kind in ("detection", "full") and not of_detector and of_classifier:
        yield warning(
            "checkpoint-type",
            f"{prefix} is a classifier's checkpoint, but the type is {kind}",
            f"{_WHERE}_type",
            f"--set {_WHERE}_type=classification",
        )


def _elsewhere(place: str, named: bool) -> str | None:
    """The prefix of the checkpoint that was probably meant: near the place, or where the place's end is found."""
    for path in (place, *_ends_of(place)):
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        folders = [folder, os.path.join(folder, "checkpoint")]
        # Further up only as far as the path itself names folders: elsewhere lie the checkpoints of others.
        for _ in range(_STEPS_UP):
            folder = os.path.dirname(folder)
            if len(Path(folder).parts) > (2 if os.path.isabs(folder) else 0):
                folders += [os.path.join(folder, "checkpoint"), folder, *_folders_in(folder)]
        found = [prefix for one in dict.fromkeys(folders) for prefix in _prefixes(one, named)]
        if found:
            stems = {os.path.basename(prefix): prefix for prefix in reversed(found)}
            return stems.get(nearest(os.path.basename(place), stems) or "", found[0])
    return None


def _ends_of(place: str) -> Iterator[str]:
    for ending in ("", ".index"):
        if meant := meant_path(place + ending):
            yield meant.removesuffix(".index")


def _folders_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in islice(entries, _MOST_ENTRIES) if entry.is_dir())
    except OSError:
        return []


def _prefixes(folder: str, named: bool) -> list[str]:
    """Prefixes of the whole checkpoints in a folder, those of TensorFlow 1 if `named`; no weights of a SavedModel."""
    try:
        indexes = sorted(Path(folder or ".").glob("*.index"))
    except (OSError, ValueError):
        return []
    usable = [path for path in indexes if path.name != "variables.index" and path.is_file()]
    usable = [path for path in usable if named or not _of_tf1(path)]
    whole = [path.with_suffix("") for path in usable]
    return [str(path) for path in whole if any(path.parent.glob(f"{glob.escape(path.name)}.data-*-of-*"))]


def _of_tf1(index: Path) -> bool:
    keys = index.read_bytes()
    return bool(keys) and _OBJECT_GRAPH not in keys


def _same_folder(prefix: str, model_dir: Path | str) -> bool:
    try:
        return Path(prefix).parent.resolve() == Path(model_dir).resolve()
    except (OSError, ValueError):
        return False
