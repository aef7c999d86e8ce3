"""The command that trains: its flags, what it passes on, how it ends."""

import argparse
import signal
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from google.protobuf import text_format

from tests.input import records
from tests.models.configs import small_ssd
from tests.training import tiny
from tfod.cli import evaluate_detections, exporter_main_v2, model_main_tf2
from tfod.config.pipeline import PipelineConfig, write_pipeline_config
from tfod.training.options import RunOptions
from tfod.training.run import RunResult

TRAINING = """
train_config {
  batch_size: 2
  num_steps: 2
  optimizer {
    momentum_optimizer { learning_rate { constant_learning_rate { learning_rate: 0.001 } } }
    use_moving_average: false
  }
}
eval_config { metrics_set: "coco_detection_metrics" use_moving_averages: false }
"""


@pytest.fixture
def config_path(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.config"
    write_pipeline_config(tiny.config(10, tmp_path), path)
    return path


def _run(config_path: Path, *flags: str, signal_number: int | None = None) -> tuple[int, Any]:
    """Runs the command with a loop that only takes note; returns the exit code and what the loop was given."""
    result = RunResult(10, signal_number, "ckpt-1")
    arguments = ["--pipeline_config_path", str(config_path), "--model_dir", str(config_path.parent / "run"), *flags]
    with (
        mock.patch("tfod.config.check.check_pipeline", lambda config, **kwargs: []),
        mock.patch("tfod.training.from_config.train", return_value=result) as train,
    ):
        return model_main_tf2.main(arguments), train.call_args


def test_the_originals_flags_are_taken(config_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, call = _run(
        config_path,
        "--num_train_steps=30",
        "--checkpoint_every_n=5",
        "--record_summaries=false",
        "--sample_1_of_n_eval_on_train_examples=5",
        "--noeval_on_train_data",
        "--num_workers=1",
        "--nouse_tpu",
        "--alsologtostderr",
    )
    assert code == 0
    assert call.args[0].train_config.num_steps == 30
    assert call.args[2] == RunOptions(checkpoint_every_n=5, record_summaries=False)
    assert "--sample_1_of_n_eval_on_train_examples has no effect" in capsys.readouterr().err


def test_our_flags(config_path: Path) -> None:
    flags = [
        "--set",
        "train_config.batch_size=4",
        "--seed=7",
        "--deterministic",
        "--eval_every_n=0",
        "--albumentations=a.yaml",
    ]
    _, call = _run(config_path, *flags, "--summary_every_n=10", "--skip_corrupt", "--recompute")
    assert call.args[0].train_config.batch_size == 4
    assert call.kwargs == {"config_path": config_path}
    expected = RunOptions(
        seed=7,
        deterministic=True,
        eval_every_n=0,
        summary_every_n=10,
        skip_corrupt=True,
        recompute=True,
        albumentations="a.yaml",
    )
    assert call.args[2] == expected


def test_the_flags_that_end_a_run(config_path: Path) -> None:
    reader = "--set=eval_input_reader.label_map_path=map.pbtxt"
    _, call = _run(config_path, reader, "--max_minutes=7.5", "--early_stopping=3")
    assert call.args[2] == RunOptions(max_minutes=7.5, early_stopping=3)


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        (["--max_minutes=5", "--deterministic"], "a run that ends by the clock is never the same twice"),
        (["--max_minutes=5", "--num_workers=2"], "each has a clock of its own"),
        (["--early_stopping=5"], "nothing is evaluated while the run trains"),
        (
            ["--early_stopping=5", "--set=eval_input_reader.label_map_path=x", "--eval_every_n=0"],
            "nothing is evaluated",
        ),
    ],
)
def test_flags_that_do_not_go_together(
    config_path: Path, flags: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(config_path, *flags)[0] == 2
    assert what in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "soon"])
def test_minutes_are_checked(config_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        _run(config_path, f"--max_minutes={text}")
    assert caught.value.code == 2
    assert "is not a number of minutes above 0" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_the_exit_code(config_path: Path, number: int) -> None:
    assert _run(config_path, signal_number=number)[0] == 128 + number


def test_a_checkpoint_dir_means_evaluation(config_path: Path) -> None:
    arguments = ["--pipeline_config_path", str(config_path), "--model_dir", "run", "--checkpoint_dir", "ckpts"]
    for flags, timeout in (([], 3600), (["--run_once"], 0), (["--eval_timeout=60"], 60)):
        with (
            mock.patch("tfod.training.from_config.evaluate_checkpoints") as evaluate,
            mock.patch("tfod.config.check.check_pipeline", lambda config, **kwargs: []),
        ):
            assert model_main_tf2.main([*arguments, *flags]) == 0
        assert evaluate.call_args.args[1:] == (Path("ckpts"), Path("run"))
        assert evaluate.call_args.kwargs == {"timeout": timeout}


@pytest.mark.slow
def test_names_of_strangers_are_shown_by_training_export_and_evaluation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = PipelineConfig(model=small_ssd())
    strange = ["[/]", "[red]", "[/data]\x1b[31m\x07"]
    reader = records.reader(tmp_path, names=strange)
    text_format.Merge(TRAINING, config)
    for one in (config.train_input_reader, config.eval_input_reader.add()):
        one.CopyFrom(reader)
    picture = records.picture(height=64, width=64)
    written = [records.example(f"[bold]{name}\0.png", texts=[name], encoded=picture) for name in strange]
    records.write(tmp_path / "train.record", *written)
    write_pipeline_config(config, tmp_path / "my.config")
    run, export = str(tmp_path / "run"), str(tmp_path / "export")
    source = ["--pipeline_config_path", str(tmp_path / "my.config")]
    for command, arguments in (
        (model_main_tf2, [*source, "--model_dir", run, "--summary_every_n", "1"]),
        (evaluate_detections, [*source, "--checkpoint_dir", run, "--output_dir", run]),
        (exporter_main_v2, [*source, "--trained_checkpoint_dir", run, "--output_directory", export]),
        (evaluate_detections, ["--saved_model_dir", export, "--output_dir", run]),
    ):
        assert command.main(arguments) == 0
        told = "".join(capsys.readouterr())
        if command is not exporter_main_v2:
            assert " [/] " in told and " [red] " in told and r" [/data]\x1b[31m\x07 " in told
        assert not {"\x1b", "\x07", "\0"} & set(told)


def test_errors_in_the_config_stop_it(config_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert model_main_tf2.main(["--pipeline_config_path", str(config_path), "--model_dir", "run"]) == 2
    assert "what to do:" in capsys.readouterr().err


def test_a_tpu_is_refused(config_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(config_path, "--use_tpu")[0] == 2
    assert "TPUs are not supported" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["pipeline_config_path", "model_dir", "checkpoint_dir"])
def test_no_path_at_all_is_not_the_working_directory(
    config_path: Path, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        _run(config_path, f"--{flag}=")
    assert caught.value.code == 2
    assert "the path is empty" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "-3", "many", "1.5"])
def test_numbers_are_checked(config_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        _run(config_path, f"--checkpoint_every_n={text}")
    assert caught.value.code == 2
    assert "is not a whole number of at least 1" in capsys.readouterr().err


def test_every_flag_of_the_original_is_known() -> None:
    flags = {option for action in model_main_tf2.build_parser()._actions for option in action.option_strings}
    original = """pipeline_config_path model_dir num_train_steps checkpoint_dir eval_timeout checkpoint_every_n
        record_summaries sample_1_of_n_eval_examples sample_1_of_n_eval_on_train_examples eval_on_train_data
        num_workers use_tpu tpu_name alsologtostderr logtostderr verbosity stderrthreshold"""
    assert {f"--{name}" for name in original.split()} <= flags
    assert isinstance(model_main_tf2.build_parser(), argparse.ArgumentParser)
