"""Compares draws of the augmentation steps with the original's, and writes the fixture of tests/parity/.

Both sides augment the same two drawn images; sizes, boxes that are kept, their places and values of pixels have to be
distributed alike.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.environment import original_python
from benchmarks.process import run
from benchmarks.scripts.augmentation_draws import CASES, QUANTILES, draw

__all__ = ["differences"]

_SCRIPT = Path(__file__).resolve().parent / "scripts" / "augmentation_draws.py"
_FIXTURE = Path(__file__).resolve().parents[1] / "tests" / "parity" / "augmentation.json"
_ERRORS = 4.0  # standard errors: of ten thousand comparisons one goes so far by chance
_ROUNDING = 1e-3  # of a statistic, by kernels that add in another order


def differences(ours, theirs, count):
    """What of our draws, `[N]` by statistic, is not distributed as the original's `count`, whose summary is `theirs`.

    Means may differ by some standard errors; of our draws a share below each of the original's quantiles has to lie
    that is, within its own errors, what the quantile says.
    """
    found = []
    for name, (mean, deviation, *quantiles) in theirs.items():
        values = ours[name]
        slack = _ROUNDING * max(1.0, abs(mean))
        error = (values.var() / len(values) + deviation**2 / count) ** 0.5
        if abs(values.mean() - mean) > _ERRORS * error + slack:
            found.append(f"{name}: mean {values.mean():.4g}, the original's {mean:.4g} +- {error:.2g}")
        for share, quantile in zip(QUANTILES, quantiles, strict=True):
            error = (share * (1 - share) * (1 / len(values) + 1 / count)) ** 0.5
            low, high = (values < quantile - slack).mean(), (values <= quantile + slack).mean()
            if low > share + _ERRORS * error or high < share - _ERRORS * error:
                found.append(f"{name}: {low:.3f} to {high:.3f} of the draws lie below {quantile:.4g}, not {share}")
    return found


def main() -> int:
    """Has the original draw, writes the fixture, and tells how our draws differ; 1 if they do."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.augmentation", description=__doc__)
    parser.add_argument("--original", type=Path, metavar="PYTHON", help="a Python in which the original runs")
    parser.add_argument("--draws", type=int, default=2000, help="of each case and side (2000)")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), help="the others stay as they are")
    parser.add_argument("--output", type=Path, default=_FIXTURE, help="where the statistics go (the tests' fixture)")
    options = parser.parse_args()
    found = json.loads(options.output.read_text(encoding="utf-8"))["cases"] if options.output.exists() else {}
    with tempfile.TemporaryDirectory(prefix="augmentation-") as temporary:
        folder = Path(temporary)
        python = options.original.absolute() if options.original else original_python(folder)
        command = [python, _SCRIPT, "original", str(options.draws), *options.cases]
        found |= run(command, folder / "original.log", timeout=7200).values()
    lines = (f"{json.dumps(case)}: {json.dumps(found[case])}" for case in CASES if case in found)
    text = f'{{"draws": {options.draws}, "cases": {{\n' + ",\n".join(lines) + "\n}}\n"
    options.output.write_text(text, encoding="utf-8")
    differ = {
        case: differences(draw("ours", case, options.draws), found[case], options.draws) for case in options.cases
    }
    for case, told in differ.items():
        print(f"{case}: {'; '.join(told) or 'as the original'}")
    return int(any(differ.values()))


if __name__ == "__main__":
    sys.exit(main())
