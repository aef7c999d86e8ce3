"""Timing the same work again and again in one process."""

import json
import os
import signal
import statistics
import time
from pathlib import Path

STEPS_A_TURN = 6  # of a training command's own loop


def end_turn():
    """Where sides take turns (`benchmarks.process.run_in_turns`), stands still until it is this side's again."""
    if "TAKING_TURNS" in os.environ:
        os.kill(os.getpid(), signal.SIGSTOP)


def median_seconds(call, warm_up, calls):
    """The median seconds of `call(number)`; `warm_up` first ones more, numbers 0 and up, are left out."""
    seconds = [seconds_of(call, number) for number in range(warm_up + calls)]
    return statistics.median(seconds[warm_up:])


def seconds_by_turn(call, turns, before=lambda: None):
    """The seconds of `turns` turns, each one call, after a first one that warms up; `before` each is not timed."""
    seconds = []
    for _ in range(turns + 1):
        before()
        seconds.append(seconds_of(call))
        end_turn()
    return seconds[1:]


def seconds_of(call, *arguments):
    """The seconds of one call."""
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def print_seconds(convert, output, repeats):
    """Prints {"seconds": [one number a repeat]} of `convert()`; a first one more, which warms up, is left out."""
    # To take the place of a large file takes a while, on either side.
    seconds = seconds_by_turn(convert, int(repeats), before=lambda: Path(output).unlink(missing_ok=True))
    print(json.dumps({"seconds": seconds}))
