"""Reading back what a run wrote."""

from pathlib import Path

import tensorflow as tf
from tensorboard.compat.proto.event_pb2 import Event

from tfod.records.frames import read_frames


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """All (step, value) by tag, in the order of files and records: what repeats is there twice."""
    found: dict[str, list[tuple[int, float]]] = {}
    for path in _in_order(folder):
        for frame in read_frames(path):
            event = Event.FromString(frame)
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "scalars":
                    number = float(tf.make_ndarray(value.tensor))
                    found.setdefault(value.tag, []).append((event.step, number))
    return found


def images(folder: Path) -> dict[str, list[tuple[int, int]]]:
    """(step, number of pictures) by tag."""
    found: dict[str, list[tuple[int, int]]] = {}
    for path in _in_order(folder):
        for frame in read_frames(path):
            event = Event.FromString(frame)
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "images":
                    # Width and height come before the pictures.
                    found.setdefault(value.tag, []).append((event.step, value.tensor.tensor_shape.dim[0].size - 2))
    return found


def steps(folder: Path, tag: str = "Loss/total_loss") -> list[int]:
    """The steps of a scalar, in the order they were written."""
    return [step for step, _ in scalars(folder).get(tag, [])]


def weights(prefix: str) -> dict[str, list[float]]:
    """All float values of a checkpoint by key."""
    reader = tf.train.load_checkpoint(prefix)
    kinds = reader.get_variable_to_dtype_map()
    return {key: reader.get_tensor(key).ravel().tolist() for key, kind in kinds.items() if kind == tf.float32}


def _in_order(folder: Path) -> list[Path]:
    """Event files as they were begun: their names have the time and, within a process, a number, which counts to 10."""
    return sorted(
        folder.glob("events.out.tfevents.*"),
        key=lambda path: [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in path.name.split(".")],
    )
