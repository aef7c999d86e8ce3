"""Event files of TensorBoard, cut back to a step when a run resumes from it."""

import sys
from pathlib import Path

from google.protobuf.message import DecodeError
from tensorboard.compat.proto.event_pb2 import Event

from tfod.files import replacing
from tfod.records.frames import Frame, scan_frames
from tfod.shards import CUT_OFF

__all__ = ["forget_after"]


def forget_after(folder: Path, step: int) -> int | None:
    """Removes what the event files of a folder say about steps after `step`; a run is going to say it anew.

    TensorBoard would otherwise show the steps between the last checkpoint and a kill twice. A record that the
    kill cut off is removed too, and so is what follows a damaged one, where TensorBoard stops reading; that is told.
    Files that need no change are not touched: another process may be writing.

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
    for frame in scan_frames(path):
        event = _event(frame)
        if event is None and not (frame.fault and frame.fault.what == CUT_OFF):
            print(f"warning: {path} is damaged at byte {frame.offset}; what follows is left out", file=sys.stderr)
        if event is None or event.step > step:
            break
        size += frame.size
        if event.HasField("summary"):
            last = event.step
    return size, last


def _event(frame: Frame) -> Event | None:
    try:
        return None if frame.fault else Event.FromString(frame.payload)
    except DecodeError:
        return None


def _cut(path: Path, size: int) -> None:
    with path.open("rb") as whole, replacing(path) as shorter:
        shorter.write_bytes(whole.read(size))
