"""Measures us and the original side by side, and prints a table of ratios."""

import argparse
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    conversion,
    evaluation,
    export,
    formats,
    inference,
    input_pipeline,
    large_conversion,
    machine,
    startup,
    training_step,
    video,
)
from benchmarks.data import find_data
from benchmarks.environment import original_python
from benchmarks.results import Report, Row
from benchmarks.workload import Workload

_HERE = Path(__file__).resolve().parent
_BENCHMARKS: dict[str, Callable[[Workload], list[Row]]] = {
    "training_step": training_step.measure,
    "startup": startup.measure,
    "export": export.measure,
    "inference": inference.measure,
    "formats": formats.measure,
    "video": video.measure,
    "conversion": conversion.measure,
    "large_conversion": large_conversion.measure,
    "evaluation": evaluation.measure,
    "input_pipeline": input_pipeline.measure,
}


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = ", ".join(_BENCHMARKS)
    parser.add_argument("--only", type=_names, default=list(_BENCHMARKS), metavar="NAME,...", help=f"of {names}")
    parser.add_argument("--rounds", type=_positive, default=3, help="how often both sides take turns (3)")
    parser.add_argument(
        "--original", type=Path, metavar="PYTHON", help="a Python in which the original runs; else one is built"
    )
    parser.add_argument(
        "--shared", type=Path, default=_HERE.parents[1] / "shared", help="folder of the developers' data (../shared)"
    )
    return parser


def main() -> int:
    """Runs the benchmarks asked for; returns 1 when one of them failed, whatever the ratios are."""
    options = build_parser().parse_args()
    # Asked to end, the harness ends its processes and removes its files first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    folder = _HERE / "results" / time.strftime("%Y-%m-%d_%H-%M-%S")
    logs = folder / "logs"
    logs.mkdir(parents=True)
    # An interpreter of a virtual environment is a link: what it points to has other packages.
    original = options.original.absolute() if options.original else original_python(logs)
    report = Report(
        facts={
            "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
            **machine.describe(),
            "versions, original": machine.original_versions(original, logs / "original-versions.log"),
            "rounds": options.rounds,
        }
    )
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as temporary:
        data = find_data(options.shared, Path(temporary))
        report.facts["data"] = f"{data.name}, {len(data.train)} pictures to train on, {len(data.test)} to test"
        work = Workload(data, options.shared.resolve(), original, Path(temporary), logs, options.rounds)
        for name in options.only:
            measure(work, name, _BENCHMARKS[name], report)
            # After each, so that an interruption loses no more than the benchmark that it hits.
            report.write(folder)
    print(report.markdown())
    print(f"written to {folder}; what every process said is in {logs}")
    return 1 if report.failures else 0


def measure(work: Workload, name: str, benchmark: Callable[[Workload], list[Row]], report: Report) -> None:
    """Adds the rows of a benchmark to the report, or the reason why it failed, which stops no other."""
    start = time.monotonic()
    print(f"{name} ...", file=sys.stderr, flush=True)
    try:
        report.rows += benchmark(work)
    except Exception as error:
        report.failures[name] = f"{type(error).__name__}: {error}"
        print(f"{name} FAILED: {report.failures[name]}", file=sys.stderr, flush=True)
    print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in _BENCHMARKS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no benchmark {unknown[0]!r}; there are {', '.join(_BENCHMARKS)}")
    return names


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rounds")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
