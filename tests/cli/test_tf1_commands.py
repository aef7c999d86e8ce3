"""The commands of TensorFlow 1 pass their flags on to those of today."""

import argparse
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tfod.cli import eval as eval_command
from tfod.cli import export_inference_graph, exporter_main_v2, import_graph, model_main, train

CONFIG = ["--pipeline_config_path", "a.config"]
EXPORT = [*CONFIG, "--trained_checkpoint_prefix", "run/model.ckpt-7", "--output_directory", "out"]


def _passed_on(command: object, flags: list[str], today: str = "model_main_tf2") -> argparse.Namespace:
    """What the command of today is given."""
    with mock.patch(f"tfod.cli.{today}.run", return_value=0) as run:
        assert command.main(flags) == 0  # type: ignore[attr-defined]
    given: argparse.Namespace = run.call_args.args[0]
    return given


def test_train_trains_and_leaves_evaluation_to_eval(capsys: pytest.CaptureFixture[str]) -> None:
    given = _passed_on(train, ["--logtostderr", *CONFIG, "--train_dir=run", "--num_clones=2", "--worker_replicas", "3"])
    assert (given.pipeline_config_path, given.model_dir, given.eval_every_n) == (Path("a.config"), Path("run"), 0)
    assert capsys.readouterr().err.splitlines() == [
        "note: --num_clones has no effect: all GPUs of this machine train together, without a flag",
        "note: --worker_replicas has no effect: several machines train together as TF_CONFIG says, with "
        "`tfod train --num_workers`",
        "today this is: tfod train --pipeline_config_path a.config --model_dir run --eval_every_n=0",
    ]


def test_three_parts_of_a_config_become_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tfod.config.pipeline import read_pipeline_config

    texts = {
        "model": "ssd { num_classes: 7 }  # last line",
        "train": "batch_size: 3",
        "input": 'label_map_path: "m.pbtxt"',
    }
    flags = []
    for name, text in texts.items():
        (tmp_path / f"{name}.config").write_text(text, encoding="utf-8")
        flags += [f"--{name}_config_path", str(tmp_path / f"{name}.config")]
    given = _passed_on(train, [*flags, f"--train_dir={tmp_path / 'run'}"])

    config = read_pipeline_config(given.pipeline_config_path)
    assert config.model.ssd.num_classes == 7
    assert config.train_config.batch_size == 3
    assert config.train_input_reader.label_map_path == "m.pbtxt"
    assert "one config now: " in capsys.readouterr().err

    _passed_on(train, [*CONFIG, *flags, "--train_dir=run"])
    assert "--model_config_path has no effect: --pipeline_config_path names" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        ([], "no config is named: --pipeline_config_path is missing"),
        (["--model_config_path=m"], "no config is named: --train_config_path, --input_config_path is missing"),
    ],
)
def test_no_config(flags: list[str], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main([*flags, "--train_dir=run"]) == 2
    assert what in capsys.readouterr().err


def test_eval_evaluates_checkpoints(capsys: pytest.CaptureFixture[str]) -> None:
    given = _passed_on(eval_command, [*CONFIG, "--checkpoint_dir=run", "--eval_dir=seen", "--run_once"])
    assert (given.checkpoint_dir, given.model_dir, given.run_once) == (Path("run"), Path("seen"), True)
    assert "today this is: tfod train " in capsys.readouterr().err


def test_model_main_trains_or_evaluates(capsys: pytest.CaptureFixture[str]) -> None:
    common = ["--alsologtostderr", *CONFIG, "--model_dir=run", "--sample_1_of_n_eval_examples=2"]
    given = _passed_on(model_main, [*common, "--num_train_steps=50", "--max_eval_retries=3"])
    assert (given.num_train_steps, given.sample_1_of_n_eval_examples, given.checkpoint_dir) == (50, 2, None)
    assert "--max_eval_retries has no effect: an evaluation that fails" in capsys.readouterr().err

    given = _passed_on(model_main, [*common, "--checkpoint_dir=run", "--norun_once"])
    assert (given.checkpoint_dir, given.run_once) == (Path("run"), False)


@pytest.mark.parametrize(
    "flags", [["--checkpoint_dir=run", "--eval_dir=seen"], ["--model_dir=run", "--checkpoint_dir=run"]]
)
def test_evaluating_training_data_is_told_of(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    command = eval_command if "--eval_dir=seen" in flags else model_main
    assert command.main([*CONFIG, *flags, "--eval_training_data"]) == 2
    assert "where: --eval_training_data" in capsys.readouterr().err


def test_export_writes_a_model_of_any_batch_as_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    given = _passed_on(export_inference_graph, [*EXPORT, "--write_inference_graph"], "exporter_main_v2")
    assert given.trained_checkpoint_dir == "run/model.ckpt-7"
    assert (given.output_directory, given.input_type, given.input_shape) == ("out", "image_tensor", "-1,-1,-1,3")
    told = capsys.readouterr().err
    assert "--write_inference_graph has no effect" in told
    assert "no frozen_inference_graph.pb is written" in told

    shaped = [*EXPORT, "--input_shape=1,300,300,3", "--config_override=model { ssd { num_classes: 3 } }"]
    given = _passed_on(export_inference_graph, shaped, "exporter_main_v2")
    assert (given.input_shape, given.config_override) == ("1,300,300,3", "model { ssd { num_classes: 3 } }")

    given = _passed_on(export_inference_graph, [*EXPORT, "--input_type=tf_example"], "exporter_main_v2")
    assert (given.input_type, given.input_shape) == ("tf_example", None)


@pytest.mark.parametrize("command", [export_inference_graph, exporter_main_v2])
def test_side_inputs_are_refused(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--pipeline_config_path", "a.config", "--output_directory", "out", "--trained_checkpoint_dir", "run"]
    given = EXPORT if command is export_inference_graph else named
    for flag in ("--use_side_inputs", "--side_input_names=context_features"):
        assert command.main([*given, flag]) == 2
        assert "models with side inputs (Context R-CNN) are not supported" in capsys.readouterr().err


def test_boxes_beside_images_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--pipeline_config_path", "a.config", "--output_directory", "out", "--trained_checkpoint_dir", "run"]
    assert exporter_main_v2.main([*named, "--input_type", "image_and_boxes_tensor"]) == 2
    assert "models that predict masks alone" in capsys.readouterr().err


def test_a_graph_to_import_has_to_be_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "a.config"
    config.write_text("model { ssd { num_classes: 1 } }", encoding="utf-8")
    flags = ["--pipeline_config_path", str(config), "--output_directory", str(tmp_path / "out")]
    assert import_graph.main([str(tmp_path), *flags]) == 2
    assert capsys.readouterr().err.startswith(f"error: no frozen graph there\n  where: {tmp_path}\n")
    assert not (tmp_path / "out").exists()
