"""Timing what writes one file, again and again in one process."""

import json
import time
from pathlib import Path


def print_seconds(convert, output, repeats):
    """Prints {"seconds": [one number a repeat]} of `convert()`; a first one more, which warms up, is left out."""
    seconds = []
    for _ in range(int(repeats) + 1):
        Path(output).unlink(missing_ok=True)  # to take the place of a large file takes a while, on either side
        start = time.perf_counter()
        convert()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds[1:]}))
