"""Settings for fine-tuning follow the data, the batch and the model."""

import pytest

from tfod.config.check import check_pipeline
from tfod.config.fine_tuning import (
    Data,
    choose_schedule,
    fine_tuning_comments,
    fine_tuning_config,
    seconds_on_two_cores,
)
from tfod.config.zoo import find_model
from tfod.config.zoo_models import MODELS, ZooModel
from tfod.config.zoo_ssd import published_model
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

LITE = find_model("ssd_mobilenet_v2_fpnlite_320x320")
TRAINABLE = [model for model in MODELS if model.trainable]
# Rules that look for files, which are not here, or at this machine.
FILES = ("label-map", "no-records", "checkpoint-missing", "memory")


def _data(pictures: int = 400) -> Data:
    return Data("map.pbtxt", tuple("abcdef"), 6, ("a-*", "b"), pictures, ("c",), 40)


def _config(model: ZooModel, **options: int) -> TrainEvalPipelineConfig:
    schedule = choose_schedule(model, 400, **options)
    return fine_tuning_config(model, published_model(model, num_classes=90), _data(), schedule, "ckpt-0")


@pytest.mark.parametrize(
    ("pictures", "options", "batch", "steps", "rate", "warmup"),
    [
        (160, {}, 8, 1000, 0.02, 100),  # 50 times through the pictures, and at least 1000 steps
        (400, {}, 8, 2500, 0.02, 250),
        (100_000, {}, 8, 25_000, 0.02, 1000),  # and at most 25 000
        (5, {}, 5, 1000, 0.0125, 100),
        (160, {"num_steps": 400}, 8, 400, 0.02, 40),
        (160, {"epochs": 2}, 8, 40, 0.02, 4),
        (161, {"epochs": 1}, 8, 21, 0.02, 2),
        (400, {"batch_size": 16}, 16, 1250, 0.04, 125),
        (400, {"batch_size": 128}, 128, 1000, 0.08, 100),  # not above the zoo's own rate
        (400, {"batch_size": 1, "num_steps": 3}, 1, 3, 0.0025, 0),
    ],
)
def test_schedule(pictures: int, options: dict[str, int], batch: int, steps: int, rate: float, warmup: int) -> None:
    schedule = choose_schedule(LITE, pictures, **options)
    assert (schedule.batch_size, schedule.num_steps, schedule.warmup_steps) == (batch, steps, warmup)
    assert schedule.learning_rate == pytest.approx(rate)
    assert schedule.warmup_learning_rate == pytest.approx(rate / 4)


@pytest.mark.parametrize(
    ("name", "batch"),
    [
        ("ssd_mobilenet_v2_320x320", 8),
        ("ssd_mobilenet_v2_fpnlite_640x640", 8),
        ("ssd_resnet50_v1_fpn_640x640", 4),
        ("ssd_resnet101_v1_fpn_640x640", 4),
        ("ssd_resnet152_v1_fpn_640x640", 2),
        ("ssd_resnet50_v1_fpn_1024x1024", 2),
        ("ssd_resnet152_v1_fpn_1024x1024", 1),
    ],
)
def test_batches_of_large_models_are_smaller(name: str, batch: int) -> None:
    assert choose_schedule(find_model(name), 1000).batch_size == batch


@pytest.mark.parametrize("model", TRAINABLE, ids=lambda model: model.short_name)
def test_what_every_model_costs_was_measured(model: ZooModel) -> None:
    assert seconds_on_two_cores(model, choose_schedule(model, 100)) > 60


@pytest.mark.parametrize("model", TRAINABLE, ids=lambda model: model.short_name)
@pytest.mark.parametrize("options", [{}, {"num_steps": 100}, {"batch_size": 64}], ids=str)
def test_the_check_finds_nothing(model: ZooModel, options: dict[str, int]) -> None:
    findings = check_pipeline(_config(model, **options), for_training=True)
    assert [finding for finding in findings if finding.rule not in FILES] == []


def test_every_value_comes_from_the_data_or_the_schedule() -> None:
    config = _config(LITE)

    assert config.model.ssd.num_classes == 6
    assert config.train_config.fine_tune_checkpoint == "ckpt-0"
    assert config.train_config.fine_tune_checkpoint_type == "detection"
    assert list(config.train_input_reader.tf_record_input_reader.input_path) == ["a-*", "b"]
    assert list(config.eval_input_reader[0].tf_record_input_reader.input_path) == ["c"]
    assert {config.train_input_reader.label_map_path, config.eval_input_reader[0].label_map_path} == {"map.pbtxt"}
    rate = config.train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate
    assert rate.total_steps == config.train_config.num_steps == 2500


def test_batch_norm_follows_in_the_steps_that_there_are() -> None:
    long, short = _config(LITE, num_steps=25_000), _config(LITE, num_steps=400)
    decays = [config.model.ssd.feature_extractor.conv_hyperparams.batch_norm.decay for config in (long, short)]
    assert decays == pytest.approx([0.997, 0.97])
    head = short.model.ssd.box_predictor.weight_shared_convolutional_box_predictor.conv_hyperparams.batch_norm
    assert head.decay == pytest.approx(0.97)


def test_augmentation_is_that_of_the_family() -> None:
    kinds = {
        model.feature_extractor: [
            option.WhichOneof("preprocessing_step") for option in _config(model).train_config.data_augmentation_options
        ]
        for model in TRAINABLE
    }
    assert kinds.pop("ssd_mobilenet_v2_keras") == ["random_horizontal_flip", "ssd_random_crop"]
    pyramids = {name: tuple(steps) for name, steps in kinds.items()}
    efficientdet = {steps for name, steps in pyramids.items() if "bifpn" in name}
    assert efficientdet == {("random_horizontal_flip", "random_scale_crop_and_pad_to_square")}
    assert {steps for name, steps in pyramids.items() if "bifpn" not in name} == {
        ("random_horizontal_flip", "random_crop_image")
    }


@pytest.mark.parametrize("model", TRAINABLE, ids=lambda model: model.short_name)
def test_comments_are_of_fields_that_are_there(model: ZooModel) -> None:
    config = _config(model)
    comments = fine_tuning_comments(model, published_model(model, num_classes=90), config, _data())
    for path in comments:
        message: object = config
        for step in path.split("."):
            name, _, number = step.rstrip("]").partition("[")
            message = getattr(message, name)[int(number)] if number else getattr(message, name)
    assert (
        comments[f"model.{model.architecture.family}.num_classes"] == "as many as the label map has: a, b, c, d, e, ..."
    )
    assert comments["train_config.num_steps"].startswith("50 times through 400 pictures")
