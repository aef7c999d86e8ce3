"""A 720p video from file to file, a frame: how much longer it takes than the slowest of its three parts alone."""

from typing import Any

from benchmarks.export import ALONE
from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["measure"]

_FRAMES = 250
_MOST = 1.15


def measure(work: Workload) -> list[Row]:
    """A row for each format, ours alone: the original reads no videos."""
    folder = work.fresh("export")
    work.tool("exporter_main_v2", work.exporting(folder) | ALONE | {"formats": "saved_model,tflite_float32"})

    def video(name: str, threads: int = 0) -> Any:
        return work.script("ours", "video", folder / name, work.batch, _FRAMES, threads).values()

    rounds = work.alternate(
        **{
            "SavedModel": lambda: video("saved_model"),
            "TFLite": lambda: video("model_float32.tflite"),
            "TFLite in one thread": lambda: video("model_float32.tflite", threads=1),
        }
    )
    note = "here `original` is the slowest of our reading, detecting and writing alone"
    rows = []
    for model, values in rounds.items():
        in_ms = [{part: 1000 * seconds for part, seconds in one.items()} for one in values]
        slowest = [max(one["read"], one["detect"], one["write"]) for one in in_ms]
        name = f"720p video, a frame, {model}"
        rows.append(Row(name, "ms", [one["all"] for one in in_ms], slowest, bar=_MOST, note=note))
    return rows
