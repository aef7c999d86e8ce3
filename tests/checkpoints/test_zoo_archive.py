"""Models of the zoo, fetched from a server on this machine: checked, unpacked, and nothing left behind on failure."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.disks import mounted
from tests.file_server import FileServer
from tests.zoo_archives import CONFIG, pack, tf1_zoo_files, zoo_files
from tfod.checkpoints.zoo_archive import archive_url, checkpoint_prefix, fetch_model, verify_model
from tfod.config.zoo import find_model
from tfod.config.zoo_models import ZooModel
from tfod.errors import CheckpointError, DownloadError, OutputError

MODEL = find_model("ssd_mobilenet_v2_fpnlite_320x320")
PATH = "/20200711/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8.tar.gz"


@pytest.fixture
def good(tiny_checkpoint: Path) -> bytes:
    return pack(MODEL.name, zoo_files(tiny_checkpoint))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pretrained_models" / MODEL.name


def _fetch(server: FileServer, folder: Path, data: bytes, *, model: ZooModel = MODEL, sha256: str = "") -> int:
    server.files[PATH] = data
    return fetch_model(model, folder, base_url=server.url, sha256=sha256)


def test_where_the_zoo_lies() -> None:
    base = "http://download.tensorflow.org/models/object_detection/tf2"
    assert archive_url(MODEL) == base + PATH
    assert archive_url(MODEL, "http://localhost/zoo/") == "http://localhost/zoo" + PATH


def test_all_of_it(file_server: FileServer, folder: Path, good: bytes) -> None:
    assert _fetch(file_server, folder, good) == 3

    assert [path.name for path in folder.parent.iterdir()] == [MODEL.name]
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    ckpt = {"checkpoint", "ckpt-0.index", "ckpt-0.data-00000-of-00001"}
    assert files == {f"checkpoint/{name}" for name in ckpt} | {"pipeline.config", "saved_model/saved_model.pb"}
    assert (folder / "pipeline.config").read_bytes() == CONFIG
    assert checkpoint_prefix(folder) == folder / "checkpoint" / "ckpt-0"
    assert verify_model(MODEL, folder) == 3
    assert os.stat(folder).st_mode & 0o777 == 0o777 & ~_umask()


def test_an_archive_of_the_tf1_zoo(file_server: FileServer, tmp_path: Path) -> None:
    model = find_model("ssd_mobilenet_v1_coco")
    assert archive_url(model) == (
        "http://download.tensorflow.org/models/object_detection/ssd_mobilenet_v1_coco_2018_01_28.tar.gz"
    )
    files = tf1_zoo_files(tmp_path / "made")
    for name, folder in (("model.ckpt", ""), ("model.ckpt", "fp32/"), ("model.ckpt-400000", "")):
        renamed = {f"{folder}{key.replace('model.ckpt', name)}": data for key, data in files.items()}
        renamed["pipeline.config"] = CONFIG
        file_server.files["/ssd_mobilenet_v1_coco_2018_01_28.tar.gz"] = pack(model.name, renamed)
        place = tmp_path / name / folder / model.name
        assert fetch_model(model, place, base_url=file_server.url) == 2
        assert checkpoint_prefix(place) == place / folder / name
    damaged = files["model.ckpt.data-00000-of-00001"].replace(b"\x00\x00\xe0\x40", b"\x00\x00\xe1\x40", 1)
    for change, what in (
        ({"model.ckpt.data-00000-of-00001": damaged}, "does not have the checksums"),
        ({"model.ckpt.index": None}, r"there is no model\.ckpt\.index"),
    ):
        broken = {key: data for key, data in (files | change).items() if data is not None}
        file_server.files["/ssd_mobilenet_v1_coco_2018_01_28.tar.gz"] = pack(model.name, broken)
        with pytest.raises(CheckpointError, match=what):
            fetch_model(model, tmp_path / "broken" / model.name, base_url=file_server.url)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_the_folder_in_the_archive_may_have_another_name(
    file_server: FileServer, folder: Path, tiny_checkpoint: Path
) -> None:
    files = {name.replace("ckpt-0", "ckpt-301"): data for name, data in zoo_files(tiny_checkpoint).items()}
    _fetch(file_server, folder, pack("centernet_mobilenetv2_fpn_od", files))
    assert checkpoint_prefix(folder) == folder / "checkpoint" / "ckpt-301"


@pytest.mark.parametrize(
    ("missing", "what"),
    [
        ("pipeline.config", "there is no pipeline.config"),
        ("checkpoint/ckpt-0.index", "there is no checkpoint/ckpt-0.index"),
        ("checkpoint/ckpt-0.data-00000-of-00001", "cannot be read: no such file"),
    ],
)
def test_missing_parts(file_server: FileServer, folder: Path, tiny_checkpoint: Path, missing: str, what: str) -> None:
    files = zoo_files(tiny_checkpoint)
    del files[missing]
    with pytest.raises(CheckpointError, match=f"the archive is not as the zoo's are: .*{what}") as caught:
        _fetch(file_server, folder, pack(MODEL.name, files))
    assert caught.value.where.startswith(f"{file_server.url}{PATH}, {MODEL.name}")
    assert ".tmp" not in caught.value.where
    assert list(folder.parent.iterdir()) == []


def test_damaged_weights(file_server: FileServer, folder: Path, tiny_checkpoint: Path) -> None:
    files = zoo_files(tiny_checkpoint)
    data = "checkpoint/ckpt-0.data-00000-of-00001"
    files[data] = files[data].replace(b"\x00\x00\xe0\x40", b"\x00\x00\xe1\x40", 1)  # 7 as a float32
    with pytest.raises(CheckpointError, match="does not have the checksums"):
        _fetch(file_server, folder, pack(MODEL.name, files))
    assert list(folder.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda good: good[: len(good) // 2], "the archive is cut short"),
        (lambda good: good[:500] + b"?" * 50 + good[550:], "the archive is damaged"),
        (lambda good: b"<html>log in</html>", r"the file is no \.tar\.gz archive"),
    ],
)
def test_a_broken_archive_is_deleted_and_the_next_call_cures(
    file_server: FileServer, folder: Path, good: bytes, spoil: object, what: str
) -> None:
    assert callable(spoil)
    with pytest.raises(CheckpointError, match=what) as caught:
        _fetch(file_server, folder, spoil(good))
    assert caught.value.where == file_server.url + PATH
    assert list(folder.parent.iterdir()) == []
    assert _fetch(file_server, folder, good) == 3


def test_a_checksum_that_the_user_knows(file_server: FileServer, folder: Path, good: bytes) -> None:
    with pytest.raises(CheckpointError, match=r"the archive's SHA-256 is .*, not the one given"):
        _fetch(file_server, folder, good, sha256="00")
    assert list(folder.parent.iterdir()) == []
    assert _fetch(file_server, folder, good, sha256=hashlib.sha256(good).hexdigest().upper()) == 3


def test_an_archive_that_was_brought_is_used_and_kept(file_server: FileServer, folder: Path, good: bytes) -> None:
    brought = folder.with_name(f"{MODEL.name}.tar.gz")
    folder.parent.mkdir()
    brought.write_bytes(good[:-10])
    with pytest.raises(CheckpointError) as caught:
        fetch_model(MODEL, folder, base_url=file_server.url)
    assert caught.value.where == str(brought)

    brought.write_bytes(good)
    assert fetch_model(MODEL, folder, base_url=file_server.url) == 3
    assert sorted(path.name for path in folder.parent.iterdir()) == [MODEL.name, brought.name]
    assert file_server.requests == []


def test_offline_it_says_how_to_do_without(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DownloadError) as caught:
        fetch_model(MODEL, folder, base_url="http://127.0.0.1:9")
    assert caught.value.where == "http://127.0.0.1:9" + PATH
    assert caught.value.cure.endswith(f"; or fetch it elsewhere and copy it to {folder}.tar.gz")
    assert list(folder.parent.iterdir()) == []


def test_what_was_fetched_is_kept_where_the_disk_has_no_room_to_unpack_it(
    file_server: FileServer, tmp_path: Path, tiny_checkpoint: Path
) -> None:
    files = zoo_files(tiny_checkpoint) | {"saved_model/saved_model.pb": os.urandom(150_000)}
    data = pack(MODEL.name, files)
    disk = tmp_path / "disk"
    with mounted(disk, "size=256k"):
        with pytest.raises(OutputError, match="no space left"):
            _fetch(file_server, disk / MODEL.name, data)
        assert [path.name for path in disk.iterdir()] == [f".{MODEL.name}.tar.gz"]
        shutil.copy(disk / f".{MODEL.name}.tar.gz", tmp_path)
    file_server.requests.clear()
    assert _fetch(file_server, tmp_path / MODEL.name, data) == 3
    assert file_server.requests == []
