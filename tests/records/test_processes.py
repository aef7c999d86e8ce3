"""Conversions by several processes, interrupted and gone on with: the same bytes, in every order of events."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.annotations.voc_files import item, write_photo
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.voc import read_voc_files
from tfod.config.label_map import label_map_from_names
from tfod.errors import DataError, OutputError
from tfod.files import lock
from tfod.records import write
from tfod.records.convert import ConversionRules
from tfod.records.frames import read_frames
from tfod.records.write import Source, shards_of_size, write_records

LABEL_MAP = label_map_from_names(["cat", "dog"])


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """The paths of forty annotated photos of sizes that differ."""
    data = (write_photo(tmp_path / "one")).with_suffix(".jpg").read_bytes()
    filled = [data[:-2] + bytes(997 * number) + b"\xff\xd9" for number in range(40)]
    return [
        str(write_photo(tmp_path / "in", f"p{n:02d}", item("dog" if n % 3 else "cat"), data=filled[n]))
        for n in range(40)
    ]


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One file is joined of parts of seven photos."""
    monkeypatch.setattr(write, "_ITEMS_A_PART", 7)


def _source(photos: list[str]) -> Source:
    return Source(photos, read_voc_files)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("num_shards", [1, 3])
def test_the_bytes_do_not_depend_on_the_number_of_processes(tmp_path: Path, photos: list[str], num_shards: int) -> None:
    summaries = [
        write_records(_source(photos), tmp_path / f"{workers}" / "a.record", LABEL_MAP, num_shards, workers=workers)
        for workers in (1, 3)
    ]
    assert summaries[0] == summaries[1]
    assert _contents(tmp_path / "1") == _contents(tmp_path / "3")


@pytest.mark.usefixtures("small_parts")
def test_of_several_errors_the_first_one_is_told(tmp_path: Path, photos: list[str]) -> None:
    for number in (11, 12, 35):
        Path(photos[number]).write_text("<annotation>")
    for _ in range(3):
        with pytest.raises(DataError) as caught:
            write_records(_source(photos), tmp_path / "out" / "a.record", LABEL_MAP, workers=2)
        assert caught.value.where.startswith(photos[11])
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.usefixtures("small_parts")
def test_a_worker_that_is_killed_is_an_error(tmp_path: Path, photos: list[str]) -> None:
    with pytest.raises(OutputError, match="was killed"):
        write_records(Source(photos, _killed), tmp_path / "out" / "a.record", LABEL_MAP, workers=2)
    assert list((tmp_path / "out").iterdir()) == []


def _killed(paths: Iterable[str]) -> Iterator[AnnotatedImage | DataError]:
    os.kill(os.getpid(), signal.SIGKILL)
    yield from read_voc_files(paths)


STOPPED = """
import os, signal, sys
from tfod.annotations.voc import read_voc_files
from tfod.config.label_map import label_map_from_names
from tfod.records import write

write_text, done = write.write_text, []
def stop(path, text):
    write_text(path, text)
    done.append(path)
    if len(done) == 2:
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
write.write_text = stop
source, label_map = write.Source(sys.argv[3:], read_voc_files), label_map_from_names(["cat", "dog"])
try:
    write.write_records(source, sys.argv[2], label_map, 4)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(("name", "code"), [("SIGKILL", -9), ("SIGINT", 130)])
def test_an_interrupted_conversion_goes_on_by_shard(
    tmp_path: Path, photos: list[str], name: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out" / "a.record"
    run = subprocess.run([sys.executable, "-c", STOPPED, name, output, *photos], check=False, capture_output=True)
    assert run.returncode == code, run.stderr
    assert (b"2 of 4 parts are kept" in run.stderr) == (name == "SIGINT")
    parts = output.parent / ".a.record.parts"
    assert [path.name for path in output.parent.iterdir()] == [parts.name]
    kept = {path.name: path.stat().st_mtime_ns for path in parts.glob("*.json")}
    assert sorted(kept) == ["a.record-00000-of-00004.json", "a.record-00001-of-00004.json"]

    # Of the two, one annotation has changed since; the other shard is used as it is.
    write_photo(
        tmp_path / "in", "p05", item("cat", (1, 1, 9, 9)), data=Path(photos[5]).with_suffix(".jpg").read_bytes()
    )
    made = _spy_on_finished_shards(monkeypatch)
    write_records(_source(photos), output, LABEL_MAP, 4)
    assert made == [1, 2, 3]

    write_records(_source(photos), tmp_path / "again" / "a.record", LABEL_MAP, 4)
    assert _contents(output.parent) == _contents(tmp_path / "again")


def _spy_on_finished_shards(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    write_text, made = write.write_text, []

    def note(path: str, text: str) -> None:
        made.append(int(path.split("-")[-3]))
        write_text(path, text)

    monkeypatch.setattr(write, "write_text", note)
    return made


def test_a_damaged_part_or_other_rules_are_not_gone_on_with(
    tmp_path: Path, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out" / "a.record"
    subprocess.run([sys.executable, "-c", STOPPED, "SIGKILL", output, *photos], check=False)
    part = output.parent / ".a.record.parts" / "a.record-00001-of-00004"
    data = bytearray(part.read_bytes())
    data[1000] ^= 1
    part.write_bytes(data)
    made = _spy_on_finished_shards(monkeypatch)
    write_records(_source(photos), output, LABEL_MAP, 4)
    assert made == [1, 2, 3]

    subprocess.run([sys.executable, "-c", STOPPED, "SIGKILL", output, *photos], check=False)
    note = part.with_name("a.record-00000-of-00004.json")
    note.write_bytes(note.read_bytes()[:-1])
    made.clear()
    write_records(_source(photos), output, LABEL_MAP, 4)
    assert made == [0, 2, 3]

    subprocess.run([sys.executable, "-c", STOPPED, "SIGKILL", output, *photos], check=False)
    made.clear()
    write_records(_source(photos), output, LABEL_MAP, 4, ConversionRules("one_based"))
    assert made == [0, 1, 2, 3]


def test_two_conversions_to_one_output_do_not_mix(tmp_path: Path, photos: list[str]) -> None:
    parts = tmp_path / ".a.record.parts"
    parts.mkdir()
    with (parts / "lock").open("ab") as file:
        assert lock(file)
        with pytest.raises(OutputError, match="another process is writing"):
            write_records(_source(photos), tmp_path / "a.record", LABEL_MAP)
    write_records(_source(photos), tmp_path / "a.record", LABEL_MAP)
    assert not parts.exists()


def test_workers_end_with_the_conversion(tmp_path: Path, photos: list[str]) -> None:
    program = STOPPED.replace(", 4)", ", 4, workers=2)").replace("getpid", "getppid")  # the worker kills the first one
    run = subprocess.run([sys.executable, "-c", program, "SIGKILL", tmp_path / "a.record", *photos], check=False)
    assert run.returncode == -9
    deadline = time.monotonic() + 5
    while (left := _processes_about(str(tmp_path))) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == []


def _processes_about(text: str) -> list[str]:
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        commands += [command] if text in command else []
    return commands


def test_shards_of_a_size(tmp_path: Path, photos: list[str]) -> None:
    output = tmp_path / "out" / "a.record"
    total = sum(Path(photo).with_suffix(".jpg").stat().st_size for photo in photos)  # some 800 kB
    write_records(_source(photos), output, LABEL_MAP, shard_size=200_000)
    sizes = [path.stat().st_size for path in output.parent.glob("a.record-*")]
    assert len(sizes) == round(total / 200_000) == 4
    assert all(150_000 < size < 300_000 for size in sizes)
    assert sum(len(list(read_frames(path))) for path in output.parent.glob("a.record-*")) == 40

    assert shards_of_size(_source(photos), 1) == 40  # never more than pictures
    assert shards_of_size(_source(photos), 10**12) == 1
