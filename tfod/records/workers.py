"""Batches converted by all cores, and written by the processes that converted them.

No picture goes from process to process. Each batch's place in its file is known once those before it are converted: it
waits for its turn, takes its place (an offset, and the file's checksum so far), lets the next one through, and writes
while others take theirs. So a file's bytes do not depend on how many processes there are, or which one was quicker.
"""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from google_crc32c import extend

from tfod.errors import OutputError
from tfod.records.batches import Batch, Work, convert_batch, digest_batch
from tfod.records.summary import Summary

__all__ = ["Workers", "Written", "begin_worker", "cores", "killed_is_an_error", "process_context"]

_QUEUED = 2  # batches a worker beyond the one it converts
_PIECES_AT_ONCE = 1000  # of the 1024 that systems take
_CLOSED = (1 << 64) - 1
_ITEMS_A_WORKER = 256  # fewer are converted sooner than a process starts

T = TypeVar("T")


class Written(NamedTuple):
    """A batch that is in its file; `size` in bytes and `crc`, as of `file_checks`, are the file's up to its end."""

    summary: Summary
    names: bytes
    digests: bytes
    size: int
    crc: int


class _Turns:
    """Lets batches through in the order of their numbers; shared by all workers.

    `state`: number of the batch whose turn it is, size and checksum of the file so far.
    """

    def __init__(self, condition: Any, state: MutableSequence[int]) -> None:
        self._condition = condition
        self._state = state

    @contextmanager
    def turn(self, number: int) -> Iterator[MutableSequence[int]]:
        """Yields the state when all batches before are through; an error inside lets nobody through any more."""
        with self._condition:
            self._condition.wait_for(lambda: self._state[0] in (number, _CLOSED))
            if self._state[0] == _CLOSED:
                raise InterruptedError("another batch could not be converted")
            following = _CLOSED
            try:
                yield self._state
                following = number + 1
            finally:
                self._state[0] = following
                self._condition.notify_all()

    def close(self) -> None:
        with self._condition:
            self._state[0] = _CLOSED
            self._condition.notify_all()


class _Worker:
    """What one process does; there is one of it in each."""

    def __init__(self, work: Work, paths: Sequence[str], turns: _Turns) -> None:
        self._work = work
        self._paths = paths
        self._turns = turns

    def write(self, batch: Batch) -> Written:
        """Converts a batch and writes it into its shard."""
        try:
            converted = convert_batch(batch.items, self._work)
        except BaseException:
            with self._turns.turn(batch.number):  # of several errors the first one in order is told
                raise
        with self._turns.turn(batch.number) as state:
            _, offset, crc = (state[0], 0, 0) if batch.first else state
            size = state[1] = offset + sum(map(len, converted.pieces))
            crc = state[2] = extend(crc, converted.checks)
        descriptor = os.open(self._paths[batch.shard], os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            _write(descriptor, converted.pieces)
        finally:
            os.close(descriptor)
        return Written(converted.summary, converted.names, converted.digests, size, crc)

    def digest(self, batch: Batch) -> bytes:
        return digest_batch(batch.items, self._work)


class Workers:
    """Processes that convert the items of one conversion; with `count` 1, this process itself.

    `paths` are the shards' files. None for `count`: as many as there are cores, fewer for little work.
    """

    def __init__(self, work: Work, paths: Sequence[str], items: int, count: int | None = None) -> None:
        self._count = count or max(1, min(cores(), items // _ITEMS_A_WORKER))
        self._executor: ProcessPoolExecutor | None = None
        if self._count == 1:
            self._turns = _Turns(threading.Condition(), [0, 0, 0])
            self._here = _Worker(work, paths, self._turns)
            return
        context = process_context()
        self._turns = _Turns(context.Condition(), context.RawArray("Q", 3))
        self._executor = ProcessPoolExecutor(self._count, context, _start, (_Worker(work, paths, self._turns),))

    def __enter__(self) -> "Workers":
        if self._executor:
            self._executor.submit(cores).result()  # all are forked now, before any thread is begun
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor:
            self._turns.close()
            self._executor.shutdown(cancel_futures=True)

    def write(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Written]]:
        """Converts and writes, and yields in order. Raises what the first batch that fails raised."""
        return self._each(_Worker.write, batches)

    def digest(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, bytes]]:
        """The digests of `tfod.records.batches.digest_batch`, in order."""
        return self._each(_Worker.digest, batches)

    def _each(self, do: Callable[[_Worker, Batch], T], batches: Iterable[Batch]) -> Iterator[tuple[Batch, T]]:
        if self._executor is None:
            for batch in batches:
                yield batch, do(self._here, batch)
            return
        waiting: deque[tuple[Batch, Future[T]]] = deque()
        with killed_is_an_error():
            for batch in batches:
                waiting.append((batch, self._executor.submit(_do, do, batch)))
                if len(waiting) > self._count * (1 + _QUEUED):
                    first, future = waiting.popleft()
                    yield first, future.result()
            for first, future in waiting:
                yield first, future.result()


def _write(descriptor: int, pieces: Sequence[bytes]) -> None:
    """Writes without copying, as the records are in many pieces, some of them pictures."""
    for start in range(0, len(pieces), _PIECES_AT_ONCE):
        some = pieces[start : start + _PIECES_AT_ONCE]
        written = os.writev(descriptor, some) if hasattr(os, "writev") else 0
        if written < sum(map(len, some)):  # the disk is full, which the next attempt will say
            with open(descriptor, "wb", closefd=False) as file:
                file.write(b"".join(some)[written:])


_worker: _Worker | None = None


def _start(worker: _Worker) -> None:
    global _worker
    _worker = worker
    gc.freeze()  # else collecting garbage writes to all that processes share, and each gets a copy of its own
    begin_worker()


def begin_worker() -> None:
    """Makes this process a worker: Ctrl-C is the first process's to handle, and none outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(do: Callable[[_Worker, Batch], T], batch: Batch) -> T:
    assert _worker is not None, "no worker has been started in this process"
    try:
        return do(_worker, batch)
    finally:
        gc.collect()  # gives back the interpreter's free lists, which grow from batch to batch


@contextmanager
def killed_is_an_error() -> Iterator[None]:
    """Raises OutputError where a worker has been killed, by the system for want of memory as a rule."""
    try:
        yield
    except BrokenProcessPool as error:
        cure = "free some memory; a conversion can do with fewer processes (--workers 1)"
        raise OutputError("a process that worked on the records was killed", "this machine", cure) from error


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def process_context() -> BaseContext:
    """Forked processes start in milliseconds, but only from one without other threads that may hold a lock."""
    alone = sys.platform == "linux" and threading.active_count() == 1 and "tensorflow" not in sys.modules
    return multiprocessing.get_context("fork" if alone else "spawn")
