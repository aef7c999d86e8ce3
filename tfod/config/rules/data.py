"""Label maps and records: do they exist, do they fit the model, is anything in them?"""

import os
from collections.abc import Iterator
from pathlib import Path

from tfod.config.diagnostics import Diagnostic, error, errors, note, warning
from tfod.config.faults.reading import evaluation_reader_faults, keypoint_faults, score_faults
from tfod.config.keypoints import keypoint_edges
from tfod.config.label_map import NAME_A_LABEL_MAP, LabelMap, read_label_map
from tfod.config.path_hints import assignment, files_of_kind, foreign_path, meant_path, nearest_file, shown
from tfod.config.rules.placeholders import has_placeholder, placeholders
from tfod.config.rules.record_files import check_files, count_records
from tfod.config.rules.walk import detection_model
from tfod.errors import ConfigError
from tfod.protos.input_reader_pb2 import InputReader
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.stores import is_remote

__all__ = ["check_evaluation_input", "check_training_input"]

_ENDINGS = (".pbtxt", ".txt")


def check_training_input(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    """Findings in `train_input_reader`."""
    where = "train_input_reader"
    reader = config.train_input_reader
    if not config.HasField("train_input_reader"):
        yield error("no-input", "there is no training data", where, "add a train_input_reader { ... }")
        return
    yield from placeholders(reader, f"{where}.")
    yield from _objects(reader, where)
    steps = [option.WhichOneof("preprocessing_step") for option in config.train_config.data_augmentation_options]
    faults = score_faults(reader.load_multiclass_scores, config.train_config.use_multiclass_scores, steps)
    yield from errors("scores", faults, "train_config")
    yield from _label_map(config, reader, where, required=False)
    yield from check_files(reader, where)[1]


def check_evaluation_input(config: TrainEvalPipelineConfig) -> Iterator[Diagnostic]:
    """Findings in `eval_input_reader`, of which the first is used."""
    where = "eval_input_reader[0]"
    yield from errors("no-input", evaluation_reader_faults(len(config.eval_input_reader)))
    if not config.eval_input_reader:
        return
    reader = config.eval_input_reader[0]
    if len(config.eval_input_reader) > 1:
        yield note(
            "one-evaluation",
            f"of {len(config.eval_input_reader)} evaluation data sets only the first is used",
            "eval_input_reader[1]",
            "put the one that you want first",
        )
    yield from placeholders(reader, f"{where}.")
    yield from _objects(reader, where)
    yield from _edges(config, reader)
    yield from _label_map(config, reader, where, required=True)
    files, findings = check_files(reader, where)
    yield from findings
    yield from _left_over(config, reader, where, files)
    train_paths = {*config.train_input_reader.tf_record_input_reader.input_path}
    for path in {*reader.tf_record_input_reader.input_path} & train_paths:
        if not has_placeholder(path):
            yield warning(
                "evaluated-on-training-data",
                f"evaluation reads the records that training reads, {path}",
                f"{where}.tf_record_input_reader.input_path[0]",
                "evaluate on pictures that are kept out of training",
            )


def _objects(reader: InputReader, where: str) -> Iterator[Diagnostic]:
    yield from errors("keypoints", keypoint_faults(reader.num_keypoints, len(reader.keypoint_type_weight)), where)


def _edges(config: TrainEvalPipelineConfig, reader: InputReader) -> Iterator[Diagnostic]:
    """Lines that are never drawn, because an object has no such keypoints."""
    edges = keypoint_edges(config.eval_config)
    where = "eval_config.keypoint_edge"
    count = max(config.train_input_reader.num_keypoints, reader.num_keypoints)
    if edges and not count:
        fitting = f"--set eval_input_reader[0].num_keypoints={max(map(max, edges)) + 1}, or as many as the records have"
        yield warning("keypoint-edges", "there are lines between keypoints, and none are read", f"{where}[0]", fitting)
        return
    for number, (start, end) in enumerate(edges):
        if not (0 <= start < count and 0 <= end < count):
            what = f"the line from keypoint {start} to {end} is not drawn: an object has the keypoints 0 to {count - 1}"
            yield warning("keypoint-edges", what, f"{where}[{number}]", f"choose numbers from 0 to {count - 1}")


def _left_over(
    config: TrainEvalPipelineConfig, reader: InputReader, where: str, files: list[str]
) -> Iterator[Diagnostic]:
    """Unless the config says so itself, the last batch of an evaluation may be smaller."""
    batch = config.eval_config.batch_size
    dropped = reader.HasField("drop_remainder") and reader.drop_remainder
    if not files or batch <= 1 or not dropped:
        return
    pictures = count_records(files) // max(reader.sample_1_of_n_examples, 1)
    if left_over := pictures % batch:
        make = error if pictures < batch else warning
        yield make(
            "left-over-pictures",
            f"{left_over} of {pictures} pictures do not fill an evaluation batch of {batch} and are left out",
            f"{where}.drop_remainder",
            f"--set {where}.drop_remainder=false, or --set eval_config.batch_size=1",
        )


def _label_map(
    config: TrainEvalPipelineConfig, reader: InputReader, where: str, *, required: bool
) -> Iterator[Diagnostic]:
    where += ".label_map_path"
    if has_placeholder(reader.label_map_path):
        return
    if not reader.label_map_path:
        if required:
            yield error("no-label-map", "evaluation knows no class names", where, f"--set {where}=...pbtxt")
        return
    if not is_remote(reader.label_map_path) and not os.path.isfile(reader.label_map_path):
        yield error("label-map", *_no_file(reader.label_map_path, where))
        return
    try:
        label_map = read_label_map(reader.label_map_path)
    except ConfigError as problem:
        yield error("label-map", f"{problem.what} ({problem.where})", where, _cure(problem, reader, where))
        return
    yield from _class_count(config, label_map, reader.label_map_path)


def _no_file(path: str, where: str) -> tuple[str, str, str]:
    """What is wrong, where, and what to do, with a path at which no label map can be."""
    if os.path.isdir(path):
        what, near = f"{shown(path)} is a folder, not a label map", files_of_kind(path, "label map", _ENDINGS)
        meant = near[0] if near else None
    else:
        foreign, folder = foreign_path(path), os.path.dirname(path)
        what = f"there is no such label map ({shown(path)})" + (f": {foreign[0]}" if foreign else "")
        near = files_of_kind(folder, "label map", _ENDINGS)
        meant = meant_path(path) or nearest_file(path, near)
        if meant is None and foreign:
            return what, where, foreign[1]
    if meant is not None:
        return what, where, f"did you mean {meant}? {assignment(where, meant)}"
    return what, where, f"name the file of the label map; relative paths are taken from {Path.cwd()}"


def _cure(problem: ConfigError, reader: InputReader, where: str) -> str:
    """What to do about a file that is no label map."""
    path = reader.label_map_path
    if problem.cure.startswith("write one: "):
        return f"{problem.cure}, then {assignment(where, str(Path(path).with_suffix('.pbtxt')))}"
    if problem.cure == NAME_A_LABEL_MAP and (near := files_of_kind(os.path.dirname(path), "label map")):
        return f"{problem.cure}: {assignment(where, near[0])}"
    return problem.cure


def _class_count(config: TrainEvalPipelineConfig, label_map: LabelMap, path: str) -> Iterator[Diagnostic]:
    found = detection_model(config)
    if found is None or found[1].num_classes <= 0:
        return
    kind, model = found
    where, wanted = f"model.{kind}.num_classes", label_map.num_classes
    if model.num_classes < wanted:
        yield error(
            "num-classes",
            f"num_classes is {model.num_classes}, but the ids of {path} go up to {wanted}",
            where,
            f"--set {where}={wanted}",
        )
    elif model.num_classes > wanted:
        yield warning(
            "num-classes",
            f"num_classes is {model.num_classes}, but the ids of {path} end at {wanted}: "
            "the model learns classes that never occur",
            where,
            f"--set {where}={wanted}",
        )
