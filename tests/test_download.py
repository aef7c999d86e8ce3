"""Downloads: whole or not at all, resumed where they broke off, and with an error that helps."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.disks import mounted
from tests.file_server import FileServer
from tfod import download as module
from tfod.errors import DownloadError, OutputError

CONTENT = bytes(range(256)) * 4000  # 1 MB


def download(url: str, path: Path) -> None:
    """Without pauses before it tries again."""
    module.download(url, path, pauses=(0.0,) * 4)


@pytest.fixture
def server(file_server: FileServer) -> FileServer:
    file_server.files["/x"] = CONTENT
    return file_server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "x.bin"


def _leave_part(path: Path, url: str, content: bytes, mark: str | None = '"1"', size: int = len(CONTENT)) -> None:
    path.parent.mkdir()
    path.with_name("x.bin.part").write_bytes(content)
    path.with_name("x.bin.part.json").write_text(json.dumps({"url": url, "mark": mark, "size": size}))


def _names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def test_all_of_it_in_one_go(server: FileServer, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    download(f"{server.url}/x", path)

    assert path.read_bytes() == CONTENT
    assert _names(path) == ["x.bin"]
    assert "downloading: 1.0/1.0 MB" in capsys.readouterr().err
    assert server.requests == [(None, None)]


def test_goes_on_by_itself_after_the_connection_broke(server: FileServer, path: Path) -> None:
    server.cuts = [300_000, 200_000]
    download(f"{server.url}/x", path)

    assert path.read_bytes() == CONTENT
    assert server.requests == [(None, None), ("bytes=300000-", '"1"'), ("bytes=500000-", '"1"')]


def test_gives_up_where_it_comes_no_further_and_goes_on_next_time(
    server: FileServer, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.cuts = [300_000] + [0] * 9
    with pytest.raises(DownloadError) as caught:
        download(f"{server.url}/x", path)
    assert caught.value.what == "the connection ended after 0.3 of 1.0 MB"
    assert caught.value.where == f"{server.url}/x"
    assert caught.value.cure == "type the same again later; the 0.3 MB that came are kept, and the same command goes on"
    assert "trying again in" in capsys.readouterr().err
    assert _names(path) == ["x.bin.part", "x.bin.part.json"]

    server.cuts, server.requests = [], []
    download(f"{server.url}/x", path)
    assert path.read_bytes() == CONTENT
    assert server.requests == [("bytes=300000-", '"1"')]
    assert _names(path) == ["x.bin"]


def test_a_server_without_ranges_is_asked_for_all_of_it(
    server: FileServer, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.ranges, server.cuts = False, [300_000]
    download(f"{server.url}/x", path)

    assert path.read_bytes() == CONTENT
    assert "the server sends the file from its beginning" in capsys.readouterr().err


def test_a_server_that_always_breaks_off_at_the_same_place_is_given_up(server: FileServer, path: Path) -> None:
    server.ranges, server.cuts = False, [300_000] * 99
    with pytest.raises(DownloadError, match=r"ended after 0\.3 of"):
        download(f"{server.url}/x", path)
    assert len(server.requests) == 5


@pytest.mark.parametrize("conditions", [True, False], ids=["honours If-Range", "ignores If-Range"])
@pytest.mark.parametrize("longer", [0, 1000])
def test_a_file_that_changed_meanwhile_is_fetched_anew(
    server: FileServer, path: Path, longer: int, conditions: bool
) -> None:
    _leave_part(path, f"{server.url}/x", b"old" * 100_000)
    server.files["/x"] = CONTENT + bytes(longer)
    server.headers = {"ETag": '"2"'} if conditions else {"ETag": '"2"', "Same": '"1"'}
    download(f"{server.url}/x", path)
    assert path.read_bytes() == CONTENT + bytes(longer)


def test_a_file_that_got_shorter_is_fetched_anew(server: FileServer, path: Path) -> None:
    _leave_part(path, f"{server.url}/x", bytes(2_000_000), size=3_000_000)
    server.headers = {"ETag": '"1"'}  # even where the server does not notice
    download(f"{server.url}/x", path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("url", "notes"), [("http://other/x", '{"url": "http://other/x", "mark": null, "size": 9}'), ("", "{"), ("", "[]")]
)
def test_a_part_of_something_else_does_not_count(server: FileServer, path: Path, url: str, notes: str) -> None:
    _leave_part(path, url, b"old")
    path.with_name("x.bin.part.json").write_text(notes)
    download(f"{server.url}/x", path)
    assert path.read_bytes() == CONTENT
    assert server.requests == [(None, None)]


def test_a_part_that_is_whole_needs_no_server(path: Path) -> None:
    _leave_part(path, "http://127.0.0.1:9/x", CONTENT)
    download("http://127.0.0.1:9/x", path)
    assert path.read_bytes() == CONTENT


def test_resumes_by_date_and_by_size_alone(server: FileServer, path: Path) -> None:
    server.headers, server.cuts = {"Last-Modified": "Sat, 11 Jul 2020 00:00:00 GMT", "ETag": 'W/"1"'}, [300_000]
    download(f"{server.url}/x", path)
    assert server.requests[1] == ("bytes=300000-", "Sat, 11 Jul 2020 00:00:00 GMT")

    server.headers, server.cuts, server.requests = {}, [300_000], []
    download(f"{server.url}/x", path)
    assert server.requests[1] == ("bytes=300000-", None)
    assert path.read_bytes() == CONTENT


def test_a_server_that_does_not_say_the_length(server: FileServer, path: Path) -> None:
    server.says_length = False
    download(f"{server.url}/x", path)
    assert path.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(server: FileServer, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.statuses = [503, 429]
    download(f"{server.url}/x", path)
    assert "the server answers 503 (Service Unavailable); trying again" in capsys.readouterr().err
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "says"), [(404, "there is no such file"), (403, "Forbidden"), (500, "Internal")])
def test_a_server_that_refuses(server: FileServer, path: Path, status: int, says: str) -> None:
    server.statuses = [status] * 9
    with pytest.raises(DownloadError, match=f"answers {status} .*{says}"):
        download(f"{server.url}/x", path)
    assert _names(path) == []
    assert len(server.requests) == (5 if status == 500 else 1)


def test_no_server_there(path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x"
    with pytest.raises(DownloadError) as caught:
        download(url, path)
    assert caught.value.what == "the server cannot be reached: connection refused"
    assert caught.value.cure == "connect to the internet (behind a proxy, set http_proxy) and type the same again"
    assert _names(path) == []


def test_no_internet(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(
        DownloadError, match="the name of the server cannot be looked up: no connection to the internet"
    ):
        download("http://download.tensorflow.org/x", path)


def test_a_silent_server(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    silent_for = pytest.raises(DownloadError, match="the server has been silent for")
    with socket.create_server(("127.0.0.1", 0)) as silent, silent_for:
        module.download(f"http://127.0.0.1:{silent.getsockname()[1]}/x", path, timeout=0.05, pauses=(0.0,))


@pytest.mark.parametrize("url", ["ftp://x/y", "file:///etc/passwd", "pretrained_models", "http://"])
def test_addresses_that_are_none(path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="no address"):
        download(url, path)


def test_an_address_that_cannot_be_asked_for(path: Path) -> None:
    with pytest.raises(DownloadError, match="no address to download from: nonnumeric port"):
        download("http://127.0.0.1:port/x", path)


def test_a_disk_that_is_too_small_is_noticed_before(server: FileServer, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=128k"):
        with pytest.raises(OutputError, match=r"1\.0 MB are to come, 0\.1 MB are free"):
            download(f"{server.url}/x", tmp_path / "disk" / "x.bin")
        assert list((tmp_path / "disk").iterdir()) == []


def test_a_disk_that_becomes_full_is_left_as_it_was(server: FileServer, tmp_path: Path) -> None:
    server.says_length = False
    with mounted(tmp_path / "disk", "size=128k"):
        with pytest.raises(OutputError, match="no space left on device"):
            download(f"{server.url}/x", tmp_path / "disk" / "x.bin")
        assert list((tmp_path / "disk").iterdir()) == []


def test_a_read_only_place(server: FileServer, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "ro"), pytest.raises(OutputError, match="read-only"):
        download(f"{server.url}/x", tmp_path / "disk" / "x.bin")


def test_a_file_where_a_folder_should_be(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="choose an output whose parents are folders"):
        download(f"{server.url}/x", tmp_path / "file" / "x.bin")


def test_two_at_once(server: FileServer, path: Path) -> None:
    import fcntl

    _leave_part(path, f"{server.url}/x", b"old")
    with path.with_name("x.bin.part").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DownloadError, match="another process is downloading this file"):
            download(f"{server.url}/x", path)
    assert path.with_name("x.bin.part").read_bytes() == b"old"


def test_a_system_without_locks(server: FileServer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    download(f"{server.url}/x", path)
    assert path.read_bytes() == CONTENT


def test_interrupted_it_says_what_is_kept(server: FileServer, path: Path) -> None:
    server.statuses, server.cuts = [], [300_000] + [0] * 99
    program = (
        "import sys, tfod.download as d\n"
        "try: d.download(sys.argv[1], sys.argv[2], pauses=(60.0,) * 4)\nexcept KeyboardInterrupt: sys.exit(130)"
    )
    command = [sys.executable, "-c", program, f"{server.url}/x", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stderr
        for line in process.stderr:
            if "trying again" in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
    assert process.returncode == 130
    assert f"0.3 MB are kept in {path}.part; the same command goes on from there" in rest
    server.cuts, server.requests = [], []
    download(f"{server.url}/x", path)
    assert server.requests == [("bytes=300000-", '"1"')]
    assert path.read_bytes() == CONTENT
