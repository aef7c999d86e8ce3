"""`tfod zoo download`: what users see, exit codes, and that nothing half-written stays."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.disks import mounted
from tests.file_server import FileServer
from tests.zoo_archives import pack, zoo_files
from tfod.cli.download_model import main
from tfod.config.zoo import find_model

NAME = "ssd_mobilenet_v2_fpnlite_320x320"
MODEL, SECOND = find_model(NAME), find_model("centernet_resnet50_v2_512x512")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(
    file_server: FileServer, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FileServer:
    """A mirror of the zoo with two models; the working folder is empty."""
    for model in (MODEL, SECOND):
        file_server.files[f"/{model.archive}.tar.gz"] = pack(model.name, zoo_files(tiny_checkpoint))
    monkeypatch.setenv("TFOD_ZOO_URL", file_server.url)
    monkeypatch.chdir(tmp_path)
    return file_server


def _error(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = capsys.readouterr().err.splitlines()[-3:]
    assert lines[0].startswith("error: ") and lines[1].startswith("  where: ") and lines[2].startswith("  what to do: ")
    return lines


def test_two_models(server: FileServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([NAME, SECOND.name]) == 0

    captured = capsys.readouterr()
    assert captured.out == (
        f"pretrained_models/{MODEL.name}: 3 variables, checksums are right\n"
        f"  fine_tune_checkpoint: 'pretrained_models/{MODEL.name}/checkpoint/ckpt-0'\n"
        f"pretrained_models/{SECOND.name}: 3 variables, checksums are right\n"
        f"  fine_tune_checkpoint: 'pretrained_models/{SECOND.name}/checkpoint/ckpt-0'\n"
        "next, for records of your own:\n"
        f"  tfod config new --model {NAME} --label_map MAP.pbtxt --train TRAIN.record --val VAL.record\n"
        "note: centernet_resnet50_v2_512x512 cannot be trained here yet; its config can be read and checked\n"
    )
    assert f"{server.url}/{MODEL.archive}.tar.gz" in captured.err
    assert "downloading: " in captured.err
    assert sorted(path.name for path in Path("pretrained_models").iterdir()) == [SECOND.name, MODEL.name]


def test_what_is_there_is_checked_and_left(server: FileServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([NAME]) == 0
    capsys.readouterr()
    server.requests.clear()
    assert main([NAME]) == 0
    line = f"pretrained_models/{MODEL.name} is there already: 3 variables, checksums are right\n"
    assert capsys.readouterr().out.startswith(line)
    assert server.requests == []

    (Path("pretrained_models") / MODEL.name / "checkpoint" / "ckpt-0.index").write_bytes(b"cut")
    assert main([NAME]) == 2
    what, _, cure = _error(capsys)
    assert "is there, but not whole" in what
    assert cure == f"  what to do: delete pretrained_models/{MODEL.name}, or move it away, and type the same again"


def test_flags_go_before_the_environment(server: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TFOD_ZOO_URL", "http://127.0.0.1:9")
    assert main([NAME, "--url", server.url, "--pretrained_dir", str(tmp_path / "elsewhere")]) == 0
    assert (tmp_path / "elsewhere" / MODEL.name / "pipeline.config").is_file()


def test_a_misspelt_name(server: FileServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([NAME, "ssd_mobilenet_v2_fpnlite_320"]) == 2
    assert _error(capsys)[2] == f"  what to do: did you mean {NAME}?"
    assert server.requests == []


def test_one_checksum_for_two_models(server: FileServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([NAME, SECOND.name, "--sha256", "00"]) == 2
    assert "one checksum for several models" in _error(capsys)[0]


@pytest.mark.parametrize("status", [404, 403])
def test_a_server_without_the_file(server: FileServer, capsys: pytest.CaptureFixture[str], status: int) -> None:
    server.statuses = [status]
    assert main([NAME]) == 2
    what, where, _ = _error(capsys)
    assert f"the server answers {status}" in what
    assert where == f"  where: {server.url}/{MODEL.archive}.tar.gz"
    assert list(Path("pretrained_models").iterdir()) == []


def test_offline(server: FileServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([NAME, "--url", "http://127.0.0.1:9"]) == 2
    what, where, cure = _error(capsys)
    assert what == "error: the server cannot be reached: connection refused"
    assert where == f"  where: http://127.0.0.1:9/{MODEL.archive}.tar.gz"
    assert "connect to the internet" in cure
    assert cure.endswith(f"or fetch it elsewhere and copy it to pretrained_models/{MODEL.name}.tar.gz")


def test_a_truncated_archive(server: FileServer, capsys: pytest.CaptureFixture[str]) -> None:
    path = f"/{MODEL.archive}.tar.gz"
    server.files[path] = server.files[path][:-100]
    assert main([NAME]) == 2
    what, _, cure = _error(capsys)
    assert what == "error: the archive is cut short"
    assert cure == "  what to do: fetch the archive again"
    assert list(Path("pretrained_models").iterdir()) == []


def test_a_full_disk_and_a_read_only_one(
    server: FileServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    server.files[f"/{MODEL.archive}.tar.gz"] += bytes(200_000)
    disk = tmp_path / "disk"
    with mounted(disk, "size=64k"):
        assert main([NAME, "--pretrained_dir", str(disk)]) == 2
        assert "the disk is too full" in _error(capsys)[0]
        assert list(disk.iterdir()) == []
    with mounted(disk, "ro"):
        assert main([NAME, "--pretrained_dir", str(disk)]) == 2
        assert "read-only file system" in _error(capsys)[0]


def test_interrupted_and_typed_again(server: FileServer, tmp_path: Path) -> None:
    path = f"/{MODEL.archive}.tar.gz"
    half = len(server.files[path]) // 2
    server.cuts = [half] + [0] * 9
    command = [sys.executable, str(ROOT / "tools" / "download_model.py"), NAME]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            if "trying again in 1 s" in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
    assert process.returncode == 130
    part = f".{MODEL.name}.tar.gz.part"
    assert f"MB are kept in pretrained_models/{part}; the same command goes on from there\ninterrupted\n" in rest
    assert sorted(path.name for path in Path("pretrained_models").iterdir()) == [part, f"{part}.json"]

    server.cuts, server.requests = [], []
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert server.requests == [(f"bytes={half}-", '"1"')]
    assert [path.name for path in Path("pretrained_models").iterdir()] == [MODEL.name]


def test_killed_while_it_unpacks(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What then lies about is hidden, and the next call needs no network."""
    program = (
        "import os, tfod.checkpoints.zoo_archive as zoo\n"
        "zoo.verify_model = lambda model, folder: os._exit(9)\n"
        f"from tfod.cli.download_model import main; main([{NAME!r}])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 9
    assert all(path.name.startswith(".") for path in Path("pretrained_models").iterdir())
    server.requests.clear()
    assert main([NAME]) == 0
    assert server.requests == []
    shutil.rmtree("pretrained_models")
