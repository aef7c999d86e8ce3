"""A 720p video from file to file, a frame: how much longer it takes than the slowest of its three parts alone."""

from benchmarks.export import ALONE
from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["measure"]

_FRAMES = 250
_MOST = 1.15


def measure(work: Workload) -> list[Row]:
    """One row, ours alone: the original reads no videos."""
    folder = work.fresh("export")
    work.tool("exporter_main_v2", work.exporting(folder) | ALONE | {"formats": "tflite_float32"})
    rounds = work.alternate(
        ours=lambda: work.script("ours", "video", folder / "model_float32.tflite", work.batch, _FRAMES).values()
    )["ours"]
    in_ms = [{part: 1000 * seconds for part, seconds in one.items()} for one in rounds]
    slowest = [max(one["read"], one["detect"], one["write"]) for one in in_ms]
    note = "here `original` is the slowest of our reading, detecting and writing alone"
    return [Row("720p video, a frame", "ms", [one["all"] for one in in_ms], slowest, bar=_MOST, note=note)]
