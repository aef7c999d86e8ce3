import os
import sys
import time
from pathlib import Path

import pytest

from benchmarks.process import CommandError, run, run_in_turns


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


THREE_TURNS = """
import os, signal, sys
for number in range(3):
    with open(sys.argv[1], "a") as file:
        file.write(f"{sys.argv[2]}{number} ")
    os.kill(os.getpid(), signal.SIGSTOP)
print('{"side": "%s"}' % sys.argv[2])
"""


def test_commands_take_turns(tmp_path: Path) -> None:
    said = tmp_path / "said"
    commands = {name: [*python(THREE_TURNS), str(said), name] for name in "ab"}
    finished = run_in_turns(commands, {name: tmp_path / f"{name}.log" for name in "ab"})

    assert said.read_text(encoding="utf-8").split() == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert {name: one.values() for name, one in finished.items()} == {"a": {"side": "a"}, "b": {"side": "b"}}


@pytest.mark.parametrize(
    ("second", "reason"), [("raise ValueError", "exit code 1"), ("import time; time.sleep(60)", "did not end")]
)
def test_when_one_fails_none_is_left_standing(tmp_path: Path, second: str, reason: str) -> None:
    stops = "import os, signal, sys; open(sys.argv[1], 'w').write(str(os.getpid())); "
    stops += "os.kill(os.getpid(), signal.SIGSTOP)"
    commands = {"first": [*python(stops), str(tmp_path / "process")], "second": python(second)}
    with pytest.raises(CommandError, match=reason):
        run_in_turns(commands, {name: tmp_path / f"{name}.log" for name in commands}, timeout=3)

    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "process").read_text(encoding="utf-8")), 0)


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
