"""Configs of TensorFlow 1: told as such, taken as they were meant, or refused by name."""

from pathlib import Path

import pytest

from tests.config.sound import CHECKPOINT, SSD, Check
from tfod.cli.check_config import main
from tfod.config.architectures import ARCHITECTURES
from tfod.config.check import check_pipeline
from tfod.config.era import era_of
from tfod.config.faults.refused import INSTEAD_OF_NASNET, INSTEAD_OF_TWO_STAGES
from tfod.config.pipeline import read_pipeline_config
from tfod.config.zoo import find_model
from tfod.config.zoo_models_tf1 import TF1_MODELS

TF1_TYPE = f"{SSD}.feature_extractor.type=ssd_mobilenet_v2_fpn"
AS_TF1 = [TF1_TYPE, f"{CHECKPOINT}_version=V1", f"{CHECKPOINT}=zoo/model.ckpt", f"{CHECKPOINT}_type="]
DETECTOR, CLASSIFIER = b"BoxPredictor_0/x FeatureExtractor/MobilenetV2/Conv/weights", b"MobilenetV2/Conv/weights"


def _write_named(keys: bytes) -> None:
    Path("zoo/model.ckpt.index").write_bytes(keys)
    Path("zoo/model.ckpt.data-00000-of-00001").write_bytes(b"...")


def test_the_era_is_that_of_the_type_else_of_the_settings(check: Check) -> None:
    def era(*overrides: str) -> str:
        return era_of(read_pipeline_config("pipeline.config", overrides))

    assert era() == "tf2"
    assert era(TF1_TYPE) == "tf1"
    assert era("train_config.from_detection_checkpoint=true") == "tf2"  # of version V2
    assert era(f"{CHECKPOINT}_version=V1") == "tf2"
    assert era(f"{CHECKPOINT}_version=V1", "train_config.from_detection_checkpoint=true") == "tf1"
    assert era(f"{SSD}.feature_extractor.type=ssd_spaghettinet") == "tf1"
    assert era("model.faster_rcnn={ feature_extractor { type: 'faster_rcnn_inception_v2' } }") == "tf1"


def test_the_command_says_which(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pipeline.config"]) == 0
    assert capsys.readouterr().out == (
        "pipeline.config: a config of TensorFlow 2\nnothing found: it is ready for training\n"
    )
    _write_named(DETECTOR)
    flags = [flag for override in AS_TF1 for flag in ("--set", override)]
    assert main(["pipeline.config", *flags, "--set", "train_config.from_detection_checkpoint=true"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("pipeline.config: a config of TensorFlow 1\n")
    assert "notes\n  a config of TensorFlow 1, to which ssd_mobilenet_v2_fpn belongs" in told


def test_what_a_config_of_that_time_says_is_taken_as_it_was_meant(check: Check) -> None:
    _write_named(DETECTOR)
    settings = [
        "train_config.from_detection_checkpoint=true",
        "train_config.max_number_of_boxes=50",
        "train_config { batch_queue_capacity: 10 }",
        "train_input_reader { queue_capacity: 500 min_after_dequeue: 250 }",
        "eval_config { num_examples: 2000 max_evals: 10 }",
        "graph_rewriter { quantization { delay: 48000 } }",
    ]
    findings = check(*AS_TF1, *settings)
    assert {one.severity for one in findings} == {"note"}
    told = {one.where.rpartition(".")[2]: one for one in findings}
    assert "makes it detection" in told["fine_tune_checkpoint_type"].what
    assert "names of TensorFlow 1" in told["fine_tune_checkpoint_version"].what
    assert "TensorFlow 1 ended eval.py" in told["max_evals"].what
    assert "all pictures are evaluated; TensorFlow 1 evaluated so many" in told["num_examples"].what
    assert "float32; TensorFlow 1 rounded" in told["graph_rewriter"].what
    assert "--set train_input_reader.max_number_of_boxes=50" in told["max_number_of_boxes"].cure
    assert "queue_capacity" in told and "batch_queue_capacity" in told

    # In a config of TensorFlow 2 somebody relies on them.
    assert {one.severity for one in check(settings[4])} == {"warning"}


def test_a_field_that_lived_for_some_weeks_is_read(check: Check) -> None:
    """The archive ssd_mobilenet_v2_coco_2018_03_29 has it, and the original has refused its config ever since."""
    assert check(f"{SSD}.feature_extractor.batch_norm_trainable=true") == []
    (finding,) = check(f"{SSD}.feature_extractor.batch_norm_trainable=false")
    assert finding.cure.startswith("--set model.ssd.freeze_batchnorm=true")


def test_without_num_steps_tensorflow_1_never_ended(check: Check) -> None:
    (finding,) = check("train_config.num_steps=0")
    assert "TensorFlow 1 then trained until it was stopped" in finding.what


def test_a_checkpoint_of_names(check: Check) -> None:
    def told(*overrides: str) -> list[tuple[str, str]]:
        return [(one.rule, one.cure) for one in check(*AS_TF1, *overrides) if one.severity != "note"]

    _write_named(DETECTOR)
    assert told(f"{CHECKPOINT}_type=detection") == []
    assert {rule for rule, _ in told()} == {"checkpoint-type"}
    Path("zoo/ckpt-0.index").unlink()
    for meant in ("zoo/model.ckpt.meta", "zoo/modl.ckpt", "model.ckpt", "zoo/frozen_inference_graph.pb"):
        (finding,) = told(f"{CHECKPOINT}_type=detection", f"{CHECKPOINT}={meant}")
        assert finding[1].endswith(f"--set {CHECKPOINT}=zoo/model.ckpt"), meant

    _write_named(CLASSIFIER)
    assert told(f"{CHECKPOINT}_type=detection") == [("checkpoint-type", f"--set {CHECKPOINT}_type=classification")]


def test_a_network_that_tensorflow_1_had_not(check: Check) -> None:
    _write_named(DETECTOR)
    found = check(f"{SSD}.feature_extractor.type=ssd_efficientnet-b0_bifpn_keras", f"{CHECKPOINT}=zoo/model.ckpt")
    assert [one.what for one in found if one.rule == "checkpoint-era"] == [
        "zoo/model.ckpt is a checkpoint of TensorFlow 1, which had no efficientnet"
    ]


@pytest.mark.parametrize(
    ("block", "name"),
    [
        ("feature_extractor { type: 'faster_rcnn_nas' }", "NASNet"),
        ("feature_extractor { type: 'faster_rcnn_pnas' }", "PNASNet"),
        ("second_stage_box_predictor { rfcn_box_predictor { } }", "R-FCN"),
        ("context_config { }", "Context R-CNN"),
    ],
)
def test_what_will_not_be_built_is_refused_by_name(check: Check, block: str, name: str) -> None:
    found = check(f"model.faster_rcnn={{ {block} }}")
    (finding,) = [one for one in found if one.rule in ("refused", "missing-feature") and name in one.what]
    assert "tfod config new --model " in finding.cure


def test_the_nearest_models_can_be_trained() -> None:
    instead = {model.instead for model in TF1_MODELS if model.instead}
    assert {INSTEAD_OF_NASNET, INSTEAD_OF_TWO_STAGES} < instead
    assert all(find_model(name).trainable for name in instead)


@pytest.mark.parametrize("row", [row for row in ARCHITECTURES.values() if row.era == "tf1"], ids=lambda row: row.name)
def test_no_other_type_is_proposed_for_one_that_can_be_built(check: Check, row: object) -> None:
    name, family = row.name, row.family  # type: ignore[attr-defined]
    where = f"model.{family}.feature_extractor.type"
    change = f"{where}={name}" if family == "ssd" else f"model.{family}={{ feature_extractor {{ type: '{name}' }} }}"
    assert [one.rule for one in check(change) if one.where == where] == ["era"]


SOUND_BUT_FOR_PATHS = {"path-to-be-configured", "num-steps"}
"""What is left to do in the zoo's own configs."""


def test_every_other_model_of_the_zoo_can_be_trained_and_all_else_is_refused_by_name(shared: Path) -> None:
    folder = shared / "zoo_configs_tf1"
    for path in sorted(folder.glob("*.config")):
        config = read_pipeline_config(path)
        errors = {one.rule for one in check_pipeline(config, for_training=True) if one.severity == "error"}
        if "_nas_" in path.name or "rfcn" in path.name or "context" in path.name:
            assert errors & {"missing-feature", "refused"}, path.name
        else:
            assert errors <= SOUND_BUT_FOR_PATHS | {"missing-feature", "sizes-in-a-batch"}, (path.name, errors)
