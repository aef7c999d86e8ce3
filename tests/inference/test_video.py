"""Videos: every frame comes, in order, with its time; and what cannot be read is said."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.inference.drawn_videos import number_in, numbered, read_frames, write_video
from tfod.errors import DataError
from tfod.inference.media import Frame, Tally, over_video
from tfod.inference.sources import VideoSource, find_sources
from tfod.inference.video import OpenVideo, writing_video


@pytest.mark.parametrize(("name", "rate"), [("v.mp4", 12.5), ("v.avi", 30.0)])
def test_frames_come_in_order_with_their_times(name: str, rate: float, tmp_path: Path) -> None:
    path = write_video(tmp_path / name, [numbered(number) for number in range(40)], rate)
    with OpenVideo(VideoSource.of_file(path)) as video:
        assert (video.rate, video.total, video.is_live) == (rate, 40, False)
        frames = list(video.frames())
        assert video.problem() == ""
    assert [number_in(image) for _, image in frames] == list(range(40))
    assert [seconds for seconds, _ in frames] == pytest.approx([number / rate for number in range(40)], abs=1e-4)


def test_what_is_written_can_be_read_and_stands_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with writing_video(path, 10.0) as write:
        for number in range(12):
            write(numbered(number), number / 10)
        assert not path.exists()
    rate, frames = read_frames(path)
    assert rate == 10.0 and [number_in(frame) for frame in frames] == list(range(12))
    with pytest.raises(ValueError, match="broken"), writing_video(tmp_path / "other.mp4", 10.0) as write:
        write(numbered(0), 0.0)
        raise ValueError("broken")
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4"]


def test_frames_that_come_unevenly_are_shown_at_their_times(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with writing_video(path, 10.0, fills=True) as write:
        for number, seconds in enumerate((0.0, 0.31, 0.35, 1.0)):
            write(numbered(number), seconds)
    assert [number_in(frame) for frame in read_frames(path)[1]] == [0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 3]


def _run(path: Path, tally: Tally) -> list[int]:
    seen: list[int] = []
    with OpenVideo(VideoSource.of_file(path)) as video:
        over_video(video, lambda frame: number_in(frame.image), lambda _, n: seen.append(n), tally, doing="counting")
    return seen


def test_a_video_that_is_cut_short_gives_its_frames_and_is_told(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    frames = [noise.integers(0, 256, (64, 96, 3), np.uint8) for _ in range(50)]
    path = write_video(tmp_path / "v.avi", frames)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    tally = Tally()
    assert 10 < len(_run(path, tally)) == tally.frames < 40
    assert "of 50 frames could be read" in tally.problems[0]


@pytest.mark.parametrize("content", [b"", b"no video", b"\0\0\0\x18ftypmp42" + bytes(200)])
def test_what_is_no_video_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(content)
    with pytest.raises(DataError, match="damaged or of a kind"):
        _run(tmp_path / "v.mp4", Tally())


class _Camera(BaseHTTPRequestHandler):
    """Sends sixty frames as cameras in networks do."""

    all_sent = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for number in range(60):
            image = cv2.imencode(".jpg", numbered(number)[..., ::-1])[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(image)}\r\n\r\n"
            self.wfile.write(head.encode() + image + b"\r\n")
        self.all_sent.set()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_a_stream_gives_its_newest_frames_and_its_end_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[int, float]] = []

    def slow(frame: Frame) -> int:
        _Camera.all_sent.wait(10)
        time.sleep(0.04)  # many times what reading a frame takes
        return number_in(frame.image)

    def write(frame: Frame, number: int) -> None:
        seen.append((number, frame.seconds or 0.0))

    tally = Tally()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Camera) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            _, (source,) = find_sources([f"http://me:secret@127.0.0.1:{server.server_port}/live"])
            with OpenVideo(source) as video:
                assert video.is_live and video.total is None
                over_video(video, slow, write, tally, doing="counting")
        finally:
            server.shutdown()
    numbers, seconds = zip(*seen, strict=True)
    assert numbers[-1] == 59 and sorted(set(numbers)) == list(numbers) and len(numbers) == tally.frames < 60
    assert seconds[0] >= 0 and sorted(seconds) == list(seconds)
    late, ended = tally.problems
    assert f"{60 - tally.frames} frames came while" in late and "no more frames came after 60" in ended
    assert "secret" not in late + capsys.readouterr().err


def test_no_camera_there() -> None:
    with pytest.raises(DataError, match="no such camera"):
        OpenVideo(VideoSource.of_camera(99))
