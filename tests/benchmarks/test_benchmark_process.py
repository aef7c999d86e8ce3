import sys
import time
from pathlib import Path

import pytest

from benchmarks.process import CommandError, run


def python(statement: str) -> list[str]:
    return [sys.executable, "-c", statement]


def test_run_returns_output_and_times(tmp_path: Path) -> None:
    before = time.time()
    finished = run(python("print('hello'); print('{\"seconds\": 1.5}')"), tmp_path / "log")

    assert finished.values() == {"seconds": 1.5}
    assert before <= finished.began <= before + finished.seconds <= time.time() + 0.1


def test_a_failing_command_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as error:
        run(python("print('said before'); raise ValueError('the reason')"), tmp_path / "logs" / "log")

    assert "exit code 1" in str(error.value)
    assert "ValueError: the reason" in str(error.value)
    assert "said before" in (tmp_path / "logs" / "log").read_text(encoding="utf-8")


def test_a_command_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    child = f"import pathlib, time; time.sleep(2); pathlib.Path({str(marker)!r}).touch()"
    parent = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    with pytest.raises(CommandError, match="did not end within 1 s"):
        run(python(parent), tmp_path / "log", timeout=1)

    time.sleep(2.5)
    assert not marker.exists()


@pytest.mark.parametrize("statement", ["pass", "print('no JSON')", "print('[1, 2]')"])
def test_a_result_that_is_no_json_object_is_an_error(tmp_path: Path, statement: str) -> None:
    finished = run(python(statement), tmp_path / "log")

    with pytest.raises(CommandError, match="no JSON object"):
        finished.values()


def test_one_core_pins_the_process_and_not_this_one(tmp_path: Path) -> None:
    ask = "import json, os; print(json.dumps({'cores': len(os.sched_getaffinity(0))}))"

    pinned = run(python(ask), tmp_path / "pinned", one_core=True).values()
    free = run(python(ask), tmp_path / "free").values()

    assert pinned == {"cores": 1}
    assert free["cores"] >= 1
