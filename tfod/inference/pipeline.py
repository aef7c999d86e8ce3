"""Reading, working and writing at the same time: the whole takes about as long as the slowest of the three alone."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Flow", "pipelined"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# Enough to even out what takes longer now and then; each may be a large image.
_ROOM = 4


class Flow(NamedTuple):
    """How it went: items passed over because newer ones had come, and whether Ctrl-C ended the reading."""

    passed_over: int
    is_interrupted: bool


def pipelined(
    items: Iterable[_Item],
    work: Callable[[_Item], _Result],
    write: Callable[[_Result], object],
    *,
    keeps_newest: bool = False,
) -> Flow:
    """Calls `write(work(item))` for each item, in their order; a second thread reads the items, a third one writes.

    At KeyboardInterrupt nothing more is read, and what was worked on is written.

    Args:
      items: Gone through, and closed if it is a generator, in the reading thread.
      work: Called in this thread.
      write: Called in the writing thread.
      keeps_newest: The items come at their own pace: while `work` is busy, the newest takes the place of the one that
        waits.

    Raises the first error of any of the three here, after all of them have ended.
    """
    read: _Belt[_Item] = _Belt(1 if keeps_newest else _ROOM, keeps_newest=keeps_newest)
    made: _Belt[_Result] = _Belt(_ROOM)
    threads = [threading.Thread(target=_fill, args=(read, items)), threading.Thread(target=_empty, args=(made, write))]
    for thread in threads:
        thread.start()
    is_interrupted = False
    try:
        for item in read:
            if not made.put(work(item)):
                break
    except KeyboardInterrupt:
        is_interrupted = True
    finally:
        read.stop()
        made.end()
        for thread in threads:
            thread.join()
    if made.error is not None:
        raise made.error
    return Flow(read.passed_over, is_interrupted)


class _Belt(Generic[_Item]):
    """Carries items from one thread to another, a few at a time; either side can end it."""

    def __init__(self, room: int, *, keeps_newest: bool = False) -> None:
        self._room = room
        self._keeps_newest = keeps_newest
        self._items: deque[_Item] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._stopped = False
        self.error: BaseException | None = None
        self.passed_over = 0

    def put(self, item: _Item) -> bool:
        """Waits for room; False once the other side takes nothing more."""
        with self._changed:
            if self._keeps_newest and len(self._items) == self._room:
                self._items.popleft()
                self.passed_over += 1
            self._changed.wait_for(lambda: self._stopped or len(self._items) < self._room)
            if not self._stopped:
                self._items.append(item)
                self._changed.notify_all()
            return not self._stopped

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more will be put; `error` is raised where the items are taken, after those that are there."""
        with self._changed:
            self._ended = True
            self.error = self.error or error
            self._changed.notify_all()

    def stop(self, error: BaseException | None = None) -> None:
        """Nothing more will be taken."""
        with self._changed:
            self._stopped = True
            self._items.clear()
            self.error = self.error or error
            self._changed.notify_all()

    def __iter__(self) -> Iterator[_Item]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._ended or self._stopped)
                if not self._items:
                    if self.error is not None:
                        raise self.error
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item


def _fill(belt: _Belt[_Item], items: Iterable[_Item]) -> None:
    try:
        for item in items:
            if not belt.put(item):
                break
        if isinstance(items, Generator):
            items.close()
        belt.end()
    except BaseException as error:
        belt.end(error)


def _empty(belt: _Belt[_Item], write: Callable[[_Item], object]) -> None:
    try:
        for item in belt:
            write(item)
    except BaseException as error:
        belt.stop(error)
