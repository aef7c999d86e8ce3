"""The exporter's command, start to end."""

from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["ALONE", "measure"]

ALONE = {"verify": "off"}
"""The original compares nothing."""


def measure(work: Workload) -> list[Row]:
    """One row."""
    seconds = work.alternate(
        ours=lambda: work.tool("exporter_main_v2", work.exporting(work.fresh("export")) | ALONE).seconds,
        original=lambda: work.original_tool("exporter_main_v2", work.exporting(work.fresh("export"))).seconds,
        limit=lambda: work.python("import tensorflow").seconds,
    )
    return [Row("export", "s", **seconds, bar=0.4, limit_is="a process that imports TensorFlow")]
