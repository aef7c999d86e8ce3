"""Timing the same work again and again in one process."""

import json
import statistics
import time
from pathlib import Path


def median_seconds(call, warm_up, calls):
    """The median seconds of `call(number)`; `warm_up` first ones more, numbers 0 and up, are left out."""
    seconds = []
    for number in range(warm_up + calls):
        start = time.perf_counter()
        call(number)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[warm_up:])


def print_seconds(convert, output, repeats):
    """Prints {"seconds": [one number a repeat]} of `convert()`; a first one more, which warms up, is left out."""
    seconds = []
    for _ in range(int(repeats) + 1):
        Path(output).unlink(missing_ok=True)  # to take the place of a large file takes a while, on either side
        start = time.perf_counter()
        convert()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds[1:]}))
