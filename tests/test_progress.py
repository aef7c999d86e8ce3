"""Progress where there is no terminal: lines that say how far it is."""

import re

import pytest

from tfod.progress import Progress


def test_things_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("converting", total=2, unit="picture") as progress:
        progress.advance()
        progress.advance(note="done")
    first, last = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"converting: 1/2 pictures  [\d.]+ pictures/s  ETA 0 s", first)
    assert re.fullmatch(r"converting: 2/2 pictures  [\d.]+ pictures/s  ETA 0 s  done", last)


def test_bytes_are_shown_as_megabytes(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("downloading", total=3_000_000, unit="byte", start=1_000_000) as progress:
        progress.advance(2_000_000)
    assert re.fullmatch(r"downloading: 3\.0/3\.0 MB  [\d.]+ MB/s  ETA 0 s\n", capsys.readouterr().err)


def test_without_a_total_nothing_is_said_of_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("downloading", total=None, unit="byte") as progress:
        progress.advance(2_500_000)
    assert re.fullmatch(r"downloading: 2\.5 MB  [\d.]+ MB/s\n", capsys.readouterr().err)
