"""Several writers as one, opened when the first result comes."""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Generic, TypeVar

from tfod.inference.media import Frame

__all__ = ["Writers"]

_Result = TypeVar("_Result")


class Writers(Generic[_Result]):
    """To be used in `with`, and called with each frame and its result; a run without any result leaves nothing behind.

    Args:
      opened: Gives the writers; what is to be closed at the end it enters into the stack.
    """

    def __init__(self, opened: Callable[[ExitStack], list[Callable[[Frame, _Result], object]]]) -> None:
        self._opened = opened
        self._stack = ExitStack()
        self._writers: list[Callable[[Frame, _Result], object]] | None = None

    def __call__(self, frame: Frame, result: _Result) -> None:
        """Hands a frame and its result to each of the writers."""
        if self._writers is None:
            self._writers = self._opened(self._stack)
        for write in self._writers:
            write(frame, result)

    def __enter__(self) -> "Writers[_Result]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._stack.__exit__(kind, error, trace)
