"""Limits of time that hold on a machine with other work to do."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["seconds_at_most"]


@contextmanager
def seconds_at_most(limit: float) -> Iterator[None]:
    """Fails when this thread needs more than `limit` seconds of a processor.

    Other processes and TensorFlow's threads do not count, nor what other tests left for the garbage collector: going
    through the graphs of a thousand models has taken it two seconds.
    """
    gc.disable()
    try:
        began = time.thread_time()
        yield
        used = time.thread_time() - began
    finally:
        gc.enable()
    assert used < limit, f"{used:.1f} s of {limit:g} s"
