"""What was measured, for people: tables, a JSON file, a figure."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.files import write_bytes, write_text
from tfod.inference.timing.benchmark import SourceImages
from tfod.inference.timing.results import Latency, Measurement
from tfod.terminal import print_table, shown

if TYPE_CHECKING:
    from tfod.inference.timing.counting import PartCount

__all__ = ["FIGURE_FILE", "JSON_FILE", "print_counts", "print_measurements", "write_report"]

JSON_FILE = "benchmark.json"
FIGURE_FILE = "benchmark.png"
_LONGEST = 26  # letters of a model's name, so that tables fit 100 columns


def short(model: str) -> str:
    """The end of a model's place, which tells it from others.

    >>> short("exported_models/photos/model_float32.tflite")
    '...tos/model_float32.tflite'
    """
    return model if len(model) <= _LONGEST else f"...{model[3 - _LONGEST - 1:]}"


def print_measurements(rows: Sequence[Measurement], source: SourceImages) -> None:
    """Prints latency and throughput, where the time goes, and which batch sizes cannot be run."""
    headings = ["model", "threads", "batch", "ms, median", "p95", "p99", "images/s", "peak MB", "load s"]
    cells = [_latency_cells(row, one) for row in rows for one in row.latencies]
    print_table(f"from pixels to boxes, on {source.told}", headings, cells, texts=("model",))
    for row in rows[:: len({row.threads for row in rows})]:
        for size, reason in row.refused.items():
            print(f"{short(row.model)}: no batch of {size}: {shown(reason)}")
    _print_parts(rows, source)


def _latency_cells(row: Measurement, one: Latency) -> list[str]:
    return [
        short(row.model),
        str(row.threads),
        str(one.batch_size),
        f"{one.median_ms:.2f}",
        f"{one.p95_ms:.2f}",
        f"{one.p99_ms:.2f}",
        f"{one.images_per_second:.1f}",
        "" if row.peak_megabytes is None else f"{row.peak_megabytes:.0f}",
        f"{row.load_seconds:.2f}",
    ]


def _print_parts(rows: Sequence[Measurement], source: SourceImages) -> None:
    known = [row for row in rows if row.parts is not None]
    headings = ["model", "threads", "batch", "decode", "preprocess", "network", "post-process"]
    cells = []
    for row in known:
        assert row.parts is not None
        decode = None if source.decode_ms is None else source.decode_ms * row.parts.batch_size
        times = (decode, row.parts.preprocess, row.parts.network, row.parts.postprocess)
        written = ["" if one is None else f"{one:.2f}" for one in times]
        cells.append([short(row.model), str(row.threads), str(row.parts.batch_size), *written])
    if cells:
        print_table("where the time goes, ms", headings, cells, texts=("model",))
        for line in dict.fromkeys(f"{row.kind}: {row.parts.how}" for row in known if row.parts):
            print(line)


def print_counts(counts: Sequence["PartCount"], height: int, width: int) -> None:
    """Prints parameters and arithmetic of each part and of the whole."""
    whole = sum(one.parameters for one in counts), sum(one.multiply_adds for one in counts)
    rows = [(one.name, one.parameters, one.multiply_adds) for one in counts] + [("all", *whole)]
    cells = [[name, f"{many:,}", f"{adds / 1e6:,.1f}", f"{2 * adds / 1e6:,.1f}"] for name, many, adds in rows]
    title = f"for an image of {height} x {width}; a multiply-add is two FLOPs"
    print_table(title, ["part", "parameters", "million multiply-adds", "MFLOPs"], cells, texts=("part",),
                line_after=len(cells) - 2)  # fmt: skip


def write_report(
    folder: Path, rows: Sequence[Measurement], source: SourceImages, counts: Sequence["PartCount"]
) -> None:
    """Writes benchmark.json and benchmark.png, each whole or not at all; `folder` is made."""
    content = {
        "images": source.told,
        "decode_ms": source.decode_ms,
        "models": [row.to_json() for row in rows],
        "parts": [{**asdict(one), "flops": one.flops} for one in counts],
    }
    figure = _figure(rows)
    write_text(folder / JSON_FILE, json.dumps(content, indent=2) + "\n")
    write_bytes(folder / FIGURE_FILE, figure)


def _figure(rows: Sequence[Measurement]) -> bytes:
    """Latency and throughput by batch size, a line a model and number of threads, as PNG."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    from tfod.visualize.colours import class_colour
    from tfod.visualize.figures import figure_style

    models = list(dict.fromkeys(row.model for row in rows))
    threads = sorted({row.threads for row in rows})
    styles = ["-", "--", ":", "-."]
    buffer = io.BytesIO()
    with figure_style([short(model) for model in models]):
        figure = Figure(figsize=(10, 3.9), layout="constrained", dpi=110)
        latency, throughput = figure.subplots(1, 2)
        for row in rows:
            colour = [channel / 255 for channel in class_colour(models.index(row.model) + 1)]
            style = styles[threads.index(row.threads) % len(styles)]
            label = f"{short(row.model)}, {row.threads} thread{'s' if row.threads > 1 else ''}"
            sizes = [one.batch_size for one in row.latencies]
            for axes, values in (
                (latency, [one.median_ms for one in row.latencies]),
                (throughput, [one.images_per_second for one in row.latencies]),
            ):
                axes.plot(sizes, values, style, marker="o", markersize=4, color=colour, label=label)
        asked = sorted({one.batch_size for row in rows for one in row.latencies})
        latency.set(title="latency, median", ylabel="ms a batch")
        throughput.set(title="throughput", ylabel="images a second")
        for axes in (latency, throughput):
            axes.set(xlabel="images of a batch", xscale="log", ylim=(0, None))
            axes.set_xticks(asked, [str(size) for size in asked])
            axes.xaxis.set_minor_locator(NullLocator())
            axes.grid(color="0.9")
        figure.legend(*latency.get_legend_handles_labels(), loc="outside lower center", frameon=False, ncols=3)
        figure.savefig(buffer, format="png")
    return buffer.getvalue()
