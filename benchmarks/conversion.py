"""Pascal VOC to TFRecord on one core: milliseconds a picture, and the whole command."""

from statistics import median

from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["measure"]

_COMMAND = "create_pascal_tf_record"
_REPEATS = 7


def measure(work: Workload) -> list[Row]:
    """Two rows: a picture within a running process, and the command from start to end."""
    data = work.data
    count = len(data.train) + len(data.test)

    def picture(side: str) -> float:
        arguments = side, *work.conversion(work.fresh("record")).values(), _REPEATS
        finished = work.script(side, "convert", *arguments, one_core=True)
        return 1000 * median(finished.values()["seconds"]) / count

    def limits() -> dict[str, float]:
        folders = data.pictures, data.annotations
        finished = work.script("ours", "convert_limits", *folders, work.fresh("copy"), _REPEATS, one_core=True)
        files = len(list(data.annotations.glob("*.xml")))
        return {name: 1000 * median(seconds) / files for name, seconds in finished.values().items()}

    pictures = work.alternate(ours=lambda: picture("ours"), original=lambda: picture("original"))
    parts = work.alternate(limits=limits)["limits"]
    sums = [part["bytes"] + part["xml"] for part in parts]
    commands = work.alternate(
        ours=lambda: work.tool(_COMMAND, work.conversion(work.fresh("record")), one_core=True).seconds,
        original=lambda: (
            work.original_tool(
                f"dataset_tools.{_COMMAND}", work.conversion(work.fresh("record")), one_core=True
            ).seconds
        ),
        limit=lambda: work.python("pass", one_core=True).seconds,
    )
    read = median(part["bytes"] for part in parts) / median(pictures["original"])
    parsed = median(part["xml"] for part in parts) / median(pictures["original"])
    note = f"of the original's time, the bytes alone take {read:.2f} and parsing the XML {parsed:.2f}"
    return [
        Row(
            "conversion on one core, a picture",
            "ms",
            **pictures,
            limit=sums,
            limit_is="bytes read, hashed and written, XML parsed",
            note=note,
        ),
        Row(f"conversion, the command ({count} pictures)", "s", **commands, limit_is="Python started"),
    ]
