"""One thread that owns the model and gives it the images that wait, those of one size together.

Letters: `B` images of one size, `H W` pixels.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Outputs", "Worker"]

Outputs = Mapping[str, NDArray[Any]]
_log = logging.getLogger("tfod.serving")


@dataclass
class _Job:
    image: NDArray[np.uint8]
    result: "Future[Outputs]" = field(default_factory=Future)


class Worker:
    """Runs a model on images in the order in which they come."""

    def __init__(self, outputs: Callable[[NDArray[np.uint8]], Outputs], most: int) -> None:
        """`outputs` takes images uint8 `[B, H, W, 3]` and gives arrays `[B, ...]` by name; `B` is `most` at most."""
        self._outputs = outputs
        self._most = most
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._open = True
        self.largest_batch = 0
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self._thread.start()

    def submit(self, image: NDArray[np.uint8]) -> "Future[Outputs]":
        """What the model gives for an image, uint8 `[H, W, 3]`; cancelled before its turn, it costs nothing."""
        job = _Job(image)
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()
        return job.result

    @property
    def waiting(self) -> int:
        """How many images wait."""
        return len(self._jobs)

    @property
    def alive(self) -> bool:
        """Whether images are still taken."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Ends the thread after what waits."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._next():
            self.largest_batch = max(self.largest_batch, len(jobs))
            try:
                self._run(jobs)
            except Exception as error:
                if len(jobs) > 1:  # one image may be to blame for all
                    for job in jobs:
                        self._run_alone(job)
                else:
                    _fail(jobs[0], error)

    def _next(self) -> list[_Job]:
        """The first that waits, and others of its size that wait too; nothing once it is closed."""
        with self._changed:
            while True:
                jobs: list[_Job] = []
                others: deque[_Job] = deque()
                while self._jobs and len(jobs) < self._most:
                    job = self._jobs.popleft()
                    if jobs and job.image.shape != jobs[0].image.shape:
                        others.append(job)
                    elif job.result.set_running_or_notify_cancel():
                        jobs.append(job)
                self._jobs.extendleft(reversed(others))
                if jobs or not self._open:
                    return jobs
                self._changed.wait()

    def _run_alone(self, job: _Job) -> None:
        try:
            self._run([job])
        except Exception as error:
            _fail(job, error)

    def _run(self, jobs: list[_Job]) -> None:
        found = self._outputs(np.stack([job.image for job in jobs]))
        each = [{name: values[number] for name, values in found.items()} for number in range(len(jobs))]
        for job, one in zip(jobs, each, strict=True):
            job.result.set_result(one)


def _fail(job: _Job, error: Exception) -> None:
    _log.error("the model failed on an image of %s: %s: %s", job.image.shape, type(error).__name__, error)
    job.result.set_exception(error)
