"""Runs one command as a benchmark needs it: timed, with a time limit, its output kept in a log."""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["CommandError", "Finished", "run"]

_TAIL_LINES = 25


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
    words = [str(word) for word in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as errors:
        began = time.time()
        start = time.perf_counter()
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **(environment or {})},
            cwd=folder,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_pin_to_one_core if one_core else None,
        )
        output, late = _wait(process, timeout)
        seconds = time.perf_counter() - start
    with log.open("a", encoding="utf-8") as lines:
        lines.write(output)
    if late:
        raise CommandError(words, f"did not end within {timeout:.0f} s", log)
    if process.returncode != 0:
        raise CommandError(words, f"ended with exit code {process.returncode}", log)
    return Finished(words, began, seconds, output, log)


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
