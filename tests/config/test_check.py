"""The check before training: a sound config gives no finding, each fault its own, in its place, with a cure."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.config.sound import CHECKPOINT, CONFIG, EVAL_PATH, NMS, PREDICTOR, RATE, SSD, TRAIN_PATH, Check
from tfod.cli.check_config import main
from tfod.config.check import check_file, check_pipeline, require
from tfod.config.pipeline import read_pipeline_config
from tfod.errors import ConfigError
from tfod.records.frames import write_frame
from tfod.shards import HEADER, masked_crc


def _records(*lengths: int) -> bytes:
    """A TFRecord file of records with nothing in them."""
    file = io.BytesIO()
    for length in lengths:
        write_frame(file, bytes(length))
    return file.getvalue()


def test_a_sound_config_gives_no_finding(check: Check) -> None:
    assert check() == []


@pytest.mark.parametrize(
    ("override", "severity", "rule", "where", "cure"),
    [
        # the model
        (f"{SSD}.num_classes=1", "error", "num-classes", f"{SSD}.num_classes", f"--set {SSD}.num_classes=2"),
        (f"{SSD}.num_classes=90", "warning", "num-classes", f"{SSD}.num_classes", f"--set {SSD}.num_classes=2"),
        (f"{SSD}.num_classes=0", "error", "num-classes", f"{SSD}.num_classes", "greatest id"),
        (f"{SSD}.feature_extractor.type=ssd_mobilenet_v2_fpn_kears", "error", "feature-extractor",
         f"{SSD}.feature_extractor.type", "=ssd_mobilenet_v2_fpn_keras"),
        (f"{SSD}.image_resizer.fixed_shape_resizer.width=300", "error", "pyramid",
         f"{SSD}.image_resizer.fixed_shape_resizer.width", "=320"),
        (f"{SSD}.image_resizer.fixed_shape_resizer.width=0", "error", "image-resizer",
         f"{SSD}.image_resizer.fixed_shape_resizer.width", "=320"),
        (f"{SSD}.image_resizer.keep_aspect_ratio_resizer={{ min_dimension: 320 max_dimension: 320 }}", "error",
         "sizes-in-a-batch", "train_config.batch_size", "pad_to_max_dimension=true"),
        (f"{SSD}.image_resizer.keep_aspect_ratio_resizer={{ min_dimension: 640 max_dimension: 320"
         " pad_to_max_dimension: true }", "error",
         "image-resizer", f"{SSD}.image_resizer.keep_aspect_ratio_resizer.min_dimension", "=320"),
        (f"{NMS}.max_detections_per_class=200", "error", "detections", f"{NMS}.max_detections_per_class",
         f"--set {NMS}.max_total_detections=200"),
        (f"{NMS}.iou_threshold=60", "error", "detections", f"{NMS}.iou_threshold", "between 0 and 1"),
        (f"{SSD}.anchor_generator.multiscale_anchor_generator.max_level=6", "error", "anchors",
         f"{SSD}.anchor_generator.multiscale_anchor_generator.max_level", "max_level=7"),
        (f"{SSD}.anchor_generator.multiscale_anchor_generator.aspect_ratios=[]", "error", "anchors",
         f"{SSD}.anchor_generator.multiscale_anchor_generator.aspect_ratios", "[1.0, 2.0, 0.5]"),
        (f"{SSD}.anchor_generator.ssd_anchor_generator={{ num_layers: 6 }}", "error", "anchors",
         f"{SSD}.anchor_generator.ssd_anchor_generator.num_layers", "num_layers=5"),
        (f"{SSD}.anchor_generator.ssd_anchor_generator={{ num_layers: 5 }}", "error", "anchors",
         f"{SSD}.anchor_generator.ssd_anchor_generator.reduce_boxes_in_lowest_layer", "=false"),
        (f"{SSD}.anchor_generator.flexible_grid_anchor_generator={{ }}", "error", "anchors",
         f"{SSD}.anchor_generator.flexible_grid_anchor_generator.anchor_grid", "give 5 anchor_grid { ... }"),
        (f"{SSD}.explicit_background_class=true", "error", "background", f"{SSD}.explicit_background_class",
         f"--set {SSD}.add_background_class=false"),
        (f"{SSD}.box_coder={{ }}", "error", "box-coder", f"{SSD}.box_coder", "faster_rcnn_box_coder"),
        (f"{SSD}.matcher={{ }}", "error", "matcher", f"{SSD}.matcher", "argmax_matcher"),
        (f"{SSD}.matcher.argmax_matcher.unmatched_threshold=0.6", "error", "matcher",
         f"{SSD}.matcher.argmax_matcher.unmatched_threshold", "=0.5"),
        (f"{SSD}.similarity_calculator={{ }}", "error", "similarity", f"{SSD}.similarity_calculator", "iou_similarity"),
        (f"{SSD}.post_processing.calibration_config={{ }}", "error", "calibration",
         f"{SSD}.post_processing.calibration_config", "temperature_scaling_calibration"),
        (f"{SSD}.loss.hard_example_miner={{ }}", "error", "loss", f"{SSD}.loss.hard_example_miner", "remove"),
        (f"{PREDICTOR}.depth=0", "error", "box-predictor", f"{PREDICTOR}.depth", "depth=128"),
        (f"{PREDICTOR}.box_code_size=3", "error", "box-predictor", f"{PREDICTOR}.box_code_size", "=4"),
        (f"{PREDICTOR}.conv_hyperparams.sync_batch_norm={{ }}", "warning", "box-predictor",
         f"{PREDICTOR}.conv_hyperparams.sync_batch_norm", "rename"),
        # training
        ("train_config.batch_size=0", "error", "batch-size", "train_config.batch_size", "=8"),
        ("train_config.num_steps=0", "error", "num-steps", "train_config.num_steps", "=400"),
        ("train_config.num_steps=500", "warning", "steps", f"{RATE}.total_steps", "total_steps=500"),
        (f"{RATE}.total_steps=1000", "warning", "steps", f"{RATE}.total_steps", "total_steps=400"),
        (f"{RATE}.warmup_steps=400", "warning", "steps", f"{RATE}.warmup_steps", "warmup_steps=40"),
        (f"{RATE}.warmup_steps=401", "error", "warm-up", f"{RATE}.warmup_steps", "warmup_steps=40"),
        (f"{RATE}.warmup_learning_rate=0.03", "error", "warm-up", f"{RATE}.warmup_learning_rate", "=0.005"),
        (f"{RATE}.learning_rate_base=0.08", "warning", "learning-rate", f"{RATE}.learning_rate_base", "=0.02"),
        (f"{RATE}={{ learning_rate_base: 0 warmup_learning_rate: 0 total_steps: 400 warmup_steps: 9 }}", "error",
         "learning-rate", f"{RATE}.learning_rate_base", "=0.005"),
        ("train_config.optimizer.momentum_optimizer={ }", "error", "no-learning-rate",
         "train_config.optimizer.momentum_optimizer.learning_rate", "constant_learning_rate"),
        ("train_config.optimizer={ use_moving_average: false }", "error", "no-optimizer", "train_config.optimizer",
         "momentum_optimizer"),
        ("train_config.optimizer.momentum_optimizer.learning_rate.manual_step_learning_rate="
         "{ schedule { step: 5 } schedule { step: 5 } }", "error", "schedule",
         "train_config.optimizer.momentum_optimizer.learning_rate.manual_step_learning_rate.schedule[0].step",
         "in order"),
        ("train_config.optimizer.use_moving_average=true", "note", "weight-averages",
         "train_config.optimizer.use_moving_average", "=false"),
        ("eval_config.use_moving_averages=true", "error", "weight-averages", "eval_config.use_moving_averages",
         "use_moving_average=true"),
        ("eval_config.metrics_set=coco_detection_metric", "error", "metrics-set", "eval_config.metrics_set[0]",
         "=coco_detection_metrics"),
        ("train_config.data_augmentation_options[0].random_crop_image.min_area=2", "error", "augmentation",
         "train_config.data_augmentation_options[0].random_crop_image.min_area", "raise max_area"),
        ("train_config.data_augmentation_options[0]={ random_horizontal_flip { probability: 50 } }", "error",
         "number", "train_config.data_augmentation_options[0].random_horizontal_flip.probability", "0 to 1"),
        ("train_config.data_augmentation_options[0]={ }", "error", "augmentation",
         "train_config.data_augmentation_options[0]", "name a step"),
        ("train_config.data_augmentation_options[0]={ resize_image { new_height: 5 } }", "error", "augmentation",
         "train_config.data_augmentation_options[0].resize_image", "correct this step"),
        # the checkpoint
        (f"{CHECKPOINT}=zoo/ckpt-1", "error", "checkpoint-missing", CHECKPOINT, "=zoo/ckpt-0"),
        (f"{CHECKPOINT}=zoo", "error", "checkpoint-missing", CHECKPOINT, "=zoo/ckpt-0"),
        (f"{CHECKPOINT}=zoo/ckpt-0.index", "note", "checkpoint-prefix", CHECKPOINT, "=zoo/ckpt-0"),
        (f"{CHECKPOINT}=zoo/ckpt-0.data-00000-of-00001", "note", "checkpoint-prefix", CHECKPOINT, "=zoo/ckpt-0"),
        (f"{CHECKPOINT}_type=", "warning", "checkpoint-type", f"{CHECKPOINT}_type", "=detection"),
        (f"{CHECKPOINT}_type=fine_tune", "note", "checkpoint-type", f"{CHECKPOINT}_type", "=detection"),
        (f"{CHECKPOINT}_type=detecton", "error", "checkpoint-type", f"{CHECKPOINT}_type", "=detection"),
        (f"{CHECKPOINT}_type=classification", "warning", "checkpoint-type", f"{CHECKPOINT}_type", "=detection"),
        (f"{CHECKPOINT}_version=V1", "warning", "checkpoint-version", f"{CHECKPOINT}_version", "=V2"),
        ("train_config.load_all_detection_checkpoint_vars=true", "warning", "no-effect",
         "train_config.load_all_detection_checkpoint_vars", "=full"),
        # data
        ("train_input_reader.label_map_path=labelmap.pbtxt", "error", "label-map",
         "train_input_reader.label_map_path", "did you mean label_map.pbtxt?"),
        ("eval_input_reader.label_map_path=", "error", "no-label-map", "eval_input_reader[0].label_map_path", "--set"),
        (f"{TRAIN_PATH}=trian.record", "error", "no-records", f"{TRAIN_PATH}[0]", "did you mean "),
        (f"{TRAIN_PATH}=nowhere/x", "error", "no-records", f"{TRAIN_PATH}[0]", "there is no folder nowhere"),
        (f"{TRAIN_PATH}=train.record@2", "error", "no-records", f"{TRAIN_PATH}[0]", "train.record-?????-of-00002"),
        (f"{TRAIN_PATH}=[]", "error", "no-input", TRAIN_PATH, "--set"),
        (f"{TRAIN_PATH}=train.record-00001-of-00002", "error", "empty-records", f"{TRAIN_PATH}[0]", "again"),
        (f"{TRAIN_PATH}=val.record", "warning", "evaluated-on-training-data", f"{EVAL_PATH}[0]", "kept out"),
        (f"{TRAIN_PATH}=label_map.pbtxt", "error", "broken-records", f"{TRAIN_PATH}[0]", "name a TFRecord"),
        (f"{TRAIN_PATH}=PATH_TO_BEE_CONFIGURED/x", "error", "path-to-be-configured", f"{TRAIN_PATH}[0]", "--set"),
        ("eval_config { batch_size: 2 } eval_input_reader { }", "note", "one-evaluation", "eval_input_reader[1]",
         "first"),
        ("eval_config { keypoint_edge { start: 0 end: 4 } }", "warning", "keypoint-edges",
         "eval_config.keypoint_edge[0]", "--set eval_input_reader[0].num_keypoints=5"),
        # fields without effect
        ("train_config { sync_replicas: true startup_delay_steps: 0 }", "note", "no-effect",
         "train_config.sync_replicas", "removed"),
        ("train_config.use_bfloat16=true", "note", "no-effect", "train_config.use_bfloat16", "=false"),
        ("train_config.max_number_of_boxes=50", "warning", "no-effect", "train_config.max_number_of_boxes",
         "--set train_input_reader.max_number_of_boxes=50"),
        (f"{PREDICTOR}.conv_hyperparams.batch_norm.train=false", "warning", "no-effect",
         f"{PREDICTOR}.conv_hyperparams.batch_norm.train", "--set model.ssd.freeze_batchnorm=true"),
        (f"{SSD}.feature_extractor.num_layers=5", "note", "no-effect", f"{SSD}.feature_extractor.num_layers",
         "removed"),
        ("model { ssd { post_processing { batch_non_max_suppression { use_cpu_nms: true } } } } "
         "train_config { unpad_groundtruth_tensors: false }", "note", "no-effect",
         f"{NMS}.use_cpu_nms", "docs/config.md"),
        # features that are missing
        ("eval_config.metrics_set=lvis_mask_metrics", "error", "missing-feature", "eval_config.metrics_set[0]",
         "use coco_detection_metrics"),
        ("eval_config.metrics_set=coco_mask_metrics", "error", "metrics-set",
         "eval_input_reader[0].load_instance_masks", "--set eval_input_reader[0].load_instance_masks=true"),
        ("train_input_reader.load_dense_pose=true", "error", "missing-feature", "train_input_reader.load_dense_pose",
         "remove"),
        ("graph_rewriter={ quantization { } }", "warning", "no-effect", "graph_rewriter", "remove"),
    ],
)  # fmt: skip
def test_each_fault_gives_its_finding_and_no_other(
    check: Check, override: str, severity: str, rule: str, where: str, cure: str
) -> None:
    findings = check(override)
    assert [(one.severity, one.rule, one.where) for one in findings] == [(severity, rule, where)]
    assert cure in findings[0].cure


def test_a_line_to_a_keypoint_that_there_is_not_is_told(check: Check) -> None:
    edges = ((0, 2), (0, 3), (-1, 1))
    lines = " ".join(f"keypoint_edge {{ start: {start} end: {end} }}" for start, end in edges)
    findings = check(f"eval_config {{ {lines} }} train_input_reader {{ num_keypoints: 3 }}")
    assert [(one.severity, one.rule, one.where) for one in findings] == [
        ("warning", "keypoint-edges", f"eval_config.keypoint_edge[{number}]") for number in (1, 2)
    ]
    assert "from keypoint 0 to 3 is not drawn: an object has the keypoints 0 to 2" in findings[0].what


def test_the_cure_cures(check: Check) -> None:
    """A cure that begins with --set can be pasted."""
    faults = [f"{SSD}.num_classes=1", f"{RATE}.total_steps=1000", f"{NMS}.max_detections_per_class=200"]
    cures = [finding.cure.removeprefix("--set ") for finding in check(*faults)]
    assert len(cures) == 3
    assert check(*faults, *cures) == []


def test_batch_norm_that_cannot_follow(check: Check) -> None:
    slow = [
        f"{SSD}.feature_extractor.conv_hyperparams.batch_norm.decay=0.997",
        f"{PREDICTOR}.conv_hyperparams.batch_norm.decay=0.997",
    ]
    (finding,) = check(*slow)
    assert (finding.severity, finding.rule) == ("warning", "batch-norm-decay")
    assert "30% of their initial values after 400 steps" in finding.what
    assert "or train for 998 steps" in finding.cure
    cures = finding.cure.split(", or")[0].replace("--set ", "").split()
    assert cures == [one.replace("0.997", "0.97") for one in slow]
    assert check(*slow, *cures) == []

    assert check(slow[0]) == [], "type detection restores the feature extractor's averages"
    assert [one.rule for one in check(slow[0], f"{CHECKPOINT}=")] == ["batch-norm-decay"]
    assert check(*slow, f"{SSD}.freeze_batchnorm=true") == []
    assert check(*slow, f"{CHECKPOINT}_type=full") == []
    assert check(*slow, "train_config.num_steps=1000", f"{RATE}.total_steps=1000") == []


def test_weight_averages_by_default_are_said_to_be_the_default(check: Check) -> None:
    text = Path("pipeline.config").read_text()
    Path("pipeline.config").write_text(text.replace("use_moving_average: false", ""))
    (finding,) = check()
    assert "which is the default" in finding.what


def test_an_incomplete_set_of_shards(check: Check) -> None:
    Path("train.record-00001-of-00002").unlink()
    (finding,) = check()
    assert finding.rule == "missing-shards"
    assert "1 of its 2 shards are missing: train.record-00001-of-00002" in finding.what

    Path("train.record-00000-of-00003").write_bytes(_records(1))
    (finding,) = check(f"{TRAIN_PATH}=train.record*")
    assert "sets of 2 and 3 files are mixed" in finding.what
    Path("train.record-00000-of-00003").unlink()
    Path("train.record-00001-of-00002").touch()
    Path("train.record").write_bytes(_records(1))
    (finding,) = check(f"{TRAIN_PATH}=train.record*")
    assert "sets of 1 and 2 files are mixed" in finding.what


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x1f\x8b" + bytes(30), "compressed"),
        (_records(100)[:-1], "ends inside a record"),
        (_records(100).replace(b"\x64", b"\x63", 1), "no TFRecord"),
        (HEADER.pack(1 << 33, masked_crc((1 << 33).to_bytes(8, "little"))), "ends inside a record"),
        (b"filename,width,height\n", "a table of text"),
        (b"short", "ends inside a record"),
    ],
)
def test_files_that_hold_no_records(check: Check, content: bytes, what: str) -> None:
    Path("val.record").write_bytes(content)
    (finding,) = check()
    assert finding.rule == "broken-records"
    assert what in finding.what


def test_pictures_that_do_not_fill_a_batch_are_missed_only_where_the_config_drops_them(check: Check) -> None:
    assert check("eval_config.batch_size=2") == []
    drop = "eval_input_reader.drop_remainder=true"
    (finding,) = check("eval_config.batch_size=2", drop)
    assert finding.severity == "warning"
    assert "1 of 3 pictures do not fill an evaluation batch of 2" in finding.what
    assert check("eval_config.batch_size=4", drop)[0].severity == "error"


def test_a_checkpoint_without_its_data_or_of_a_classifier(check: Check) -> None:
    data = Path("zoo/ckpt-0.data-00000-of-00001")
    data.unlink()
    assert "has no data file" in check()[0].what
    data.write_bytes(b"")

    Path("zoo/ckpt-0.index").write_bytes(b"_CHECKPOINTABLE_OBJECT_GRAPH feature_extractor/layer_with_weights-0")
    (finding,) = check()
    assert finding.cure == f"--set {CHECKPOINT}_type=classification"


def test_a_folder_with_checkpoints_is_understood(check: Check) -> None:
    Path("zoo/checkpoint").write_text('model_checkpoint_path: "ckpt-0"')
    (finding,) = check(f"{CHECKPOINT}=zoo")
    assert (finding.severity, finding.rule) == ("note", "checkpoint-prefix")


CODER = f"{SSD}.box_coder.faster_rcnn_box_coder"


def test_a_box_coder_unlike_that_beside_the_checkpoint(check: Check) -> None:
    """The zoo's EfficientDets were published with other numbers than their configs have in the repository."""
    beside = Path("zoo/pipeline.config")
    beside.write_text(CONFIG.replace("faster_rcnn_box_coder { }", "faster_rcnn_box_coder { y_scale: 10 }"))
    assert check() == []
    scales = "y_scale: 1 x_scale: 1 height_scale: 1 width_scale: 1"
    beside.write_text(CONFIG.replace("faster_rcnn_box_coder { }", f"faster_rcnn_box_coder {{ {scales} }}"))
    (finding,) = check(f"{CHECKPOINT}_type=full")
    assert (finding.severity, finding.rule, finding.where) == ("warning", "box-coder", f"{CODER}.y_scale")
    assert finding.what == (
        "the box coder is not that of zoo/pipeline.config: y_scale is 10, there 1, x_scale is 10, there 1, height_scale"
        " is 5, there 1, width_scale is 5, there 1; what the checkpoint's own heads predict would move boxes 0.1 times"
        " as far and change their size 0.2 times as much as it should"
    )
    cures = finding.cure.replace("--set ", "").split()
    assert check(f"{CHECKPOINT}_type=full", *cures) == []
    (finding,) = check()
    assert "new heads learn this one, but what the checkpoint's own heads" in finding.what
    assert [one.rule for one in check(f"{CHECKPOINT}_type=classification")] == ["checkpoint-type"]

    beside.write_text(CONFIG.replace("faster_rcnn_box_coder { }", "mean_stddev_box_coder { }"))
    assert "in zoo/pipeline.config it is a mean_stddev_box_coder" in check()[0].what
    (finding,) = check(f"{SSD}.box_coder={{ mean_stddev_box_coder {{ stddev: 0.1 }} }}")
    assert "would move edges 10 times as far as it should" in finding.what
    beside.write_text("this is no config")
    assert check() == []


def test_the_box_coder_of_an_archive_lies_above_its_checkpoint(check: Check) -> None:
    Path("model/checkpoint").mkdir(parents=True)
    for part in Path("zoo").iterdir():
        part.rename(Path("model/checkpoint") / part.name)
    Path("model/pipeline.config").write_text(CONFIG.replace("faster_rcnn_box_coder", "square_box_coder"))
    (finding,) = check(f"{CHECKPOINT}=model/checkpoint/ckpt-0")
    assert finding.rule == "box-coder"


def test_the_checkpoint_must_not_lie_in_the_runs_folder(check: Check) -> None:
    assert check(model_dir="run") == []
    (finding,) = check(model_dir="zoo")
    assert finding.rule == "checkpoint-in-model-dir"


def test_a_run_that_never_evaluates_takes_its_input_as_warnings(check: Check) -> None:
    Path("val.record").unlink()
    assert [one.severity for one in check()] == ["error"]
    assert [one.severity for one in check(evaluates=False)] == ["warning"]
    assert [one.severity for one in check("eval_config.force_no_resize=true", evaluates=False)] == ["warning"] * 2


def test_an_export_needs_the_model_alone(check: Check) -> None:
    Path("val.record").unlink()
    Path("label_map.pbtxt").unlink()
    assert check_pipeline(read_pipeline_config("pipeline.config"), for_training=False) == []


def test_an_empty_config_tells_all_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "x.config").write_text("")
    _, findings = check_file(tmp_path / "x.config", for_training=True)
    assert [one.rule for one in findings] == ["no-model", "no-train-config", "no-input", "no-input"]


def test_findings_come_with_their_line_and_errors_first(check: Check) -> None:
    overrides = ["train_config.use_bfloat16=true", f"{SSD}.num_classes=90", "train_config.batch_size=0"]
    _, findings = check_file("pipeline.config", overrides, for_training=True)
    assert [(one.severity, one.where) for one in findings] == [
        ("error", "pipeline.config, line 30, train_config.batch_size"),
        ("warning", "pipeline.config, line 4, model.ssd.num_classes"),
        ("note", "pipeline.config, train_config.use_bfloat16"),
    ]


def test_fields_given_twice_are_found_with_their_lines(check: Check) -> None:
    twice = """
train_config { batch_size: 4 optimizer { adam_optimizer { } } }
train_config { optimizer { momentum_optimizer { learning_rate { constant_learning_rate { } } } } }"""
    Path("pipeline.config").write_text(CONFIG.replace("batch_size: 8", "batch_size: 8\n batch_size: 16") + twice)
    config, findings = check_file("pipeline.config", for_training=True)
    assert config.train_config.batch_size == 4
    told = [one.what for one in findings if one.rule == "given-twice"]
    assert "train_config is given 3 times (lines 29, 58, 59); the blocks are merged" in told
    assert "batch_size is given 3 times (lines 30, 31, 58); line 58 counts" in told
    assert any("momentum_optimizer and adam_optimizer exclude each other" in one for one in told)


def test_require_tells_all_and_stops_at_errors(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    require(check(f"{SSD}.num_classes=90"))
    assert "1 warning\n  num_classes is 90" in capsys.readouterr().err

    with pytest.raises(ConfigError, match="a batch of no images"):
        require(check(f"{SSD}.num_classes=90", "train_config.batch_size=0"))
    told = capsys.readouterr().err
    assert "num_classes is 90" in told
    assert "a batch of no images" not in told, "the exception says it"

    with pytest.raises(ConfigError, match="2 errors in the config"):
        require(check("train_config.num_steps=0", "train_config.batch_size=0"))
    assert "2 errors\n  a batch of no images" in capsys.readouterr().err


def test_the_command_prints_and_its_exit_code_tells(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pipeline.config"]) == 0
    assert "ready for training" in capsys.readouterr().out
    assert main(["pipeline.config", "--set", f"{SSD}.num_classes=90"]) == 0
    assert main(["pipeline.config", "--set", "train_config.batch_size=0", "--json"]) == 2
    capsys.readouterr()
    assert main(["pipeline.config", "--set", "train_config.batch_size=0", "--json"]) == 2
    (found,) = json.loads(capsys.readouterr().out)
    assert found["rule"] == "batch-size"
    assert main(["no.config"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no such pipeline config\n  where: no.config")


def test_nothing_here_imports_tensorflow() -> None:
    code = "import sys, tfod.config.check, tfod.config.label_map; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_false_alarm_on_the_zoo_and_the_recipes(shared: Path) -> None:
    """Untouched configs lack only their files; what else is found in them is a note."""
    # What the zoo trains in batches for many accelerators fits into no other machine.
    lacking = {"path-to-be-configured", "checkpoint-missing", "label-map", "no-records", "memory"}
    paths = [*(shared / "zoo_configs").glob("*.config"), *(shared / "recipes").glob("*.config")]
    assert paths
    for path in paths:
        _, findings = check_file(path, for_training=True)
        alarms = [one for one in findings if one.severity != "note" and one.rule not in lacking]
        if path.name.startswith("centernet_"):
            assert {one.rule for one in alarms} == {"missing-feature"}, path.name
        else:
            assert alarms == [], path.name


def test_a_real_checkpoint_is_told_from_others(shared: Path, check: Check) -> None:
    prefix = shared / "pretrained/ssd_mobilenet_v2_fpnlite_320x320_hands/checkpoint/ckpt-0"
    assert check(f"{CHECKPOINT}={prefix}") == []
    (finding,) = check(f"{CHECKPOINT}={prefix}", f"{CHECKPOINT}_type=classification")
    assert finding.rule == "checkpoint-type"
