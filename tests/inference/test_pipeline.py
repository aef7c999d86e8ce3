"""Reading, working and writing overlap, keep the order, and end together."""

import threading
import time
from collections.abc import Iterator

import pytest

from tfod.inference.pipeline import pipelined


@pytest.mark.parametrize("seconds", [(0.02, 0.06, 0.02), (0.06, 0.02, 0.02), (0.02, 0.02, 0.06)])
def test_all_takes_little_longer_than_the_slowest_alone(seconds: tuple[float, float, float]) -> None:
    reading, working, writing = seconds
    written: list[int] = []

    def read() -> Iterator[int]:
        for number in range(12):
            time.sleep(reading)
            yield number

    def work(number: int) -> int:
        time.sleep(working)
        return number

    def write(number: int) -> None:
        time.sleep(writing)
        written.append(number)

    # Of the best of three runs: this machine may be busy. One after the other would be 1.67.
    ratios = []
    for _ in range(3):
        written.clear()
        began = time.perf_counter()
        pipelined(read(), work, write)
        ratios.append((time.perf_counter() - began) / (12 * max(seconds)))
        assert written == list(range(12))
        if ratios[-1] < 1.4:
            break
    assert min(ratios) < 1.4


def _fail(_: object) -> None:
    raise ValueError("broken")


@pytest.mark.parametrize("part", ["read", "work", "write"])
def test_the_first_error_of_any_part_ends_all(part: str) -> None:
    threads = threading.active_count()

    def read() -> Iterator[int]:
        yield 1
        if part == "read":
            _fail(1)
        yield from range(99)

    with pytest.raises(ValueError, match="broken"):
        pipelined(read(), _fail if part == "work" else abs, _fail if part == "write" else abs)
    assert threading.active_count() == threads


def test_ctrl_c_ends_the_reading_and_what_was_worked_on_is_written() -> None:
    written: list[int] = []
    closed: list[bool] = []

    def read() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.append(True)

    def work(number: int) -> int:
        if number == 5:
            raise KeyboardInterrupt
        return number

    flow = pipelined(read(), work, written.append)
    assert flow.is_interrupted and written == [0, 1, 2, 3, 4] and closed == [True]


def test_of_what_comes_at_its_own_pace_the_newest_is_taken() -> None:
    written: list[int] = []
    all_read = threading.Event()

    def read() -> Iterator[int]:
        yield from range(10)
        all_read.set()

    def work(number: int) -> int:
        all_read.wait(5)
        return number

    flow = pipelined(read(), work, written.append, keeps_newest=True)
    assert written[-1] == 9 and written == sorted(written)
    assert flow.passed_over == 10 - len(written) > 5
