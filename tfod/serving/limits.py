"""What a server takes of its clients, and how it tells them that it does not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Budget", "Held", "Limits", "RefusedError"]

# The memory that all requests together may hold, in requests of the largest kind.
_LARGEST_AT_ONCE = 4


@dataclass(frozen=True)
class Limits:
    """What one request, and all that wait, may cost.

    Attributes:
      body_bytes: Of a request's body.
      pixels: Of one image, height x width.
      waiting: Requests that are being decoded or wait for the model.
      images: Of one request.
      batch: Images that the model is given at once, where it takes more than one.
      seconds: From the first byte of a request's body to its answer.
    """

    body_bytes: int = 32 << 20
    pixels: int = 40_000_000
    waiting: int = 64
    images: int = 32
    batch: int = 8
    seconds: float = 30.0

    @property
    def memory(self) -> int:
        """Bytes of bodies and decoded images that are held at once."""
        return _LARGEST_AT_ONCE * (self.body_bytes + 3 * self.pixels)


class RefusedError(Exception):
    """A request that gets another answer than it asked for: a status of HTTP, and what is wrong in a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Budget:
    """Bytes that are held for requests; threads may share it."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._lock = threading.Lock()

    @contextmanager
    def holding(self) -> "Iterator[Held]":
        """What is held within the block is free again after it."""
        held = Held(self)
        try:
            yield held
        finally:
            self.take(-held.count)

    def take(self, count: int) -> None:
        """Takes `count` bytes, or gives them back where it is negative; RefusedError where they are not there."""
        with self._lock:
            if count > self._free:
                raise RefusedError(503, "the memory for requests is used up; try again later")
            self._free -= count


class Held:
    """What one request holds of a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.count = 0

    def add(self, count: int) -> None:
        """Holds `count` bytes more; RefusedError where they are not there."""
        self._budget.take(count)
        self.count += count
