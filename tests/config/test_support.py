"""The table of what works: it fits the schema, the check tells it, and the engine refuses and reads accordingly."""

import importlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tfod.config.diagnostics import Diagnostic
from tfod.config.rules import support
from tfod.config.schema_comments import schema_comments
from tfod.config.support import clear_without_effect, limit_of, message_name
from tfod.config.support_table import AVAILABLE_METRICS, MISSING_METRICS, TABLE, Limit
from tfod.config.words import is_repeated
from tfod.errors import ConfigError
from tfod.protos import box_coder_pb2, calibration_pb2, pipeline_pb2, preprocessor_pb2
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.protos.string_int_label_map_pb2 import StringIntLabelMap

ROOT = Path(__file__).resolve().parents[2]
PROTOS = Path(pipeline_pb2.__file__).parent
# Values that are concerned, of fields whose others work.
CONCERNED = {
    "SsdFeatureExtractor.num_layers": 5,
    "EvalConfig.metrics_set": "lvis_mask_metrics",
    "InputReader.input_type": 2,
    "BatchNonMaxSuppression.max_classes_per_detection": 2,
}
# What must stand beside a field for it to be concerned.
BESIDE = {
    **dict.fromkeys(
        (f"SsdFeatureExtractor.{name}" for name in ("use_depthwise", "use_explicit_padding", "num_layers")),
        ("type", "ssd_resnet50_v1_fpn_keras"),
    ),
    "SsdFeatureExtractor.override_base_feature_extractor_hyperparams": ("type", "embedded_ssd_mobilenet_v1"),
    **dict.fromkeys(
        (f"FasterRcnnFeatureExtractor.{name}" for name in ("fpn", "override_base_feature_extractor_hyperparams")),
        ("type", "faster_rcnn_resnet50_keras"),
    ),
    "SsdFeatureExtractor.fpn": ("type", "ssd_mobilenet_v2_keras"),
    "SsdFeatureExtractor.bifpn": ("type", "ssd_mobilenet_v2_fpn_keras"),
    "ConvolutionalBoxPredictor.class_prediction_bias_init": ("use_depthwise", True),
    "TrainConfig.load_all_detection_checkpoint_vars": ("fine_tune_checkpoint_version", 2),
}
# Fields that work, though no code spells their names.
SPELLED_OTHERWISE = {
    *(f"RandomPadImage.{limit}_image_{side}" for limit in ("min", "max") for side in ("height", "width")),
    "TrainConfig.fine_tune_checkpoint_version",  # the check's alone: checkpoints say themselves what they are
}


def _messages(descriptor: Descriptor) -> Iterator[Descriptor]:
    if not descriptor.GetOptions().map_entry:
        yield descriptor
    for nested in descriptor.nested_types:
        yield from _messages(nested)


def _schema() -> dict[str, FieldDescriptor]:
    """Message and field -> field, of the whole schema."""
    files = [importlib.import_module(f"tfod.protos.{path.stem}_pb2").DESCRIPTOR for path in PROTOS.glob("*.proto")]
    tops = [top for file in files for top in file.message_types_by_name.values()]
    messages = [message for top in tops for message in _messages(top)]
    return {f"{message_name(message)}.{field.name}": field for message in messages for field in message.fields}


SCHEMA = _schema()


def _ways(root: Descriptor) -> dict[Descriptor, list[FieldDescriptor]]:
    """Message -> the shortest way to it from `root`, through fields that work."""
    ways: dict[Descriptor, list[FieldDescriptor]] = {root: []}
    queue = [root]
    for message in queue:
        for field in message.fields:
            inner, limit = field.message_type, limit_of(message, field.name)
            is_open = limit is None or bool(limit.condition)
            if inner is not None and is_open and not inner.GetOptions().map_entry and inner not in ways:
                ways[inner] = [*ways[message], field]
                queue.append(inner)
    return ways


WAYS = _ways(TrainEvalPipelineConfig.DESCRIPTOR)
REACHABLE = [name for name in TABLE if SCHEMA[name].containing_type in WAYS]


def _set(name: str) -> tuple[TrainEvalPipelineConfig, str]:
    """A config in which the field is set to something that its limit concerns, and the path of the field."""
    config = TrainEvalPipelineConfig()
    message: Any = config
    path = ""
    for step in WAYS[SCHEMA[name].containing_type]:
        value = getattr(message, step.name)
        message = value.add() if is_repeated(step) else value
        path += f"{step.name}[0]." if is_repeated(step) else f"{step.name}."
    field = SCHEMA[name]
    if name in BESIDE:
        setattr(message, *BESIDE[name])
    value = CONCERNED.get(name, _unlike_default(field))
    if not is_repeated(field) and field.message_type is not None:
        getattr(message, field.name).SetInParent()
    elif field.message_type is not None and field.message_type.GetOptions().map_entry:
        getattr(message, field.name)["animals"] = "cat,dog"
    elif is_repeated(field):
        getattr(message, field.name).add() if field.message_type else getattr(message, field.name).append(value)
        path += f"{field.name}[0]"
        return config, path
    else:
        setattr(message, field.name, value)
    return config, path + field.name


def _unlike_default(field: FieldDescriptor) -> Any:
    if field.enum_type is not None:
        return next(value.number for value in field.enum_type.values if value.number != field.default_value)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return not field.default_value
    return "something" if field.cpp_type == FieldDescriptor.CPPTYPE_STRING else 7


def _severity(limit: Limit) -> str:
    if limit.kind == "missing":
        return "error"
    return "warning" if limit.misleads else "note"


def test_the_table_names_real_fields_and_the_check_can_meet_nearly_all() -> None:
    assert TABLE.keys() <= SCHEMA.keys()
    of_label_maps = [name for name in TABLE if name not in REACHABLE]
    assert {name.partition(".")[0] for name in of_label_maps} == {"StringIntLabelMapItem"}


@pytest.mark.parametrize("name", REACHABLE)
def test_a_limited_field_that_is_set_is_told_at_its_place(name: str) -> None:
    config, path = _set(name)
    (finding,) = support.check(config)
    assert (finding.severity, finding.where) == (_severity(TABLE[name]), path)
    assert TABLE[name].reason in finding.what or finding.what.endswith(name.rpartition(".")[2])

    errors = [finding] if TABLE[name].kind == "missing" and path.startswith("model.") else []
    assert list(support.check_model(config)) == errors


def test_values_that_work_and_defaults_are_not_told() -> None:
    config = TrainEvalPipelineConfig()
    extractor = config.model.ssd.feature_extractor
    extractor.type, extractor.use_depthwise, extractor.fpn.max_level = "ssd_mobilenet_v2_fpn_keras", True, 6
    config.train_config.sync_replicas = False
    config.train_config.max_number_of_boxes = config.train_input_reader.max_number_of_boxes = 30
    config.eval_config.metrics_set.extend(AVAILABLE_METRICS)
    assert list(support.check(config)) == []


def test_the_pyramid_of_a_resnet_is_told_only_where_it_differs() -> None:
    def check() -> list[Diagnostic]:
        return list(support.check(config))

    config = TrainEvalPipelineConfig()
    extractor = config.model.ssd.feature_extractor
    extractor.type, extractor.fpn.max_level = "ssd_resnet50_v1_fpn_keras", 7
    assert check() == []
    extractor.fpn.max_level = 6
    assert [one.where for one in check()] == ["model.ssd.feature_extractor.fpn"]
    extractor.type = "ssd_mobilenet_v2_keras"
    assert [one.where for one in check()] == ["model.ssd.feature_extractor.fpn"]


def test_a_feature_is_named_once_a_block() -> None:
    config = TrainEvalPipelineConfig()
    reader = config.train_input_reader
    reader.load_context_features = reader.load_context_image_ids = True
    (finding,) = support.check(config)
    assert finding.what == "not available here: Context R-CNN"


def test_what_has_no_effect_can_be_left_out() -> None:
    config = TrainEvalPipelineConfig()
    config.model.ssd.inplace_batchnorm_update = config.model.ssd.freeze_batchnorm = True
    config.eval_config.force_no_resize = True
    clear_without_effect(config)
    assert config.model.ssd.freeze_batchnorm
    assert not config.model.ssd.HasField("inplace_batchnorm_update")
    assert config.eval_config.force_no_resize, "what is missing is for the user to decide"


def _builders() -> dict[str, Callable[[Any], object]]:
    """Message with alternatives -> what the engine builds of it."""
    from tfod.boxes.from_config import (
        anchors_from_config,
        box_coder_from_config,
        matcher_from_config,
        similarity_from_config,
    )
    from tfod.losses.from_config import classification_loss_from_config, localization_loss_from_config
    from tfod.models.from_config import image_resizer_from_config, score_converter_from_config
    from tfod.protos.post_processing_pb2 import PostProcessing

    return {
        "AnchorGenerator": partial(anchors_from_config, where="here"),
        "BoxCoder": partial(box_coder_from_config, where="here"),
        "CalibrationConfig": lambda message: score_converter_from_config(
            PostProcessing(calibration_config=message), "here"
        ),
        "ClassificationLoss": partial(classification_loss_from_config, where="classification_loss"),
        "ImageResizer": partial(image_resizer_from_config, where="here"),
        "LocalizationLoss": partial(localization_loss_from_config, where="localization_loss"),
        "Matcher": partial(matcher_from_config, where="here"),
        "RegionSimilarityCalculator": partial(similarity_from_config, where="here"),
    }


def _alternative(name: str) -> Any:
    """The message in which the field is chosen, with as little in it as it needs."""
    field = SCHEMA[name]
    message = box_coder_pb2.BoxCoder() if name.startswith("BoxCoder") else _empty(field.containing_type)
    getattr(message, field.name).SetInParent()
    if name == "CalibrationConfig.function_approximation":
        message.function_approximation.x_y_pairs.x_y_pair.append(calibration_pb2.XYPairs.XYPair(x=0.5, y=0.5))
    elif name == "AnchorGenerator.multiscale_anchor_generator":
        message.multiscale_anchor_generator.aspect_ratios.append(1.0)
    elif name == "AnchorGenerator.grid_anchor_generator":
        message.grid_anchor_generator.scales.append(1.0)
        message.grid_anchor_generator.aspect_ratios.append(1.0)
    elif name == "CalibrationConfig.temperature_scaling_calibration":
        message.temperature_scaling_calibration.scaler = 2.0
    return message


def _empty(descriptor: Descriptor) -> Any:
    module = importlib.import_module(descriptor.file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
    return getattr(module, descriptor.name)()


def test_the_engine_refuses_the_alternatives_that_the_table_calls_missing_and_no_other() -> None:
    for message, build in _builders().items():
        for name in (each for each in SCHEMA if each.startswith(f"{message}.")):
            missing = name in TABLE and TABLE[name].kind == "missing"
            if missing:
                with pytest.raises(ConfigError):
                    build(_alternative(name))
            else:
                build(_alternative(name))


def test_the_engine_refuses_a_model_a_reader_and_a_run_with_a_missing_feature() -> None:
    from tfod.input.from_config import evaluation_dataset, record_source_from_config, training_dataset
    from tfod.models.build import build_model

    for name in REACHABLE:
        config, path = _set(name)
        if TABLE[name].kind != "missing" or path.startswith("train_config.data"):
            continue
        reader, sizes = config.train_input_reader, {"preprocess": lambda image: (image, image), "num_classes": 1}
        with pytest.raises(ConfigError, match=re.escape(f"not available here: {TABLE[name].reason}")):
            if path.startswith("model"):
                build_model(config.model)
            elif path.startswith("train_input_reader"):
                record_source_from_config(reader, "train_input_reader")
            elif path.startswith("eval_config"):
                evaluation_dataset(reader, config.eval_config, **sizes)
            else:
                training_dataset(reader, config.train_config, **sizes)


def test_steps_and_metrics_are_those_of_the_engine() -> None:
    from tfod.augment.steps import STEPS
    from tfod.evaluation.from_config import evaluators_from_config
    from tfod.protos.eval_pb2 import EvalConfig

    steps = {field.name for field in preprocessor_pb2.PreprocessingStep.DESCRIPTOR.fields}
    missing = {name for name in steps if f"PreprocessingStep.{name}" in TABLE}
    assert steps - missing == set(STEPS)

    evaluators_from_config(EvalConfig(metrics_set=AVAILABLE_METRICS), {})
    for name in MISSING_METRICS:
        with pytest.raises(ConfigError, match=name):
            evaluators_from_config(EvalConfig(metrics_set=[name]), {})


def test_every_field_that_works_is_read_somewhere_in_the_engine() -> None:
    rooms = [path for path in (ROOT / "tfod").rglob("*.py") if path.parent.name not in ("protos", "config", "rules")]
    rooms.remove(ROOT / "tfod/config/faults/ranges.py")  # which names them all
    words = set(re.findall(r"\w+", "\n".join(path.read_text("utf-8") for path in rooms)))
    words |= set(re.findall(r"\w+", (ROOT / "tfod/config/label_map.py").read_text("utf-8")))
    working = {*WAYS, *_ways(StringIntLabelMap.DESCRIPTOR)}
    unread = {
        name
        for name, field in SCHEMA.items()
        if field.containing_type in working and name not in TABLE and field.name not in words
    }
    assert unread == SPELLED_OTHERWISE


def test_every_message_and_field_has_a_comment_that_is_a_sentence() -> None:
    names = {*SCHEMA, *(name.rpartition(".")[0] for name in SCHEMA)}
    comments = schema_comments()
    assert names <= comments.keys()
    unfinished = [name for name in names if not re.match(r"([A-Z0-9-]|v0|\w+_).*[.)]$", comments[name])]
    assert unfinished == []


def test_the_reference_is_up_to_date() -> None:
    from tfod.config.reference import render_reference

    assert (ROOT / "docs/config.md").read_text("utf-8") == render_reference(), "run make docs"


def test_links_of_the_reference_lead_to_its_headings() -> None:
    text = (ROOT / "docs/config.md").read_text("utf-8")
    headings = {
        re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= headings
