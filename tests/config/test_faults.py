"""Each rule stands once: what the check finds and what refuses to be built say the same words, at the same place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.config.sound import CHECKPOINT, CONFIG, NMS, PREDICTOR, RATE, SSD
from tfod.config.check import check_pipeline
from tfod.config.faults.fault import Fault, refuse
from tfod.config.pipeline import PipelineConfig, read_pipeline_config
from tfod.errors import ConfigError

EXTRACTOR, ANCHORS, LOSS = f"{SSD}.feature_extractor", f"{SSD}.anchor_generator", f"{SSD}.loss"
RESIZER, OPTIMIZER = f"{SSD}.image_resizer", "train_config.optimizer"
STEP = "train_config.data_augmentation_options[0]"
BOX = "base_sizes: 9 aspect_ratios: 1"
CONVOLUTIONAL = f"{SSD}.box_predictor.convolutional_box_predictor"
MATCHER, CALIBRATION = f"{SSD}.matcher.argmax_matcher", f"{SSD}.post_processing.calibration_config"
EFFICIENTDET = f"{EXTRACTOR}={{ type: 'ssd_efficientnet-b0_bifpn_keras' %s }}"
WITHOUT_PYRAMID = f"{EXTRACTOR}={{ type: 'ssd_mobilenet_v2_keras' num_layers: 9 }}"


def _model(config: PipelineConfig) -> None:
    from tfod.models.build import build_model

    build_model(config.model)


def _fine_tuning(config: PipelineConfig) -> None:
    import tensorflow as tf

    from tfod.checkpoints.layout import CheckpointLayout

    CheckpointLayout(tf.Module(), tf.Module(), tf.Module()).roots(config.train_config.fine_tune_checkpoint_type)


def _preprocess(image: Any) -> tuple[Any, Any]:
    return image, image


def _training_input(config: PipelineConfig) -> None:
    from tfod.input.from_config import training_dataset

    training_dataset(config.train_input_reader, config.train_config, preprocess=_preprocess, num_classes=2)


def _evaluation_input(config: PipelineConfig) -> None:
    from tfod.input.from_config import evaluation_dataset

    evaluation_dataset(config.eval_input_reader[0], config.eval_config, preprocess=_preprocess, num_classes=2)


def _optimizer(config: PipelineConfig) -> None:
    import tensorflow as tf

    from tfod.training.optimizer_from_config import averages_from_config, optimizer_from_config

    averages_from_config(config, tf.Module())
    optimizer_from_config(config.train_config.optimizer, tf.Variable(0, dtype=tf.int64), tf.Module())


def _metrics(config: PipelineConfig) -> None:
    from tfod.evaluation.from_config import evaluators_from_config

    evaluators_from_config(config.eval_config, {})


Build = Callable[[PipelineConfig], None]


def _pairs(build: Build, rule: str, *overrides: str) -> list[Any]:
    return [pytest.param(build, rule, one, id=f"{rule}: {one[-60:]}") for one in overrides]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("pipeline.config").write_text(CONFIG)
    Path("label_map.pbtxt").write_text("item { id: 1 name: 'cat' } item { id: 2 name: 'dog' }")
    return tmp_path


@pytest.mark.parametrize(
    ("build", "rule", "override"),
    [
        *_pairs(
            _training_input,
            "augmentation",
            f"{STEP}={{ }}",
            f"{STEP}.random_crop_image.min_area=2",
            f"{STEP}={{ random_pad_image {{ min_image_height: 9 }} }}",
            f"{STEP}={{ resize_image {{ }} }}",
            f"{STEP}={{ random_vertical_flip {{ keypoint_flip_permutation: [1, 1] }} }}",
            "train_input_reader { num_keypoints: 2 } "
            "train_config { data_augmentation_options { random_vertical_flip { } } }",
            f"{STEP}={{ subtract_channel_mean {{ means: 1 }} }}",
            f"{STEP}={{ random_pad_image {{ pad_color: 1 }} }}",
            f"{STEP}={{ ssd_random_crop {{ operations {{ min_area: 0.1 max_area: 1 }} }} }}",
        ),
        *_pairs(
            _training_input,
            "no-input",
            "train_input_reader.tf_record_input_reader.input_path=[]",
            "train_input_reader.sample_from_datasets_weights=[1, 2]",
        ),
        *_pairs(_evaluation_input, "no-input", "eval_input_reader.tf_record_input_reader.input_path=[]"),
        *_pairs(_training_input, "number", f"{STEP}={{ random_horizontal_flip {{ probability: 50 }} }}",
                "train_input_reader.shuffle_buffer_size=4294967295", f"{STEP}.random_crop_image.overlap_thresh=nan"),
        *_pairs(
            _model,
            "number",
            f"{EXTRACTOR}.depth_multiplier=nan",
            f"{RESIZER}.fixed_shape_resizer.width=100000",
            f"{ANCHORS}.multiscale_anchor_generator.scales_per_octave=2147483647",
            f"{NMS}.max_total_detections=-1",
        ),
        *_pairs(_model, "num-classes", f"{SSD}.num_classes=0"),
        *_pairs(_model, "initializer", f"{EXTRACTOR}.conv_hyperparams.initializer.keras_initializer_by_name=he_norml"),
        *_pairs(_optimizer, "number", f"{OPTIMIZER}.momentum_optimizer.momentum_optimizer_value=9"),
        *_pairs(_optimizer, "learning-rate", f"{OPTIMIZER}.momentum_optimizer.learning_rate="
                "{ constant_learning_rate { learning_rate: 0 } }"),
        *_pairs(_metrics, "metrics-set", "eval_config { recall_lower_bound: 0.9 recall_upper_bound: 0.5 }"),
        *_pairs(
            _model,
            "image-resizer",
            f"{RESIZER}={{ }}",
            f"{RESIZER}.fixed_shape_resizer.width=0",
            f"{RESIZER}.keep_aspect_ratio_resizer={{ min_dimension: 90 max_dimension: 80 pad_to_max_dimension: true }}",
            f"{RESIZER}.fixed_shape_resizer={{ height: 32 width: 320 }}",
            f"{RESIZER}.keep_aspect_ratio_resizer={{ per_channel_pad_value: 1 pad_to_max_dimension: true }}",
            f"{RESIZER}.conditional_shape_resizer={{ condition: INVALID }}",
            f"{RESIZER}.pad_to_multiple_resizer={{ multiple: 0 }}",
        ),
        *_pairs(
            _model,
            "feature-extractor",
            f"{EXTRACTOR}.type=ssd_spaghettinet",
            f"{EXTRACTOR}.fpn.max_level=2",
        ),
        *_pairs(_model, "feature-extractor", WITHOUT_PYRAMID),
        *_pairs(
            _model,
            "feature-extractor",
            EFFICIENTDET % "depth_multiplier: 0.5",
            EFFICIENTDET % "use_depthwise: true",
            EFFICIENTDET % "use_explicit_padding: true",
            EFFICIENTDET % "bifpn { num_iterations: 3 max_level: 5 }",
            EFFICIENTDET % "bifpn { num_iterations: 3 min_level: 6 }",
            EFFICIENTDET % "bifpn { num_filters: 64 }",
            EFFICIENTDET % "bifpn { num_iterations: 3 combine_method: 'product' }",
        ),
        *_pairs(
            _model,
            "anchors",
            f"{ANCHORS}={{ }}",
            f"{ANCHORS}.multiscale_anchor_generator.aspect_ratios=[]",
            f"{ANCHORS}.multiscale_anchor_generator.scales_per_octave=0",
            f"{ANCHORS}={{ ssd_anchor_generator {{ num_layers: 0 }} }}",
            f"{ANCHORS}={{ ssd_anchor_generator {{ num_layers: 5 scales: 0.5 }} }}",
            f"{ANCHORS}={{ ssd_anchor_generator {{ num_layers: 5 width_stride: 8 }} }}",
            f"{ANCHORS}={{ ssd_anchor_generator {{ num_layers: 5 aspect_ratios: [1, 2, 3] }} }}",
            f"{ANCHORS}={{ flexible_grid_anchor_generator {{ {'anchor_grid { } ' * 4} anchor_grid {{ {BOX} }} }} }}",
            f"{ANCHORS}={{ flexible_grid_anchor_generator {{ {'anchor_grid { } ' * 4} anchor_grid"
            " { base_sizes: 9 } } }",
        ),
        *_pairs(_model, "background", f"{SSD}.explicit_background_class=true"),
        *_pairs(_model, "box-coder", f"{SSD}.box_coder={{ }}"),
        *_pairs(
            _model,
            "matcher",
            f"{SSD}.matcher={{ }}",
            f"{MATCHER}.unmatched_threshold=0.6",
            f"{MATCHER}.matched_threshold=0.4",
        ),
        *_pairs(_model, "similarity", f"{SSD}.similarity_calculator={{ }}"),
        *_pairs(
            _model,
            "box-predictor",
            f"{SSD}.box_predictor={{ }}",
            f"{SSD}.box_coder={{ square_box_coder {{ }} }}",
            f"{PREDICTOR}.box_code_size=5",
            f"{PREDICTOR}.depth=0",
            f"{PREDICTOR}={{ depth: 8 use_depthwise: true kernel_size: 1 }}",
            f"{CONVOLUTIONAL}={{ use_depthwise: true kernel_size: 1 }}",
            f"{CONVOLUTIONAL}={{ min_depth: 2 max_depth: 1 }}",
        ),
        *_pairs(
            _model,
            "calibration",
            f"{CALIBRATION}={{ }}",
            f"{CALIBRATION}.temperature_scaling_calibration.scaler=0",
            f"{CALIBRATION}={{ function_approximation {{ }} }}",
            f"{CALIBRATION}={{ class_id_function_approximations {{ class_id_xy_pairs_map {{ value {{ }} }} }} }}",
        ),
        *_pairs(_fine_tuning, "checkpoint-type", f"{CHECKPOINT}_type=detecton", f"{CHECKPOINT}_type=everything"),
        *_pairs(
            _model,
            "loss",
            f"{LOSS}.localization_loss={{ }}",
            f"{LOSS}.classification_loss={{ }}",
            f"{LOSS}.hard_example_miner={{ }}",
            f"{LOSS}.random_example_sampler={{ positive_sample_fraction: 0 }}",
        ),
        *_pairs(
            _model,
            "detections",
            f"{NMS}.max_detections_per_class=200",
            f"{NMS}.iou_threshold=60",
            f"{NMS}.soft_nms_sigma=-1",
        ),
        *_pairs(_model, "no-model", "model={ }"),
        *_pairs(_optimizer, "no-optimizer", f"{OPTIMIZER}={{ use_moving_average: false }}"),
        *_pairs(_optimizer, "no-learning-rate", f"{OPTIMIZER}.momentum_optimizer={{ }}"),
        *_pairs(
            _optimizer,
            "warm-up",
            f"{RATE}.warmup_steps=401",
            f"{RATE}.warmup_learning_rate=0.03",
        ),
        *_pairs(
            _optimizer,
            "schedule",
            f"{OPTIMIZER}.momentum_optimizer.learning_rate={{ manual_step_learning_rate {{ }} }}",
            f"{OPTIMIZER}.momentum_optimizer.learning_rate="
            "{ manual_step_learning_rate { schedule { step: 5 } schedule { step: 5 } } }",
            f"{OPTIMIZER}.momentum_optimizer.learning_rate="
            "{ exponential_decay_learning_rate { decay_steps: 0 } }",
        ),
        *_pairs(_optimizer, "weight-averages", "eval_config.use_moving_averages=true"),
        *_pairs(_metrics, "metrics-set", "eval_config.metrics_set=coco_detection_metric"),
    ],
)  # fmt: skip
def test_the_check_and_the_part_say_the_same(folder: Path, build: Build, rule: str, override: str) -> None:
    config = read_pipeline_config("pipeline.config", [override])
    (found,) = [one for one in check_pipeline(config, for_training=True) if one.rule == rule]
    with pytest.raises(ConfigError) as caught:
        build(config)
    refused = caught.value
    assert (refused.what, refused.where) == (found.what, found.where)
    assert found.cure.startswith(refused.cure), "the check sees the whole config, and may know the value to write"


@pytest.mark.parametrize(
    "override",
    [
        f"{ANCHORS}.multiscale_anchor_generator.max_level=6",
        f"{ANCHORS}.multiscale_anchor_generator.min_level=2",
        f"{ANCHORS}.multiscale_anchor_generator.max_level=2",
        f"{ANCHORS}.ssd_anchor_generator={{ num_layers: 4 }}",
        f"{ANCHORS}.ssd_anchor_generator={{ num_layers: 6 }}",
        f"{ANCHORS}.flexible_grid_anchor_generator={{ anchor_grid {{ {BOX} }} }}",
        f"{EXTRACTOR}={{ type: 'ssd_mobilenet_v2_keras' num_layers: 4 }}",
    ],
)
def test_anchors_for_fewer_or_more_feature_maps(folder: Path, override: str) -> None:
    """The check names the field, the model only the anchors: it is not told which of the numbers is the wrong one."""
    config = read_pipeline_config("pipeline.config", [override])
    (found,) = [one for one in check_pipeline(config, for_training=True) if one.rule == "anchors"]
    with pytest.raises(ConfigError) as caught:
        _model(config)
    assert (caught.value.what, caught.value.where) == (found.what, ANCHORS)
    assert found.where.startswith(f"{ANCHORS}.")


def test_images_of_unlike_sizes_in_a_batch(folder: Path) -> None:
    import tensorflow as tf

    from tests.input.records import example, write
    from tfod.input.from_config import evaluation_dataset, training_dataset
    from tfod.models.resizer import ImageResizer

    for name in ("train.record-00000-of-00002", "train.record-00001-of-00002", "val.record"):
        write(folder / name, example())
    unlike = f"{RESIZER}.keep_aspect_ratio_resizer={{ min_dimension: 8 max_dimension: 8 }}"
    config = read_pipeline_config("pipeline.config", [unlike, "eval_config.batch_size=4"])
    found = [one for one in check_pipeline(config, for_training=True) if one.rule == "sizes-in-a-batch"]
    resizer = ImageResizer.keep_aspect_ratio(8, 8)
    sizes: dict[str, Any] = {"preprocess": lambda image: resizer(tf.cast(image, tf.float32)), "num_classes": 2}
    refused = []
    for build in (
        lambda: training_dataset(config.train_input_reader, config.train_config, **sizes),
        lambda: evaluation_dataset(config.eval_input_reader[0], config.eval_config, **sizes),
    ):
        with pytest.raises(ConfigError) as caught:
            build()
        refused.append((caught.value.what, caught.value.where, caught.value.cure))
    assert [(one.what, one.where, one.cure) for one in found] == refused


def test_a_fault_knows_no_place_and_takes_any() -> None:
    fault = Fault("nothing", "a.b", "--set {field}=1 --set {block}c={ }")
    assert fault.at("x.y") == ("nothing", "x.y.a.b", "--set x.y.a.b=1 --set x.y.c={ }")
    assert fault.at("") == ("nothing", "a.b", "--set a.b=1 --set c={ }")
    refuse([])
    with pytest.raises(ConfigError) as caught:
        refuse([fault, fault], "x")
    assert (caught.value.what, caught.value.where) == ("nothing", "x.a.b")
