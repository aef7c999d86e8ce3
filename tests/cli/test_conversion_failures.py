"""Bad input and bad places: exit code 2, the three-line error, nothing half-written. And kills."""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.annotations.voc_files import annotation, item, picture, write_photo
from tests.disks import mounted
from tfod.cli.create_label_map import main as create_label_map
from tfod.cli.generate_tfrecord import main
from tfod.errors import DataError
from tfod.records.files import expand
from tfod.records.frames import read_frames

BOMB = "<!DOCTYPE annotation [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {this} '{f'&{before};' * 10}'>" for before, this in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with ten photos and their label map."""
    for number in range(10):
        write_photo(tmp_path / "in", f"p{number}", item())
    create_label_map(["--names", "cat", "-o", f"{tmp_path}/map.pbtxt"])
    (tmp_path / "out").mkdir()
    return tmp_path


def _convert(data: Path, output: Path, *flags: str) -> int:
    return main(["-x", f"{data}/in", "-l", f"{data}/map.pbtxt", "-o", str(output / "a.record"), *flags])


def _write(name: str, content: str | bytes) -> Callable[[Path], object]:
    content = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(content)


BAD_INPUT = {
    "malformed XML": _write("p5.xml", "<annotation><object></annotation>"),
    "not XML": _write("p5.xml", b"\x89PNG\r\n"),
    "an XML bomb": _write("p5.xml", annotation("p5.jpg", item("&i;"), doctype=BOMB + "]>")),
    "an external entity": _write(
        "p5.xml",
        annotation("p5.jpg", item("&x;"), doctype="<!DOCTYPE annotation [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"),
    ),
    "a missing picture": lambda folder: (folder / "p5.jpg").unlink(),
    "a picture that is none": _write("p5.jpg", "<html>404</html>"),
    "a picture cut short": _write("p5.jpg", picture()[:400]),
    "a format that cannot be decoded": _write("p5.jpg", picture(kind="WEBP")),
    "an unknown class": _write("p5.xml", annotation("p5.jpg", item("caat"))),
    "an object without a box": _write("p5.xml", annotation("p5.jpg", item().replace("bndbox", "circle"))),
    "no XML at all": lambda folder: [path.unlink() for path in folder.glob("*.xml")],
    "no folder": shutil.rmtree,
}


@pytest.mark.parametrize("spoil", BAD_INPUT.values(), ids=BAD_INPUT.keys())
@pytest.mark.parametrize("shards", ["1", "3"])
def test_bad_input(
    data: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], object], shards: str
) -> None:
    spoil(data / "in")

    assert _convert(data, data / "out", "--num_shards", shards) == 2

    what, where, cure = capsys.readouterr().err.splitlines()[-3:]
    assert what.startswith("error: ")
    assert where.startswith(f"  where: {data}/in")
    assert cure.startswith("  what to do: ")
    assert list((data / "out").iterdir()) == []


def test_a_bad_picture_among_good_ones_is_skipped_if_asked(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "in" / "p5.jpg").unlink()
    assert _convert(data, data / "out", "--skip_bad") == 0
    assert len(list(read_frames(data / "out" / "a.record"))) == 9
    assert "1  pictures skipped" in capsys.readouterr().out


@pytest.mark.parametrize("label_map", ["", "item { id: 1 nmae: 'cat' }", "item { id: 0 name: 'cat' }"])
def test_a_bad_label_map(data: Path, label_map: str) -> None:
    (data / "map.pbtxt").write_text(label_map)
    assert _convert(data, data / "out") == 2
    assert list((data / "out").iterdir()) == []


@pytest.mark.parametrize("shards", ["1", "4"])
def test_a_full_disk(data: Path, capsys: pytest.CaptureFixture[str], shards: str) -> None:
    (data / "in" / "p7.jpg").write_bytes(picture()[:-2] + bytes(300_000) + b"\xff\xd9")
    disk = data / "disk"
    with mounted(disk, "size=128k"):
        assert _convert(data, disk, "--num_shards", shards) == 2
        assert capsys.readouterr().err.endswith(
            "error: cannot write the output: no space left on device\n"
            f"  where: {disk}/a.record\n"
            "  what to do: free some space, or choose an output on another disk\n"
        )
        assert list(disk.iterdir()) == []


def test_a_read_only_folder(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Root may write where rights forbid it, but not to a disk that is mounted read-only.
    with mounted(data / "disk", "ro"):
        assert _convert(data, data / "disk") == 2
        assert "read-only file system" in capsys.readouterr().err


def _check_whole(output: Path, count: int) -> None:
    """One file is whole or not there; a set is whole, or `expand` says that it is not."""
    if (output / "a.record").exists():
        assert len(list(read_frames(output / "a.record"))) == count
    if list(output.glob("a.record-*")):
        try:
            paths = expand([f"{output}/a.record-*"])
        except DataError as error:
            assert "incomplete" in error.what
        else:
            assert sum(len(list(read_frames(path))) for path in paths) == count


@pytest.mark.parametrize("shards", ["1", "8"])
def test_killed_at_random_moments(data: Path, shards: str) -> None:
    count = 300
    names = [f"p{number % 10}" for number in range(count)]
    (data / "list.txt").write_text("\n".join(names))
    tool = Path(__file__).parents[2] / "tools" / "generate_tfrecord.py"
    command = [sys.executable, str(tool), "-x", f"{data}/in", "-l", f"{data}/map.pbtxt"]
    command += ["-o", f"{data}/out/a.record", "--list", f"{data}/list.txt", "--num_shards", shards]

    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.monotonic() - began
    _check_whole(data / "out", count)

    chance = random.Random(0)
    for run in range(8):
        if run % 2 == 0:
            shutil.rmtree(data / "out")
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds * chance.uniform(0.3, 1.1))
        process.kill()
        process.wait()
        (data / "out").mkdir(exist_ok=True)
        _check_whole(data / "out", count)

    subprocess.run(command, check=True, capture_output=True)
    _check_whole(data / "out", count)
