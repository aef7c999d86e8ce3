"""Event files of TensorBoard, cut back to a step when a run resumes from it."""

from contextlib import suppress
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event

from tfod.errors import DataError
from tfod.files import replacing
from tfod.records.frames import read_frames

__all__ = ["forget_after"]

# A record is its length (8 bytes), the length's checksum (4), the data, and the data's checksum (4).
_FRAME_BYTES = 16


def forget_after(folder: Path, step: int) -> int | None:
    """Removes what the event files of a folder say about steps after `step`; a run is going to say it anew.

    TensorBoard would otherwise show the steps between the last checkpoint and a kill twice. A record that the
    kill cut off is removed too. Files that need no change are not touched: another process may be writing.

    Returns:
      The last step that something is still known about; None if nothing is.
    """
    last: int | None = None
    for path in sorted(folder.glob("events.out.tfevents.*")):
        size, last_in_file = _measure(path, step)
        if size < path.stat().st_size:
            _cut(path, size)
        if last_in_file is not None:
            last = last_in_file if last is None else max(last, last_in_file)
    return last


def _measure(path: Path, step: int) -> tuple[int, int | None]:
    """How many bytes of the file to keep, and the last step with values in them.

    A process appends events in the order of their steps, so that all to be removed are at the end.
    """
    size, last = 0, None
    with suppress(DataError):  # A kill came in the middle of a record: what is whole before it counts.
        for frame in read_frames(path):
            event = Event.FromString(frame)
            if event.step > step:
                break
            size += _FRAME_BYTES + len(frame)
            if event.HasField("summary"):
                last = event.step
    return size, last


def _cut(path: Path, size: int) -> None:
    with path.open("rb") as whole, replacing(path) as shorter:
        shorter.write_bytes(whole.read(size))
