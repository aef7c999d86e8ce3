"""How a run ends before its last step: out of time, or without getting better; and the table of its evaluations."""

import csv
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from tests.training import reading, tiny
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.training import budget, start
from tfod.training.options import RunOptions
from tfod.training.table import RunTable
from tfod.training.watch import StepWatch

MAP = "DetectionBoxes_Precision/mAP"


class Clock:
    """Stands in for `time` in the budget: a step takes ten seconds, and nothing else takes any."""

    def __init__(self) -> None:
        self.now = 1e9

    def time(self) -> float:
        return self.now


class KilledError(Exception):
    """Stands in for a kill."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock, step_done = Clock(), StepWatch.step_done

    def slowly(watch: StepWatch, *args: Any) -> None:
        clock.now += 10.0
        step_done(watch, *args)

    monkeypatch.setattr(budget, "time", clock)
    monkeypatch.setattr(start, "time", clock)
    monkeypatch.setattr(StepWatch, "step_done", slowly)
    return clock


@pytest.fixture(autouse=True)
def _eager_state() -> Any:
    yield
    tf.summary.experimental.set_step(None)


def config(folder: Path, steps: int = 1000) -> TrainEvalPipelineConfig:
    return tiny.config(steps, folder, f'eval_input_reader {{ label_map_path: "{folder / "tiny.pbtxt"}" }}')


def options(**more: Any) -> RunOptions:
    return RunOptions(**{"seed": 1, "eval_every_n": 1000, "summary_every_n": 100, **more})


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def steps(folder: Path) -> list[int]:
    return [int(line["step"]) for line in table(folder)]


def kill_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    step_done = StepWatch.step_done

    def kill(watch: StepWatch, *args: Any) -> None:
        step_done(watch, *args)
        if watch.step == step:
            raise KilledError

    monkeypatch.setattr(StepWatch, "step_done", kill)


def test_a_run_ends_in_time_and_is_saved_and_evaluated(
    clock: Clock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = clock.now
    result = tiny.train(config(tmp_path), tmp_path, options(max_minutes=10), maps=[0.5])
    # Of 600 s a tenth, and a bit more, is kept for the evaluation, as long as none has been timed.
    assert result.step == 54 and clock.now - began == 540
    assert result.checkpoint == tf.train.latest_checkpoint(str(tmp_path))
    assert steps(tmp_path) == [54] and result.best == 0.5
    assert "the time is over (10 min 0 s) after step 54 of 1000; saved as" in capsys.readouterr().out


def test_a_run_that_is_over_does_nothing_more_until_it_gets_more_time(clock: Clock, tmp_path: Path) -> None:
    for _ in range(2):
        assert tiny.train(config(tmp_path), tmp_path, options(max_minutes=10), maps=[0.5]).step == 54
        clock.now += 1e6  # the time between two starts does not count
    assert steps(tmp_path) == [54]
    assert tiny.train(config(tmp_path), tmp_path, options(max_minutes=20), maps=[0.5]).step == 114
    assert steps(tmp_path) == [54, 114]
    assert float(table(tmp_path)[-1]["seconds"]) == 1140


def test_the_time_before_a_kill_counts(clock: Clock, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KilledError):
        kill_at(20, patch)
        tiny.train(config(tmp_path), tmp_path, options(max_minutes=10, checkpoint_every_n=8))
    clock.now += 1e6
    result = tiny.train(config(tmp_path), tmp_path, options(max_minutes=10, checkpoint_every_n=8), maps=[0.5])
    assert result.step == 54  # 16 before the kill, which the newest checkpoint knows, and 38 after it


def test_evaluations_take_their_part_of_the_time(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    began = clock.now
    monkeypatch.setattr(tiny.Evaluation, "run", _taking(clock, 40.0, tiny.Evaluation.run))
    tiny.train(config(tmp_path), tmp_path, options(max_minutes=10, eval_every_n=20), maps=[0.5] * 3)
    assert steps(tmp_path) == [20, 40, 48]  # 46 s are kept for the last one
    assert 590 <= clock.now - began <= 600
    assert "the time is over" in capsys.readouterr().out


def test_a_limit_can_be_had_later_and_given_up(clock: Clock, tmp_path: Path) -> None:
    few = config(tmp_path, steps=20)
    assert tiny.train(few, tmp_path, options(), maps=[0.5]).step == 20
    assert not [key for key, _ in tf.train.list_variables(str(tmp_path)) if key.startswith("budget")]
    # The table knows that 200 s were used.
    assert tiny.train(config(tmp_path), tmp_path, options(max_minutes=10), maps=[0.5]).step == 54
    assert tiny.train(config(tmp_path, steps=100), tmp_path, options(), maps=[0.5]).step == 100
    assert [float(line["seconds"]) for line in table(tmp_path)] == [200, 540, 1000]


def test_the_last_step_may_come_before_the_time_is_over(
    clock: Clock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tiny.train(config(tmp_path, steps=6), tmp_path, options(max_minutes=10), maps=[0.5]).step == 6
    assert steps(tmp_path) == [6]
    assert "is over" not in capsys.readouterr().out


def test_the_learning_rate_goes_on_by_steps(clock: Clock, tmp_path: Path) -> None:
    tiny.train(config(tmp_path), tmp_path, options(max_minutes=1, eval_every_n=4), maps=[0.5, 0.5])
    rates = [float(line["learning_rate"]) for line in table(tmp_path)]
    assert rates[0] == pytest.approx(0.1)  # warmed up in 4 steps, as the config says


def test_a_run_ends_when_it_gets_no_better(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    maps = [0.25, 0.5, 0.4, 0.45, 0.6]
    result = tiny.train(config(tmp_path, 20), tmp_path, options(eval_every_n=2, early_stopping=2), maps=maps)
    assert (result.step, result.best) == (8, 0.5)
    told = capsys.readouterr().out
    assert "stopped early: 2 evaluations without a better mAP" in told
    assert "mAP 0.5000; the best so far" in told
    assert tiny.train(config(tmp_path, 20), tmp_path, options(eval_every_n=2, early_stopping=2)).step == 8
    more = options(eval_every_n=2, early_stopping=3)
    assert tiny.train(config(tmp_path, 20), tmp_path, more, maps=[0.5, 0.5]).step == 10


def test_the_table_has_a_line_for_each_evaluation(tmp_path: Path) -> None:
    tiny.train(config(tmp_path, 6), tmp_path, options(eval_every_n=2), maps=[0.25, 0.5, 0.375])
    lines = table(tmp_path)
    assert [(line["step"], line[MAP]) for line in lines] == [("2", "0.25"), ("4", "0.5"), ("6", "0.375")]
    assert {"seconds", "learning_rate", "Loss/total_loss", "Loss/localization_loss"} <= set(lines[0])
    assert lines[0]["eval/Loss/total_loss"] == "0.25"
    assert "DetectionBoxes_Recall/AR@100" in lines[0]


def test_after_a_kill_the_table_goes_on_without_a_line_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        kill_at(5, patch)
        tiny.train(config(tmp_path, 8), tmp_path, options(eval_every_n=2), maps=[0.1, 0.2])
    assert steps(tmp_path) == [2, 4]
    tiny.train(config(tmp_path, 8), tmp_path, options(eval_every_n=2), maps=[0.3, 0.4])
    assert [(line["step"], line[MAP]) for line in table(tmp_path)] == [
        ("2", "0.1"), ("4", "0.2"), ("6", "0.3"), ("8", "0.4"),
    ]  # fmt: skip


def test_an_evaluation_whose_line_a_kill_prevented_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = RunTable.add

    def kill(table: RunTable, line: Any) -> None:
        if line["step"] == 4:
            raise KilledError
        add(table, line)

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(RunTable, "add", kill)
        tiny.train(config(tmp_path, 6), tmp_path, options(eval_every_n=2), maps=[0.1, 0.2])
    tiny.train(config(tmp_path, 6), tmp_path, options(eval_every_n=2), maps=[0.2, 0.3])
    assert steps(tmp_path) == [2, 4, 6]
    assert reading.steps(tmp_path / "eval", MAP) == [2, 4, 6]


def test_an_evaluation_can_be_what_uses_up_the_time(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tiny.Evaluation, "run", _taking(clock, 560.0, tiny.Evaluation.run))
    assert tiny.train(config(tmp_path), tmp_path, options(max_minutes=10, eval_every_n=4), maps=[0.5]).step == 4
    assert "the time is over" in capsys.readouterr().out


def _taking(clock: Clock, seconds: float, run: Any) -> Any:
    def slowly(*args: Any) -> Any:
        clock.now += seconds
        return run(*args)

    return slowly
