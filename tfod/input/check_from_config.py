"""The check of the data that a pipeline.config names: are there objects to learn, and to judge by?"""

from collections.abc import Iterator

from tfod.config.diagnostics import Diagnostic
from tfod.config.label_map import LabelMap, read_label_map
from tfod.config.mask_kinds import wanted_masks
from tfod.config.rules.walk import detection_model
from tfod.errors import ConfigError, DataError, StoreError
from tfod.input.object_rules import (
    Classes,
    Reader,
    Remap,
    label_map_findings,
    object_findings,
    remap_findings,
)
from tfod.input.shape_rules import StoredShapes, shape_findings, stored_shapes
from tfod.protos.input_reader_pb2 import InputReader
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.records.files import expand
from tfod.records.objects import count_objects

__all__ = ["check_objects"]


def check_objects(
    config: TrainEvalPipelineConfig, *, for_training: bool = True, evaluates: bool = True, skip_corrupt: bool = False
) -> Iterator[Diagnostic]:
    """What of the records' objects cannot be learnt, or judged by: an error where nothing is left.

    Of records without a manifest, and of those in a store, the first are read. What cannot be read is passed over:
    others tell of it.

    Args:
      config: Its readers, label maps, number of classes and steps `remap_labels` count.
      for_training: Whether the model is to be trained.
      evaluates: Whether it is to be evaluated.
      skip_corrupt: Whether records that cannot be used are left out of the training.
    """
    train_map = _label_map(config.train_input_reader)
    if for_training and config.HasField("train_input_reader"):
        classes = Classes(train_map, _num_classes(config, train_map), tuple(_remaps(config)))
        yield from remap_findings(classes)
        yield from _objects(config.train_input_reader, classes, trains=True, skips=skip_corrupt)
    if not evaluates or not config.eval_input_reader:
        return
    reader = config.eval_input_reader[0]
    eval_map = _label_map(reader)
    if eval_map is None:
        return
    if train_map is not None:
        yield from label_map_findings(train_map, eval_map, config.train_input_reader.label_map_path)
    yield from _objects(reader, Classes(eval_map, _num_classes(config, eval_map)), trains=False)


def _objects(reader: InputReader, classes: Classes, *, trains: bool, skips: bool = False) -> Iterator[Diagnostic]:
    yield from _shapes(reader, "train_input_reader" if trains else "eval_input_reader[0]")
    paths = list(reader.tf_record_input_reader.input_path)
    if not paths or classes.num_classes < 1 or (reader.label_map_path and classes.label_map is None):
        return
    try:
        count = count_objects(expand(paths), lambda found: any(map(classes.learns, found.objects)))
    except (DataError, StoreError, OSError):
        return
    where = "train_input_reader" if trains else "eval_input_reader[0]"
    yield from object_findings(count, classes, Reader(where, reader.label_map_path, trains, skips))


def _shapes(reader: InputReader, where: str) -> Iterator[Diagnostic]:
    wanted = StoredShapes(wanted_masks(reader), reader.num_keypoints)
    if not any(wanted):
        return
    try:
        found = stored_shapes(expand(list(reader.tf_record_input_reader.input_path)))
    except (DataError, StoreError, OSError):
        return
    if found is not None:
        yield from shape_findings(found, wanted, where)


def _label_map(reader: InputReader) -> LabelMap | None:
    try:
        return read_label_map(reader.label_map_path) if reader.label_map_path else None
    except (ConfigError, OSError):
        return None


def _num_classes(config: TrainEvalPipelineConfig, label_map: LabelMap | None) -> int:
    """The model's; where there is only an exported model, those of the label map."""
    found = detection_model(config)
    return int(found[1].num_classes) if found else (label_map.num_classes if label_map else 0)


def _remaps(config: TrainEvalPipelineConfig) -> Iterator[Remap]:
    for number, option in enumerate(config.train_config.data_augmentation_options):
        if option.HasField("remap_labels"):
            step = option.remap_labels
            where = f"train_config.data_augmentation_options[{number}].remap_labels"
            yield Remap(frozenset(step.original_labels), step.new_label, where)
