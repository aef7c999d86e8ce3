"""The schema is the original's: names, numbers, types and defaults decide whether a file can be exchanged."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, text_format

from tfod.protos import (
    calibration_pb2,
    center_net_pb2,
    hyperparams_pb2,
    input_reader_pb2,
    losses_pb2,
    pipeline_pb2,
    preprocessor_pb2,
    ssd_pb2,
    string_int_label_map_pb2,
    train_pb2,
)

FOLDER = Path(pipeline_pb2.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.proto"))


def _messages(descriptor: Any) -> Iterator[Any]:
    yield descriptor
    for nested in descriptor.nested_types:
        yield from _messages(nested)


def _all_messages() -> list[Any]:
    files = [importlib.import_module(f"tfod.protos.{name}_pb2").DESCRIPTOR for name in NAMES]
    return [found for file in files for top in file.message_types_by_name.values() for found in _messages(top)]


def test_the_whole_schema_is_there() -> None:
    messages = _all_messages()
    assert len(NAMES) == 35
    assert len(messages) == 173
    # The original's, and batch_norm_trainable, which it took back.
    assert sum(len(message.fields) for message in messages) == 864 + 1


@pytest.mark.parametrize("name", NAMES)
def test_files_carry_our_names_so_that_the_original_can_be_loaded_beside_them(name: str) -> None:
    file = importlib.import_module(f"tfod.protos.{name}_pb2").DESCRIPTOR
    assert file.package == "tfod.protos"
    assert file.name == f"tfod/protos/{name}.proto"


@pytest.mark.parametrize("name", NAMES)
def test_the_compiled_files_belong_to_the_texts(name: str) -> None:
    """Every field line of the text, with its number, is in the compiled descriptor, and no other."""
    text = re.sub(r"//.*", "", (FOLDER / f"{name}.proto").read_text(encoding="utf-8"))
    in_text = sorted(re.findall(r"(\w+) = (\d+)(?: \[[^\]]*\])?;", text))
    compiled = descriptor_pb2.FileDescriptorProto()
    importlib.import_module(f"tfod.protos.{name}_pb2").DESCRIPTOR.CopyToProto(compiled)

    def numbers(message: Any) -> Iterator[tuple[str, str]]:
        yield from ((field.name, str(field.number)) for field in message.field)
        for enum in message.enum_type:
            yield from ((value.name, str(value.number)) for value in enum.value)
        for nested in message.nested_type:
            if not nested.options.map_entry:
                yield from numbers(nested)

    in_code = [(value.name, str(value.number)) for enum in compiled.enum_type for value in enum.value]
    for message in compiled.message_type:
        in_code += numbers(message)
    assert in_text == sorted(in_code)


@pytest.mark.parametrize(
    ("message", "field", "number", "default"),
    [
        (hyperparams_pb2.Hyperparams, "activation", 4, hyperparams_pb2.Hyperparams.RELU),
        (hyperparams_pb2.Hyperparams, "sync_batch_norm", 9, None),
        (hyperparams_pb2.BatchNorm, "decay", 1, 0.999),
        (hyperparams_pb2.VarianceScalingInitializer, "factor", 1, 2.0),
        (input_reader_pb2.InputReader, "max_number_of_boxes", 21, 100),
        (input_reader_pb2.InputReader, "mask_type", 10, input_reader_pb2.NUMERICAL_MASKS),
        (input_reader_pb2.InputReader, "drop_remainder", 35, True),
        (losses_pb2.SigmoidFocalClassificationLoss, "gamma", 2, 2.0),
        (losses_pb2.Loss, "desired_negative_sampling_ratio", 20, 3.0),
        (preprocessor_pb2.RandomCropImage, "clip_boxes", 8, True),
        (preprocessor_pb2.RandomCropPadImage, "clip_boxes", 11, True),
        (preprocessor_pb2.RandomJitterBoxes, "jitter_mode", 2, preprocessor_pb2.RandomJitterBoxes.DEFAULT),
        (preprocessor_pb2.ResizeImage, "method", 3, preprocessor_pb2.ResizeImage.BILINEAR),
        (ssd_pb2.Ssd, "add_background_class", 21, True),
        (ssd_pb2.SsdFeatureExtractor, "bifpn", 19, None),
        (train_pb2.TrainConfig, "fine_tune_checkpoint_version", 28, train_pb2.V1),
        (train_pb2.TrainConfig, "fine_tune_checkpoint_type", 22, ""),
        (train_pb2.TrainConfig, "unpad_groundtruth_tensors", 21, True),
        (center_net_pb2.CenterNet.DeepMACMaskEstimation, "mask_num_subsamples", 67, -1),
        (center_net_pb2.CenterNet.KeypointEstimation, "heatmap_bias_init", 9, -2.19),
        (string_int_label_map_pb2.StringIntLabelMapItem, "display_name", 3, ""),
    ],
)
def test_numbers_and_defaults_are_the_original_ones(message: Any, field: str, number: int, default: object) -> None:
    descriptor = message.DESCRIPTOR.fields_by_name[field]
    assert descriptor.number == number
    if default is not None:
        assert getattr(message(), field) == pytest.approx(default)


def test_presence_is_kept_for_fields_without_a_default() -> None:
    loss = losses_pb2.SigmoidFocalClassificationLoss()
    assert not loss.HasField("alpha")
    assert loss.alpha == 0


def test_deprecated_reserved_and_extension_ranges() -> None:
    fields = train_pb2.TrainConfig.DESCRIPTOR.fields_by_name
    deprecated = [name for name, field in fields.items() if field.GetOptions().deprecated]
    assert sorted(deprecated) == [
        "batch_queue_capacity", "from_detection_checkpoint", "max_number_of_boxes", "num_batch_queue_threads",
        "prefetch_queue_capacity",
    ]  # fmt: skip

    compiled = descriptor_pb2.DescriptorProto()
    center_net_pb2.CenterNet.ObjectDetection.DESCRIPTOR.CopyToProto(compiled)
    assert [(one.start, one.end) for one in compiled.reserved_range] == [(2, 3), (5, 6), (6, 7), (7, 8)]
    assert list(pipeline_pb2.TrainEvalPipelineConfig.DESCRIPTOR.extension_ranges) == [(1000, 536870912)]


def test_maps_are_maps() -> None:
    config = calibration_pb2.ClassIdSigmoidCalibrations()
    config.class_id_sigmoid_parameters_map[7].a = -2.0
    text = text_format.MessageToString(config)
    assert text_format.Parse(text, calibration_pb2.ClassIdSigmoidCalibrations()) == config
