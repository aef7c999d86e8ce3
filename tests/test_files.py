"""Folders that are replaced whole: where they can be renamed, where they cannot, and after a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.disks import mounted
from tfod.errors import DataError, OutputError
from tfod.files import contents, replacing_directory, write_bytes


def write(folder: Path | str, *names: str) -> None:
    """Replaces a folder by one with files `names`."""
    with replacing_directory(folder) as working:
        for name in names:
            (working / name).write_text(name)


def names(folder: Path) -> list[str]:
    """All that is in a folder, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


def test_the_working_directory_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    write(".", "a", "b")
    before = place.stat().st_ino
    write(".", "c")
    assert names(place) == ["c"]
    assert names(tmp_path) == ["here"]
    assert place.stat().st_ino == before, "who stands in the folder still stands in it"


def test_a_folder_above_the_working_directory_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "data" / "deep")
    write(tmp_path / "data", "a")
    assert names(tmp_path / "data") == ["a"]


def test_a_mounted_disk_is_filled_and_what_belongs_to_it_stays(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=1m"):
        (tmp_path / "disk" / "lost+found").mkdir()
        write(tmp_path / "disk", "a", "b")
        assert contents(tmp_path / "disk") == ["a", "b"]
        write(tmp_path / "disk", "b", "c")
        assert names(tmp_path / "disk") == ["b", "c", "lost+found"]
        assert names(tmp_path) == ["disk"]


def test_a_folder_mounted_from_the_same_disk_is_filled(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=1m"):
        (tmp_path / "disk" / "volume").mkdir()
        (tmp_path / "disk" / "a place").mkdir()
        place = tmp_path / "disk" / "a place"
        subprocess.run(["mount", "--bind", str(tmp_path / "disk" / "volume"), str(place)], check=True)
        try:
            write(place, "a")
            write(place, "b")
            assert names(place) == ["b"]
        finally:
            subprocess.run(["umount", str(place)], check=True)


def test_an_error_leaves_a_filled_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(".", "a")
    with pytest.raises(DataError), replacing_directory(".") as working:
        (working / "b").touch()
        raise DataError("the data is bad", "somewhere", "mend it")
    assert names(tmp_path) == ["a"]


def test_entries_that_cannot_be_moved_leave_a_filled_folder_as_it_was(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=1m"):
        write(tmp_path / "disk", "a", "z")
        (tmp_path / "disk" / "inner").mkdir()
        with mounted(tmp_path / "disk" / "inner", "size=1m"), pytest.raises(OutputError, match="busy"):
            write(tmp_path / "disk", "b")
        assert names(tmp_path / "disk") == ["a", "inner", "z"]


def test_errors_name_the_output_and_not_the_working_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught, replacing_directory(tmp_path / "out") as working:
        raise DataError("bad", f"{working / 'file'}, line 3", "mend it")
    assert caught.value.where == f"{tmp_path / 'out'}/file, line 3"
    assert names(tmp_path) == []


KILLED = """
import sys, time
from tfod.files import replacing_directory
with replacing_directory(sys.argv[1]) as working:
    (working / "half").touch()
    print(working, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path: Path) -> "subprocess.Popen[str]":
    """A process that is writing the folder `out`."""
    command = [sys.executable, "-c", KILLED, str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_what_a_killed_process_left_goes_with_the_next_one(tmp_path: Path, writer: "subprocess.Popen[str]") -> None:
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    (tmp_path / ".out.mine.tmp").mkdir()
    assert len(names(tmp_path)) == 2
    write(tmp_path / "out", "a")
    assert names(tmp_path) == [".out.mine.tmp", "out"]


def test_what_another_process_is_writing_stays(tmp_path: Path, writer: "subprocess.Popen[str]") -> None:
    try:
        write(tmp_path / "out", "a")
        assert len(names(tmp_path)) == 2
    finally:
        writer.kill()
        writer.communicate()


KILLED_FILE = """
import sys, time
from tfod.files import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print(temporary, flush=True)
    time.sleep(60)
"""


def test_files_that_a_killed_process_left_go_with_the_next_one_and_no_others(tmp_path: Path) -> None:
    def begin(output: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", KILLED_FILE, str(tmp_path / output)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    killed, alive, other = (begin(output) for output in ("out", "out", "other"))
    written = [Path(process.stdout.readline().strip()) for process in (killed, alive, other) if process.stdout]
    (tmp_path / ".out.mine.tmp").touch()
    written[0].with_suffix(".mp4").touch()  # as a video is written
    try:
        for process in (killed, other):
            process.send_signal(signal.SIGKILL)
            process.communicate()
        write_bytes(tmp_path / "out", b"whole")
        assert {tmp_path / name for name in names(tmp_path)} == {
            tmp_path / "out", tmp_path / ".out.mine.tmp", written[1], written[2],
        }  # fmt: skip
    finally:
        alive.kill()
        alive.communicate()


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path: Path) -> None:
    write(tmp_path / ".out.abcd1234.tmp", "new")
    write(tmp_path / ".out.abcd1234.earlier", "old")
    with pytest.raises(DataError), replacing_directory(tmp_path / "out"):
        raise DataError("bad", "somewhere", "mend it")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["new"]


def test_a_kill_while_a_folder_is_filled_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = tmp_path.name
    write(tmp_path / "half", "a", "b")
    os.rename("half/a", "a")  # this one was moved already
    os.rename("half", f".{name}.abcd1234.tmp")
    os.mkdir(f".{name}.abcd1234.earlier")
    with pytest.raises(DataError), replacing_directory("."):
        raise DataError("bad", "somewhere", "mend it")
    assert names(tmp_path) == ["a", "b"]


def test_a_full_disk_is_an_error_and_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=64k"):
        with pytest.raises(OutputError, match="no space"):
            write_bytes(tmp_path / "disk" / "a", b"x" * 100_000)
        assert names(tmp_path / "disk") == []


def test_a_store_is_no_place_for_an_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ("gs://bucket/out", Path("gs://bucket/out")):
        with pytest.raises(OutputError, match="store") as caught:
            write(place, "a")
        assert caught.value.where == "gs://bucket/out"
        with pytest.raises(OutputError, match="store"):
            write_bytes(place, b"a")
    assert names(tmp_path) == []
