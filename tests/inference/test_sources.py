"""What people name: images, videos, cameras, streams."""

from pathlib import Path

import pytest

from tfod.errors import DataError
from tfod.inference.sources import VideoSource, find_sources


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.png", "drive.mp4", "notes.txt", "deep/drive.mp4", "deep/DRIVE.AVI", "only/x.mov"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"content")
    return tmp_path


def test_a_folder_gives_its_images_and_its_videos(folder: Path) -> None:
    images, videos = find_sources([str(folder)])
    assert [path.name for path in images] == ["a.png", "b.jpg"]
    assert [video.name for video in videos] == ["drive.mp4"]
    images, videos = find_sources([str(folder / "only")])
    assert images == [] and [video.name for video in videos] == ["x.mov"]


def test_videos_keep_their_folders_and_are_taken_once(folder: Path) -> None:
    _, videos = find_sources([str(folder / "**/*.[mA][pV][4I]"), str(folder / "drive.mp4")])
    assert sorted(video.name for video in videos) == ["deep/DRIVE.AVI", "deep/drive.mp4", "drive.mp4"]


def test_numbers_are_cameras_unless_a_file_is_called_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "7").write_bytes(b"an image, say")
    images, videos = find_sources(["0", "7", "0"])
    assert images == [Path("7")]
    assert videos == [VideoSource(0, "camera0", "camera 0")]


def test_streams_are_called_after_their_address_without_passwords() -> None:
    _, videos = find_sources(["rtsp://me:secret@door.example/live?channel=1", "rtsp://door.example/live?channel=2"])
    assert [video.name for video in videos] == ["door.example_live", "door.example_live_2"]
    assert "secret" not in videos[0].shown and "secret" in str(videos[0].place)


@pytest.mark.parametrize(
    ("named", "what"),
    [
        ("gone.mp4", "there is no such video"),
        ("gone.jpg", "no image there"),
        ("pointer.mp4", "a pointer of Git LFS"),
        ("gs://bucket/drive.mp4", "a video in a store"),
    ],
)
def test_what_is_not_there(named: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pointer.mp4").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(DataError, match=what):
        find_sources([named])
