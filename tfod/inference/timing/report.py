"""What was measured, for people: tables, a JSON file, a figure."""

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.files import write_bytes, write_text
from tfod.inference.timing.results import Latency, Measurement
from tfod.terminal import print_table, shown

if TYPE_CHECKING:
    from tfod.inference.timing.counting import PartCount

__all__ = ["FIGURE_FILE", "JSON_FILE", "print_counts", "print_measurements", "short_names", "write_report"]

JSON_FILE = "benchmark.json"
FIGURE_FILE = "benchmark.png"
_PARTS = ("decode", "preprocess", "network", "post-process")
_BAR = "#5a6b85"
_COLOURS = ("0.75", "#f58230", "#3278ff", "#3cb44b")


def short_names(models: Sequence[str]) -> dict[str, str]:
    """The models without the folders in which all of them are.

    >>> short_names(["exported/phone", "exported/phone/model.onnx"])
    {'exported/phone': 'phone', 'exported/phone/model.onnx': 'phone/model.onnx'}
    """
    folder = os.path.commonpath([os.path.dirname(os.path.abspath(model)) for model in models])
    return {model: os.path.relpath(os.path.abspath(model), folder) for model in models}


def print_measurements(rows: Sequence[Measurement], measured_on: str) -> None:
    """Prints latency and throughput, which batch sizes cannot be run, memory, and where the time goes."""
    names = short_names([row.model for row in rows])
    runs = [(row, one) for row in rows for one in row.latencies]
    cells = [[*_first_cells(names, row, one), *_latency_cells(one)] for row, one in runs]
    _print(f"from pixels to boxes, on {measured_on}", ["median ms", "p90", "p95", "p99", "images/s"], cells)
    refused = [f"{names[row.model]}: no batch of {size}: {why}" for row in rows for size, why in row.refused.items()]
    for line in dict.fromkeys(refused):
        print(shown(line))
    known = [(row, row.latencies[0]) for row in rows if row.parts is not None]
    cells = [[*_first_cells(names, row, one), *(_written(time, 2) for time in _part_times(row))] for row, one in known]
    _print("where the time goes, ms", _PARTS, cells)
    for line in dict.fromkeys(f"{row.format}: {row.parts.how}" for row in rows if row.parts):
        print(line)
    cells = [[*_first_cells(names, row), *_cost_cells(row)] for row in rows]
    _print("memory, and the start", ["file MB", "peak MB", "s to load", "ms of the first batch"], cells)


def _print(title: str, headings: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    if cells:
        first = ["model", "threads", "batch"][: len(cells[0]) - len(headings)]
        print_table(title, [*first, *headings], cells, texts=("model",))


def _first_cells(names: Mapping[str, str], row: Measurement, one: Latency | None = None) -> list[str]:
    return [names[row.model], str(row.threads), *([str(one.batch_size)] if one else [])]


def _latency_cells(one: Latency) -> list[str]:
    times = (one.median_ms, one.p90_ms, one.p95_ms, one.p99_ms)
    return [*(_written(time, 2) for time in times), _written(one.images_per_second, 1)]


def _cost_cells(row: Measurement) -> list[str]:
    return [_written(row.megabytes, 1), _written(row.peak_megabytes, 0), _written(row.load_seconds, 2),
            _written(row.first_ms, 0)]  # fmt: skip


def _written(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _part_times(row: Measurement) -> tuple[float | None, ...]:
    """Milliseconds of each of _PARTS, for a batch."""
    assert row.parts is not None
    decode = None if row.decode_ms is None else row.decode_ms * row.latencies[0].batch_size
    return decode, row.parts.preprocess, row.parts.network, row.parts.postprocess


def print_counts(config: str, counts: Sequence["PartCount"], height: int, width: int) -> None:
    """Prints parameters and arithmetic of each part and of the whole, for an image of a size in pixels."""
    whole = sum(one.parameters for one in counts), sum(one.multiply_adds for one in counts)
    rows = [(one.name, one.parameters, one.multiply_adds) for one in counts] + [("all", *whole)]
    cells = [[name, f"{many:,}", f"{adds / 1e6:,.1f}", f"{2 * adds / 1e6:,.1f}"] for name, many, adds in rows]
    title = f"{shown(config)}, an image of {height} x {width}; a multiply-add is two FLOPs"
    headings = ["part", "parameters", "million multiply-adds", "MFLOPs"]
    print_table(title, headings, cells, texts=("part",), line_after=len(cells) - 2)


def write_report(
    folder: Path, rows: Sequence[Measurement], measured_on: str, counts: Mapping[str, Sequence["PartCount"]]
) -> None:
    """Writes benchmark.json and benchmark.png, each whole or not at all; `folder` is made. Counts are by config."""
    content = {
        "images": measured_on,
        "models": [row.to_json() for row in rows],
        "parts": {config: [{**asdict(one), "flops": one.flops} for one in parts] for config, parts in counts.items()},
    }
    write_text(folder / JSON_FILE, json.dumps(content, indent=2) + "\n")
    write_bytes(folder / FIGURE_FILE, _figure(rows))


def _figure(rows: Sequence[Measurement]) -> bytes:
    """Latency, throughput, and where the time goes, a bar a model, number of threads and batch size, as PNG."""
    from matplotlib.figure import Figure

    from tfod.visualize.figures import figure_style

    names = short_names([row.model for row in rows])
    bars = [(row, one) for row in rows for one in row.latencies]
    labels = [f"{names[row.model]}, {_many(row.threads, 'thread')}, {_many(one.batch_size, 'image')}"
              for row, one in bars]  # fmt: skip
    places = range(len(bars))
    buffer = io.BytesIO()
    with figure_style(labels):
        figure = Figure(figsize=(12, 1.6 + 0.32 * len(bars)), layout="constrained", dpi=110)
        latency, throughput, parts = figure.subplots(1, 3, sharey=True)
        medians = [one.median_ms for _, one in bars]
        beyond = [max(one.p95_ms - one.median_ms, 0.0) for _, one in bars]
        latency.barh(places, medians, xerr=[[0.0] * len(bars), beyond], color=_BAR, ecolor="0.3", capsize=2)
        latency.set(title="latency: median, and up to p95", xlabel="ms a batch")
        throughput.barh(places, [one.images_per_second for _, one in bars], color=_BAR)
        throughput.set(title="throughput", xlabel="images a second")
        told = [place for place, (row, one) in enumerate(bars) if row.parts and one is row.latencies[0]]
        left = [0.0] * len(told)
        for number, (name, colour) in enumerate(zip(_PARTS, _COLOURS, strict=True)):
            widths = [_part_times(bars[place][0])[number] or 0.0 for place in told]
            parts.barh(told, widths, left=left, color=colour, label=name)
            left = [sum(both) for both in zip(left, widths, strict=True)]
        parts.set(title="where the time goes", xlabel="ms a batch")
        latency.set_yticks(places, labels)
        latency.invert_yaxis()
        for axes in (latency, throughput, parts):
            axes.grid(axis="x", color="0.9")
            axes.set_axisbelow(True)
        figure.legend(*parts.get_legend_handles_labels(), loc="outside lower right", frameon=False, ncols=len(_PARTS))
        figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _many(count: int, name: str) -> str:
    return f"{count} {name}{'s' if count > 1 else ''}"
