"""Tasks done by several processes, in order."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from tfod.errors import OutputError

__all__ = ["check_stopped", "cores", "each"]

T = TypeVar("T")
R = TypeVar("R")

# In a worker: what it does with each item, and whether it should stop.
_worker: Any = None


@contextmanager
def each(do: Callable[[T], R], items: Sequence[T], processes: int) -> Iterator[Iterator[R]]:
    """Yields the results of `do` for each item, in order; the work has begun by then.

    `do` goes to each process once, items and results for each task. With one process it is this one. After an error
    inside, or of `do`, the tasks that are under way stop at their next `check_stopped`. Raises OutputError where a
    process has been killed, by the system for want of memory as a rule.
    """
    processes = min(processes, len(items))
    if processes < 2:
        yield map(do, items)
        return
    # Forked processes start in milliseconds, but only from one without other threads, which may hold a lock.
    alone = sys.platform == "linux" and threading.active_count() == 1 and "tensorflow" not in sys.modules
    context = multiprocessing.get_context("fork" if alone else "spawn")
    stop = context.RawValue("b")
    try:
        with ProcessPoolExecutor(processes, context, _start, (do, stop)) as executor:
            try:
                yield executor.map(_do, items)
            except BaseException:
                stop.value = 1
                executor.shutdown(cancel_futures=True)
                raise
    except BrokenProcessPool as error:
        cure = "free some memory; a conversion can do with fewer processes (--workers 1)"
        raise OutputError("a process that worked on the records was killed", "this machine", cure) from error


def check_stopped() -> None:
    """Raises InterruptedError where the results of this task are wanted no more."""
    if _worker and _worker[1].value:
        raise InterruptedError("another task has failed")


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(do: Callable[[Any], Any], stop: Any) -> None:
    """Makes this process a worker: Ctrl-C is the first process's to handle, and none outlives it."""
    global _worker
    _worker = do, stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(item: Any) -> Any:
    return _worker[0](item)
