"""Runs commands as a benchmark needs it: timed, with a time limit, their output kept in logs; alone or in turns."""

import json
import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["CommandError", "Finished", "run", "run_in_turns"]

_TAIL_LINES = 25
_LOOK_AGAIN = 0.01  # seconds


class CommandError(Exception):
    """A command ended with an error, did not end in time, or said nothing where a result was due."""

    def __init__(self, command: Sequence[str], reason: str, log: Path) -> None:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        lines = "\n".join(f"    {line}" for line in tail)
        super().__init__(f"{reason}\n  command: {shlex.join(command)}\n  log: {log}, which ends:\n{lines}")


@dataclass(frozen=True)
class Finished:
    """A command that ended well."""

    command: list[str]
    began: float  # seconds since the epoch, just before the process was started
    seconds: float  # from there to its end
    output: str  # what it printed on standard output
    log: Path

    def values(self) -> dict[str, Any]:
        """The JSON object that the command printed, the last line that begins like one."""
        lines = [line for line in self.output.splitlines() if line.startswith("{")]
        try:
            values = json.loads(lines[-1])
            if not isinstance(values, dict):
                raise ValueError("not an object")
        except (IndexError, ValueError) as error:
            raise CommandError(self.command, f"it printed no JSON object ({error})", self.log) from error
        return values


def run(
    command: Sequence[str | Path],
    log: Path,
    *,
    timeout: float = 900.0,
    one_core: bool = False,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Finished:
    """Runs `command` and waits for it.

    Standard error and standard output go to `log`. After `timeout` seconds the process and its children are
    killed. `one_core` pins them to one processor core. Raises CommandError when the exit code is not 0.
    """
    began, start = time.time(), time.perf_counter()
    process = _start(command, log, subprocess.PIPE, one_core, environment or {}, folder)
    output, late = _wait(process, timeout)
    seconds = time.perf_counter() - start
    if late:
        raise CommandError(process.args, f"did not end within {timeout:.0f} s", log)
    return _finished(process, began, seconds, output, log)


def run_in_turns(
    commands: Mapping[str, Sequence[str | Path]],
    logs: Mapping[str, Path],
    *,
    timeout: float = 3600.0,
    folder: Path | None = None,
) -> dict[str, Finished]:
    """Runs several commands, of which one works while the others stand still, and waits for all.

    Each stops itself where a turn of its ends, and goes on when the others have had theirs
    (`benchmarks.scripts.repeated.end_turn`). What each times in its turns so is timed in the same minutes. For the
    rest as `run`; their `seconds` are those of all.
    """
    began, start = time.time(), time.perf_counter()
    turns, running, finished = deque(commands), {}, {}
    with tempfile.TemporaryDirectory(prefix="turns-") as outputs:
        try:
            while turns:
                name = turns.popleft()
                output = Path(outputs, name)
                if name in running:
                    running[name].send_signal(signal.SIGCONT)
                else:
                    with output.open("w") as file:
                        running[name] = _start(commands[name], logs[name], file, False, {"TAKING_TURNS": "1"}, folder)
                process = running[name]
                if _stops_itself(process, start + timeout):
                    turns.append(name)
                elif process.returncode is None:
                    raise CommandError(process.args, f"did not end within {timeout:.0f} s", logs[name])
                else:
                    text = output.read_text(encoding="utf-8", errors="replace")
                    finished[name] = _finished(process, began, time.perf_counter() - start, text, logs[name])
        finally:
            for process in running.values():
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
    return finished


def _start(
    command: Sequence[str | Path],
    log: Path,
    output: Any,
    one_core: bool,
    environment: Mapping[str, str],
    folder: Path | None,
) -> "subprocess.Popen[str]":
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as errors:
        return subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **environment},
            cwd=folder,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_pin_to_one_core if one_core else None,
        )


def _finished(process: "subprocess.Popen[str]", began: float, seconds: float, output: str, log: Path) -> Finished:
    with log.open("a", encoding="utf-8") as lines:
        lines.write(output)
    if process.returncode != 0:
        raise CommandError(process.args, f"ended with exit code {process.returncode}", log)
    return Finished(process.args, began, seconds, output, log)


def _stops_itself(process: "subprocess.Popen[str]", deadline: float) -> bool:
    """Waits until the process stops (true), has ended, or it is too late."""
    while time.perf_counter() < deadline:
        ended, status = os.waitpid(process.pid, os.WUNTRACED | os.WNOHANG)
        if ended and not os.WIFSTOPPED(status):
            process.returncode = os.waitstatus_to_exitcode(status)
        if ended:
            return process.returncode is None
        time.sleep(_LOOK_AGAIN)
    return False


def _wait(process: "subprocess.Popen[str]", timeout: float) -> tuple[str, bool]:
    """What the process printed, and whether it had to be killed. Nothing it started outlives an interruption."""
    try:
        return process.communicate(timeout=timeout)[0], False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0], True
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def _pin_to_one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
