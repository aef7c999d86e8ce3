"""A config without errors can be built: for every number of the schema the check and the part agree.

Each field of each part is set to numbers at its edges and beyond. Either both refuse, with the same words at the same
place, or both accept; and what is accepted also runs.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf.descriptor import FieldDescriptor

from tests.augment.examples import example
from tests.config.sound import write_sound_config
from tfod import names
from tfod.augment.from_config import augmentation_from_config
from tfod.boxes.from_config import (
    anchors_from_config,
    box_coder_from_config,
    matcher_from_config,
    nms_from_config,
    similarity_from_config,
)
from tfod.config.check import check_pipeline
from tfod.config.faults.anchors import ANCHORS_OF_SEVERAL_MAPS
from tfod.config.faults.fault import refuse
from tfod.config.faults.image_size import input_size_faults, known_sides
from tfod.config.faults.model import smallest_side
from tfod.config.faults.numbers import number_faults
from tfod.config.pipeline import PipelineConfig, read_pipeline_config
from tfod.config.support import refuse_missing
from tfod.config.words import is_repeated
from tfod.errors import ConfigError
from tfod.losses.from_config import (
    classification_loss_from_config,
    localization_loss_from_config,
    miner_from_config,
    sampler_from_config,
)
from tfod.models.from_config import (
    conv_hyperparameters_from_config,
    image_resizer_from_config,
    score_converter_from_config,
)
from tfod.models.ssd.features_from_config import features_from_config
from tfod.models.ssd.predictor_from_config import Sizes, box_predictor_from_config
from tfod.protos import (
    box_predictor_pb2,
    hyperparams_pb2,
    image_resizer_pb2,
    losses_pb2,
    optimizer_pb2,
    preprocessor_pb2,
    ssd_pb2,
)
from tfod.training.optimizer_from_config import optimizer_from_config

NAN, INF = math.nan, math.inf
EDGES: dict[int, tuple[float, ...]] = {
    FieldDescriptor.CPPTYPE_FLOAT: (0.5, 0.0, -1.0, 1e-6, 1.5, 1e30, NAN, -INF),
    FieldDescriptor.CPPTYPE_INT32: (7, 0, -1, 9000, 2**31 - 1, -(2**31)),
    FieldDescriptor.CPPTYPE_UINT32: (7, 0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_BOOL: (False, True),
}
# Steps that have to be told something, and the least that they have to be told.
NEEDED = {
    "normalize_image": {"original_maxval": 255.0},
    "random_resize_method": {"target_height": 5, "target_width": 9},
    "remap_labels": {"original_labels": [1], "new_label": 2},
    "resize_image": {"new_height": 5, "new_width": 9},
    "subtract_channel_mean": {"means": [1.0, 2.0, 3.0]},
}
STEPS = [field.name for field in preprocessor_pb2.PreprocessingStep.DESCRIPTOR.fields]
EXAMPLE = example()
MOST_PIXELS = 200_000


def _alternatives(message: Any) -> list[str]:
    return [field.name for field in message.DESCRIPTOR.fields]


def _variants(message: Any, repeat: tuple[int, ...] = (1, 2, 3)) -> Iterator[tuple[str, Any]]:
    """A name and a function of a message for each field and each number at the edges."""
    for field in message.DESCRIPTOR.fields:
        if field.enum_type is not None:
            numbers: Any = [value.number for value in field.enum_type.values]
        else:
            numbers = EDGES.get(field.cpp_type, ())
        for number in numbers:
            if is_repeated(field):
                for count in repeat if number == numbers[0] else repeat[-2:]:
                    yield f"{field.name}={[number] * count}", partial(_set_list, field.name, [number] * count)
            else:
                yield f"{field.name}={number}", partial(_set, field.name, number)


def _set(field: str, value: Any, message: Any) -> None:
    setattr(message, field, value)


def _set_list(field: str, values: list[Any], message: Any) -> None:
    """Sets the whole list, or the first number of one that has to be longer."""
    there = list(getattr(message, field))
    message.ClearField(field)
    getattr(message, field).extend(values + there[len(values) :])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineConfig]:
    """A sound config; its files lie in the working directory."""
    folder = tmp_path_factory.mktemp("one_door")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_sound_config(folder)
        yield read_pipeline_config("pipeline.config")


def _agree(config: PipelineConfig, where: str, build: Callable[[PipelineConfig], Any], told: str) -> Any:
    """What is built of the config; None where the check finds an error below `where` and `build` says the same."""
    findings = [one for one in check_pipeline(config, for_training=True) if one.severity == "error"]
    mine = {(one.what, one.where) for one in findings if one.where.startswith(where)}
    try:
        built = build(config)
    except ConfigError as error:
        assert (error.what, error.where) in mine, f"{told}: the part alone refuses it"
        return None
    assert not mine, f"{told}: the check alone refuses it"
    return built


def _changed(base: PipelineConfig, change: Callable[[PipelineConfig], Any]) -> PipelineConfig:
    config = PipelineConfig()
    config.CopyFrom(base)
    change(config)
    return config


# Augmentation


def _augmentation(config: PipelineConfig) -> Any:
    refuse_missing(config.train_config, "train_config")
    where = "train_config.data_augmentation_options"
    return augmentation_from_config(config.train_config.data_augmentation_options, where)


def _step(config: PipelineConfig, name: str) -> Any:
    del config.train_config.data_augmentation_options[:]
    step = getattr(config.train_config.data_augmentation_options.add(), name)
    step.SetInParent()
    # Images of one channel are for models that take one.
    config.model.ssd.image_resizer.fixed_shape_resizer.convert_to_grayscale = name == "rgb_to_gray"
    return step


def _runs(augment: Any, told: str) -> None:
    after = augment(EXAMPLE, (3, 4))
    image = after[names.IMAGE].numpy()
    assert np.isfinite(image).all(), told
    assert image.size > 0, told
    assert np.isfinite(after[names.GROUNDTRUTH_BOXES].numpy()).all(), told


@pytest.mark.parametrize("name", STEPS)
def test_a_step_with_defaults(base: PipelineConfig, name: str) -> None:
    augment = _agree(_changed(base, lambda config: _step(config, name)), "train_config.data", _augmentation, name)
    if augment is not None:
        _runs(augment, name)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_with_each_number(base: PipelineConfig, name: str) -> None:
    empty = getattr(preprocessor_pb2.PreprocessingStep(), name)
    for told, change in _variants(empty):
        config = _changed(base, lambda config: _step(config, name))
        step = getattr(config.train_config.data_augmentation_options[0], name)
        for field, value in NEEDED.get(name, {}).items():
            if isinstance(value, list):
                getattr(step, field).extend(value)
            else:
                setattr(step, field, value)
        change(step)
        augment = _agree(config, "train_config.data", _augmentation, f"{name} {told}")
        if augment is not None and "9000" not in told:
            _runs(augment, f"{name} {told}")


OPERATIONS = ["ssd_random_crop", "ssd_random_crop_pad", "ssd_random_crop_fixed_aspect_ratio",
              "ssd_random_crop_pad_fixed_aspect_ratio"]  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_of_a_crop_with_each_number(base: PipelineConfig, name: str) -> None:
    usual = {"min_object_covered": 0.1, "min_aspect_ratio": 0.5, "max_aspect_ratio": 2.0, "min_area": 0.1,
             "max_area": 1.0, "overlap_thresh": 0.1}  # fmt: skip
    empty = getattr(preprocessor_pb2.PreprocessingStep(), name).operations.add()
    for told, change in _variants(empty):
        config = _changed(base, lambda config: _step(config, name))
        operation = getattr(config.train_config.data_augmentation_options[0], name).operations.add()
        for field, value in usual.items():
            if hasattr(operation, field):
                setattr(operation, field, value)
        change(operation)
        augment = _agree(config, "train_config.data", _augmentation, f"{name} {told}")
        if augment is not None:
            _runs(augment, f"{name} {told}")


@pytest.mark.parametrize("step", STEPS)
def test_a_step_after_grey(base: PipelineConfig, step: str) -> None:
    def both(config: PipelineConfig) -> None:
        inner = _step(config, "rgb_to_gray")
        inner.SetInParent()
        after = getattr(config.train_config.data_augmentation_options.add(), step)
        after.SetInParent()
        for field, value in NEEDED.get(step, {}).items():
            getattr(after, field).extend(value) if isinstance(value, list) else setattr(after, field, value)
        config.model.ssd.image_resizer.fixed_shape_resizer.convert_to_grayscale = True

    augment = _agree(_changed(base, both), "train_config.data", _augmentation, step)
    if augment is not None:
        _runs(augment, step)
        assert augment(example(), (0, 0))[names.IMAGE].shape[-1] == 1


# The model's parts


def _resizer(config: PipelineConfig) -> Any:
    model, where = config.model.ssd, "model.ssd.image_resizer"
    resizer = image_resizer_from_config(model.image_resizer, where)
    kind = model.image_resizer.WhichOneof("image_resizer_oneof")
    sides = known_sides(kind, getattr(model.image_resizer, kind))
    refuse(input_size_faults(kind, sides, smallest_side(model.feature_extractor.type)), where)
    return resizer


@pytest.mark.parametrize("kind", _alternatives(image_resizer_pb2.ImageResizer))
def test_a_resizer_with_each_number(base: PipelineConfig, kind: str) -> None:
    image = tf.zeros([6, 9, 3])
    for told, change in [("defaults", lambda one: None), *_variants(getattr(image_resizer_pb2.ImageResizer(), kind))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            config.model.ssd.feature_extractor.type = "ssd_mobilenet_v2_keras"  # no pyramid that images have to fit
            resizer = getattr(config.model.ssd.image_resizer, kind)
            resizer.SetInParent()
            change(resizer)

        resizer = _agree(_changed(base, choose), "model.ssd.image_resizer", _resizer, f"{kind} {told}")
        if resizer is not None and "9000" not in told and _pixels(resizer) <= MOST_PIXELS:
            resized, _ = resizer(image)
            assert resized.shape[-1] == resizer.channels, f"{kind} {told}"


def _pixels(resizer: Any) -> int:
    height, width = resizer.output_shape
    return (height or 400) * (width or 400)


def _hyperparameters(config: PipelineConfig) -> Any:
    extractor = config.model.ssd.feature_extractor
    return conv_hyperparameters_from_config(extractor.conv_hyperparams, "model.ssd.feature_extractor.conv_hyperparams")


HYPERPARAMETERS = [
    *[f"initializer.{name}" for name in _alternatives(hyperparams_pb2.Initializer) if name.endswith("initializer")],
    *[f"regularizer.{name}" for name in _alternatives(hyperparams_pb2.Regularizer)],
    "batch_norm",
    "sync_batch_norm",
]


@pytest.mark.parametrize("path", HYPERPARAMETERS)
def test_hyperparameters_with_each_number(base: PipelineConfig, path: str) -> None:
    for told, change in [("defaults", lambda one: None), *_variants(_at(hyperparams_pb2.Hyperparams(), path))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            block = _at(config.model.ssd.feature_extractor.conv_hyperparams, path)
            block.SetInParent()
            change(block)

        where = "model.ssd.feature_extractor.conv_hyperparams"
        made = _agree(_changed(base, choose), where, _hyperparameters, f"{path} {told}")
        if made is not None:
            kernel = made.make_initializer()([1, 1, 2, 2])
            assert bool(tf.reduce_all(tf.math.is_finite(kernel))), f"{path} {told}"


@pytest.mark.parametrize("name", ["glorot_uniform", "HeNormal", "zeros", "identity", "he_norml", "", "nonsense"])
def test_initializers_by_name(base: PipelineConfig, name: str) -> None:
    def choose(config: PipelineConfig) -> None:
        config.model.ssd.feature_extractor.conv_hyperparams.initializer.keras_initializer_by_name = name

    made = _agree(_changed(base, choose), "model.ssd.feature_extractor", _hyperparameters, name)
    if made is not None:
        made.make_initializer()([1, 1, 2, 2])


def _at(message: Any, path: str) -> Any:
    for name in path.split("."):
        message = getattr(message, name)
    return message


SIZES = Sizes(depths=(8,) * 5, anchors_per_cell=(6,) * 5, code_size=4, class_slots=3)


@pytest.mark.parametrize("kind", ["weight_shared_convolutional_box_predictor", "convolutional_box_predictor"])
def test_a_box_predictor_with_each_number(base: PipelineConfig, kind: str) -> None:
    where, clip = "model.ssd.box_predictor", "box_encodings_clip_range"

    def build(config: PipelineConfig) -> Any:
        return box_predictor_from_config(config.model.ssd.box_predictor, where, SIZES, freeze_batch_norm=False)

    def choose(config: PipelineConfig, change: Callable[[Any], Any]) -> None:
        predictor = getattr(config.model.ssd.box_predictor, kind)
        predictor.SetInParent()
        change(predictor)

    empty = getattr(box_predictor_pb2.BoxPredictor(), kind)
    clips = [
        (told, lambda one, change=change: change(getattr(one, clip)))
        for told, change in _variants(getattr(empty, clip))
    ]
    for told, change in [("defaults", lambda one: None), *_variants(empty), *clips]:
        _agree(_changed(base, partial(choose, change=change)), where, build, f"{kind} {told}")


@pytest.mark.parametrize("extractor", ["ssd_mobilenet_v2_fpn_keras", "ssd_mobilenet_v1_keras"])
def test_a_feature_extractor_with_each_number(base: PipelineConfig, extractor: str) -> None:
    where = "model.ssd.feature_extractor"

    def build(config: PipelineConfig) -> Any:
        model = config.model.ssd.feature_extractor
        refuse(number_faults(model), where)
        return features_from_config(model, where, freeze_batch_norm=False)

    def choose(config: PipelineConfig, change: Callable[[Any], Any]) -> None:
        config.model.ssd.feature_extractor.type = extractor
        change(config.model.ssd.feature_extractor)

    empty = ssd_pb2.SsdFeatureExtractor()
    levels = [(told, lambda one, change=change: change(one.fpn)) for told, change in _variants(empty.fpn)]
    for told, change in [*_variants(empty), *levels]:
        if told.startswith(("min_level=7", "max_level=7", "pad_to_multiple=7")):
            continue  # refused, if at all, together with images or anchors
        _agree(_changed(base, partial(choose, change=change)), where, build, f"{extractor} {told}")


ANCHORS = "model.ssd.anchor_generator"


@pytest.mark.parametrize("kind", ANCHORS_OF_SEVERAL_MAPS)
def test_anchors_with_each_number(base: PipelineConfig, kind: str) -> None:
    config = PipelineConfig()
    config.CopyFrom(base)
    grid = config.model.ssd.anchor_generator.flexible_grid_anchor_generator.anchor_grid
    empty = grid.add() if kind.startswith("flexible") else getattr(config.model.ssd.anchor_generator, kind)
    for told, change in [("defaults", lambda one: None), *_variants(empty, repeat=(1,))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            generator = getattr(config.model.ssd.anchor_generator, kind)
            generator.SetInParent()
            if kind.startswith("flexible"):
                for _ in range(5):
                    generator.anchor_grid.add(base_sizes=[9.0], aspect_ratios=[1.0], height_stride=8, width_stride=8)
                generator = generator.anchor_grid[0]
            elif kind.startswith("ssd"):
                generator.num_layers, generator.reduce_boxes_in_lowest_layer = 5, False
            change(generator)

        _agree_on_anchors(_changed(base, choose), f"{kind} {told}")


def _agree_on_anchors(config: PipelineConfig, told: str) -> None:
    """Where only anchors and feature maps do not fit each other, the check names a field and the model the anchors."""
    findings = [one for one in check_pipeline(config, for_training=True) if one.severity == "error"]
    mine = {(one.what, one.where) for one in findings if one.where.startswith(ANCHORS)}
    unlike = {what for what, _ in mine if "feature maps" in what}
    try:
        anchors = anchors_from_config(config.model.ssd.anchor_generator, ANCHORS, kinds=ANCHORS_OF_SEVERAL_MAPS)
    except ConfigError as error:
        assert (error.what, error.where) in mine, f"{told}: the part alone refuses it"
        return
    counts = anchors.anchors_per_cell
    if len(counts) != 5 or len(set(counts)) > 1:
        assert unlike, told
        return
    assert not mine, f"{told}: the check alone refuses it"
    made = anchors([(2, 2)] * 5, 64, 64)
    assert bool(tf.reduce_all(tf.math.is_finite(made))), told


PARTS: dict[str, Callable[[Any, str], Any]] = {
    "box_coder": box_coder_from_config,
    "matcher": matcher_from_config,
    "similarity_calculator": similarity_from_config,
    "loss.classification_loss": classification_loss_from_config,
    "loss.localization_loss": localization_loss_from_config,
}


def _alternatives_of_parts() -> list[tuple[str, str]]:
    return [(path, name) for path in PARTS for name in _alternatives(_at(PipelineConfig().model.ssd, path))]


@pytest.mark.parametrize(("path", "kind"), _alternatives_of_parts())
def test_a_part_with_each_number(base: PipelineConfig, path: str, kind: str) -> None:
    make, empty = PARTS[path], getattr(_at(PipelineConfig().model.ssd, path), kind)
    where = f"model.ssd.{path}"
    for told, change in [("defaults", lambda one: None), *_variants(empty)]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            part = getattr(_at(config.model.ssd, path), kind)
            part.SetInParent()
            change(part)

        _agree(_changed(base, choose), where, lambda config: make(_at(config.model.ssd, path), where), f"{kind} {told}")


@pytest.mark.parametrize("block", ["hard_example_miner", "random_example_sampler"])
def test_mining_and_sampling_with_each_number(base: PipelineConfig, block: str) -> None:
    make = miner_from_config if block == "hard_example_miner" else sampler_from_config
    for told, change in [("defaults", lambda one: None), *_variants(getattr(losses_pb2.Loss(), block))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            config.model.ssd.loss.classification_loss.weighted_sigmoid.SetInParent()
            inner = getattr(config.model.ssd.loss, block)
            inner.SetInParent()
            change(inner)

        _agree(
            _changed(base, choose), "model.ssd.loss", lambda config: make(config.model.ssd.loss, "model.ssd.loss"),
            f"{block} {told}",
        )  # fmt: skip


def test_suppression_with_each_number(base: PipelineConfig) -> None:
    path, where = "post_processing.batch_non_max_suppression", "model.ssd.post_processing.batch_non_max_suppression"
    for told, change in [("defaults", lambda one: None), *_variants(_at(base.model.ssd, path))]:
        if told.startswith("max_classes"):  # refused with the model
            continue
        config = _changed(base, lambda config, change=change: change(_at(config.model.ssd, path)))
        _agree(config, where, lambda config: nms_from_config(_at(config.model.ssd, path), where), told)


def test_scores_with_each_number(base: PipelineConfig) -> None:
    where = "model.ssd.post_processing"
    for told, change in _variants(base.model.ssd.post_processing):
        config = _changed(base, lambda config, change=change: change(config.model.ssd.post_processing))
        _agree(config, where, lambda config: score_converter_from_config(config.model.ssd.post_processing, where), told)


# Optimizers and schedules


def _optimizer(config: PipelineConfig) -> Any:
    step = tf.Variable(0, dtype=tf.int64)
    optimizer, schedule = optimizer_from_config(config.train_config.optimizer, step, tf.Module())
    rates = [float(schedule(tf.constant(number, tf.int64))) for number in (0, 1, 399)]
    assert all(map(math.isfinite, rates))
    return optimizer


@pytest.mark.parametrize("kind", ["rms_prop_optimizer", "momentum_optimizer", "adam_optimizer"])
def test_an_optimizer_with_each_number(base: PipelineConfig, kind: str) -> None:
    for told, change in [("defaults", lambda one: None), *_variants(getattr(optimizer_pb2.Optimizer(), kind))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            optimizer = getattr(config.train_config.optimizer, kind)
            optimizer.learning_rate.constant_learning_rate.learning_rate = 0.001
            change(optimizer)

        _agree(_changed(base, choose), "train_config.optimizer", _optimizer, f"{kind} {told}")


def test_averages_with_each_number(base: PipelineConfig) -> None:
    for told, change in _variants(optimizer_pb2.Optimizer()):
        config = _changed(base, lambda config, change=change: change(config.train_config.optimizer))
        _agree(config, "train_config.optimizer", _optimizer, told)


SCHEDULES = _alternatives(optimizer_pb2.LearningRate)


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_schedule_with_each_number(base: PipelineConfig, kind: str) -> None:
    for told, change in [("defaults", lambda one: None), *_variants(getattr(optimizer_pb2.LearningRate(), kind))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            schedule = getattr(config.train_config.optimizer.momentum_optimizer.learning_rate, kind)
            schedule.SetInParent()
            if kind == "manual_step_learning_rate":
                schedule.schedule.add(step=5)
            change(schedule)

        _agree(_changed(base, choose), "train_config.optimizer", _optimizer, f"{kind} {told}")


def test_the_numbers_of_a_manual_schedule(base: PipelineConfig) -> None:
    entry = optimizer_pb2.ManualStepLearningRate.LearningRateSchedule()
    for told, change in _variants(entry):

        def choose(config: PipelineConfig, change: Any = change) -> None:
            rate = config.train_config.optimizer.momentum_optimizer.learning_rate.manual_step_learning_rate
            change(rate.schedule.add(step=5))

        _agree(_changed(base, choose), "train_config.optimizer", _optimizer, told)


def test_every_range_is_of_a_field_that_exists() -> None:
    from tfod.config.faults.ranges import RANGES
    from tfod.config.schema_comments import schema_comments

    fields = set(schema_comments())
    for name in RANGES:
        assert name in fields or any(field.endswith(f".{name}") for field in fields), name


def test_defaults_are_within_their_ranges(base: PipelineConfig) -> None:
    """A config that writes all defaults down is as good as one that leaves them out."""
    config = PipelineConfig()
    config.CopyFrom(base)
    _write_defaults(config)
    assert [fault.field for fault in number_faults(config)] == []


def _write_defaults(message: Any) -> None:
    for field in message.DESCRIPTOR.fields:
        if is_repeated(field) or field.message_type is not None:
            continue
        if field.has_default_value and not message.HasField(field.name):
            setattr(message, field.name, field.default_value)
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for inner in value if is_repeated(field) else [value]:
                _write_defaults(inner)


def test_the_base_is_sound(base: PipelineConfig) -> None:
    assert check_pipeline(base, for_training=True) == []
