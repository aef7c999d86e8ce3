"""Whether a config is that of the run in a folder: the fields that decide about its weights, then and now."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import text_format

from tfod.config.label_map import read_label_map
from tfod.config.rules.walk import blocks
from tfod.config.words import is_repeated
from tfod.errors import ConfigError
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.records.files import expand
from tfod.training.run_folder import EarlierStart, record_start
from tfod.training.same_run import Change, refuse_change, refuse_other_classes, refuse_other_data, refuse_other_model
from tfod.training.start import Start

__all__ = ["record_start_from_config", "refuse_another_run"]

_OPTIMIZER = "train_config.optimizer"
_READER = "train_input_reader"
_MOST_TO_SET = 3
# Parts of the names of fields on which the shapes of weights depend, the plainest first.
_DECIDING = (".num_classes", ".feature_extractor", "predictor", "anchor_generator", "")


def refuse_another_run(config: TrainEvalPipelineConfig, start: Start, layout: tf.Module) -> None:
    """Raises CheckpointError where the run in the folder has another optimizer, model or data: it cannot be continued.

    Args:
      config: Of now; that of then is what the run wrote down about itself.
      start: Where the run begins; one that begins anew is no other.
      layout: Of the model of now.
    """
    if start.checkpoint is None:
        return
    earlier = _earlier_config(start)
    if earlier is not None:
        for change in _optimizers(earlier, config):
            refuse_change(change, _undone([change]))
        changes = _changes(earlier, config)
        refuse_other_model(layout, start.checkpoint, changes, _undone(changes))
    refuse_other_classes(start.earlier, _classes(config), f"{_READER}.label_map_path")
    refuse_other_data(start.earlier, _files(config), f"{_READER}.tf_record_input_reader.input_path")


def record_start_from_config(config: TrainEvalPipelineConfig, start: Start, model_dir: Path) -> None:
    """`record_start` of a run that a config describes."""
    settings = text_format.MessageToString(config, as_utf8=True)
    classes = _classes(config)
    record_start(model_dir, _files(config), step=start.step, seed=start.seed, settings=settings, classes=classes)


def _earlier_config(start: Start) -> TrainEvalPipelineConfig | None:
    """The config of the run in the folder; None where it is not known."""
    earlier: EarlierStart | None = start.earlier
    text = earlier.settings if earlier else ""
    try:
        # A run of an earlier version has it only here, where people change it too.
        text = text or (start.folder / "pipeline.config").read_text(encoding="utf-8")
        config = text_format.Parse(text, TrainEvalPipelineConfig())
        return config if config.train_config.optimizer.WhichOneof("optimizer") else None
    except (OSError, ValueError, text_format.ParseError):
        return None


def _optimizers(earlier: TrainEvalPipelineConfig, config: TrainEvalPipelineConfig) -> Iterator[Change]:
    then, now = (one.train_config.optimizer for one in (earlier, config))
    kinds = then.WhichOneof("optimizer"), now.WhichOneof("optimizer")
    if kinds[0] != kinds[1]:
        yield (_OPTIMIZER, *kinds)
    if then.use_moving_average != now.use_moving_average:
        yield f"{_OPTIMIZER}.use_moving_average", _told(then.use_moving_average), _told(now.use_moving_average)


def _undone(changes: Sequence[Change]) -> str:
    if not 0 < len(changes) <= _MOST_TO_SET or any(then is None or name == _OPTIMIZER for name, then, _ in changes):
        return "train with the pipeline.config of the run to go on"
    return " ".join(f"--set {name}={then}" for name, then, _ in changes) + " to go on"


def _changes(earlier: TrainEvalPipelineConfig, config: TrainEvalPipelineConfig) -> list[Change]:
    """The fields of the model that differ, those first that most probably decide about shapes."""
    then, now = _fields(earlier.model), _fields(config.model)
    written = {**_fields(earlier.model, written=True), **_fields(config.model, written=True)}
    paths = [path for path in written if then.get(path) != now.get(path)]
    paths.sort(key=lambda path: [part in path for part in _DECIDING].index(True))
    return [(path, then.get(path), now.get(path)) for path in paths]


def _fields(model: Any, *, written: bool = False) -> dict[str, str]:
    """The values of all fields in the blocks of a model, by path; or of those alone that the config has `written`."""
    return {
        f"{path}{field.name}": _told(getattr(block, field.name), field)
        for path, block in blocks(model, "model.")
        for field in block.DESCRIPTOR.fields
        if field.message_type is None and (not written or field in {one for one, _ in block.ListFields()})
    }


def _told(value: Any, field: Any = None) -> str:
    """A value as a config has it."""
    if field is not None and is_repeated(field):
        return f"[{', '.join(_told(one) for one in value)}]"
    if field is not None and field.enum_type is not None:
        return str(field.enum_type.values_by_number[value].name)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _classes(config: TrainEvalPipelineConfig) -> dict[str, int]:
    path = config.train_input_reader.label_map_path
    try:
        return read_label_map(path).ids if path else {}
    except ConfigError:
        return {}


def _files(config: TrainEvalPipelineConfig) -> list[str]:
    paths = list(config.train_input_reader.tf_record_input_reader.input_path)
    return expand(paths) if paths else []
