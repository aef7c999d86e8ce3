"""Runs a command and tells the most memory that it took.

usage: peak_memory.py COMMAND...

Prints {"all": megabytes, "largest": megabytes}: of the process and those that it starts, together at one time (sampled;
what several share counts once); and of the largest of them (by the system).
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

SECONDS_BETWEEN = 0.01


def shared_out(process):
    """The kilobytes of a process, those that n processes share counted as an n-th."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def with_children(process):
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    except OSError:
        text = ""
    return [process, *(one for child in text.split() for one in with_children(int(child)))]


def main(command):
    peak = 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, sum(map(shared_out, with_children(process.pid))))
        time.sleep(SECONDS_BETWEEN)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"all": peak / 1000, "largest": largest / 1000}))
    return process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
