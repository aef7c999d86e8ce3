"""Archives are unpacked whole or refused; none leads out of the folder that was named."""

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from tests.disks import mounted
from tests.zoo_archives import member, pack
from tfod.checkpoints.archive import unpack_archive
from tfod.errors import CheckpointError, OutputError

FILES = {"pipeline.config": b"model {}", "checkpoint/ckpt-0.index": os.urandom(5000), "checkpoint/checkpoint": b""}
GOOD = pack("top", FILES)


def _unpack(tmp_path: Path, data: bytes) -> dict[str, bytes]:
    """What is in the folder afterwards."""
    (tmp_path / "x.tar.gz").write_bytes(data)
    folder = tmp_path / "folder"
    folder.mkdir(exist_ok=True)
    unpack_archive(tmp_path / "x.tar.gz", folder, "the archive")
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_top_folder_is_left_away(tmp_path: Path) -> None:
    assert _unpack(tmp_path, GOOD) == FILES


def test_names_with_a_dot_before_them_and_folders_of_their_own(tmp_path: Path) -> None:
    folders = [member("./", tarfile.DIRTYPE), member("./top/empty", tarfile.DIRTYPE), member("./top", tarfile.DIRTYPE)]
    assert _unpack(tmp_path, pack("./top", FILES, folders)) == FILES
    assert (tmp_path / "folder" / "empty").is_dir()


def test_long_names(tmp_path: Path) -> None:
    name = "checkpoint/" + "n" * 150
    assert _unpack(tmp_path, pack("top", {name: b"x"})) == {name: b"x"}


_NO_FILE = "neither a plain file nor a folder"
MALICIOUS = {
    "an absolute path": (member("/etc/x"), "do not lie in one folder"),
    "a path up": (member("top/../../x"), "a path that leads out"),
    "a path of Windows": (member("top\\..\\..\\x"), "do not lie in one folder"),
    "a drive of Windows": (member("C:x"), "do not lie in one folder"),
    "a symbolic link": (member("top/x", tarfile.SYMTYPE, "/etc/passwd"), _NO_FILE),
    "a symbolic link inside": (
        member("top/x", tarfile.SYMTYPE, "pipeline.config"),
        _NO_FILE,
    ),
    "a hard link": (member("top/x", tarfile.LNKTYPE, "/etc/passwd"), _NO_FILE),
    "a device": (member("top/x", tarfile.CHRTYPE), _NO_FILE),
    "a pipe": (member("top/x", tarfile.FIFOTYPE), _NO_FILE),
    "a file with holes": (member("top/x", tarfile.GNUTYPE_SPARSE), _NO_FILE),
    "a second top folder": (member("other", tarfile.DIRTYPE), "do not lie in one folder"),
    "a file beside the top folder": (member("x"), "do not lie in one folder"),
    "a file twice": (member("top/pipeline.config"), "two things of one name"),
    "a folder for a file": (member("top/pipeline.config", tarfile.DIRTYPE), "two things of one name"),
    "a file for a folder": (member("top/checkpoint"), "two things of one name"),
    "a file in a file": (member("top/pipeline.config/x/y"), "two things of one name"),
}


@pytest.mark.parametrize(("extra", "what"), MALICIOUS.values(), ids=MALICIOUS.keys())
def test_malicious(tmp_path: Path, extra: tarfile.TarInfo, what: str) -> None:
    with pytest.raises(CheckpointError, match=what) as caught:
        _unpack(tmp_path, pack("top", FILES, [extra]))
    assert caught.value.where.startswith("the archive, ")
    outside = {path.name for path in tmp_path.iterdir()} | {path.name for path in tmp_path.parent.iterdir()}
    assert "x" not in outside
    assert not os.path.lexists(tmp_path / "folder" / "x")


def test_a_link_and_then_a_file_through_it(tmp_path: Path) -> None:
    link = member("top/out", tarfile.SYMTYPE, str(tmp_path))
    with pytest.raises(CheckpointError, match=_NO_FILE):
        _unpack(tmp_path, pack("top", {}, [link, member("top/out/x")]))
    assert not (tmp_path / "x").exists()


def test_a_file_with_holes_that_are_described_wrongly(tmp_path: Path) -> None:
    sparse = member("top/x")
    sparse.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 40)}
    with pytest.raises(CheckpointError, match="is damaged"):
        _unpack(tmp_path, pack("top", FILES, [sparse]))


def test_a_file_that_claims_a_terabyte(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is damaged"):
        _unpack(tmp_path, pack("top", FILES, [member("top/x", size=1 << 40)]))


def test_a_bomb(tmp_path: Path) -> None:
    zeros = pack("top", {f"{number}": bytes(1 << 20) for number in range(40)})
    assert len(zeros) < 1 << 20
    with pytest.raises(CheckpointError, match="many times its size"):
        _unpack(tmp_path, zeros)


def test_a_bomb_behind_the_end_of_the_archive(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="many times its size"):
        _unpack(tmp_path, gzip.compress(gzip.decompress(GOOD) + bytes(40 << 20), compresslevel=1))


def test_a_bomb_of_names(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="more than 1000 files"):
        _unpack(tmp_path, pack("top", {}, [member(f"top/{number}") for number in range(1001)]))


def test_a_chain_of_long_names(tmp_path: Path) -> None:
    packed = io.BytesIO()
    head = member("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=8)
    packed.write((head.tobuf(tarfile.GNU_FORMAT) + b"top/xxx\0".ljust(512, b"\0")) * 3000)
    with pytest.raises(CheckpointError, match="is damaged"):
        _unpack(tmp_path, gzip.compress(packed.getvalue()))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_short(tmp_path: Path, share: float) -> None:
    with pytest.raises(CheckpointError, match="the archive is cut short") as caught:
        _unpack(tmp_path, GOOD[: int(share * len(GOOD))])
    assert caught.value.cure == "fetch the archive again"


def test_cut_short_before_it_was_compressed(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="the archive is damaged"):
        _unpack(tmp_path, gzip.compress(gzip.decompress(GOOD)[:4000]))


def test_what_a_changed_byte_does_to_the_files_is_noticed(tmp_path: Path) -> None:
    noticed = 0
    for position in range(10, len(GOOD), 97):  # the first ten tell of the packer only
        (tmp_path / str(position)).mkdir()
        changed = GOOD[:position] + bytes([GOOD[position] ^ 4]) + GOOD[position + 1 :]
        try:
            assert _unpack(tmp_path / str(position), changed) == FILES  # a bit that pads the end of the stream, say
        except CheckpointError:
            noticed += 1
    assert noticed >= len(GOOD) // 97 - 2


@pytest.mark.parametrize("data", [b"<html>please log in</html>", b"PK\3\4" + bytes(100), b""])
def test_no_archive(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(CheckpointError) as caught:
        _unpack(tmp_path, data)
    if data:
        assert caught.value.what == "the file is no .tar.gz archive"
        assert "a login page answers instead of the server" in caught.value.cure


def test_something_else_that_is_compressed(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is damaged"):
        _unpack(tmp_path, gzip.compress(b"hello" * 1000))


def test_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(pack("top", {"x": os.urandom(300_000)}))
    with mounted(tmp_path / "disk", "size=128k"), pytest.raises(OutputError, match="no space left"):
        unpack_archive(tmp_path / "x.tar.gz", tmp_path / "disk", "the archive")
