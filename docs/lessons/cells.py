"""The cells of a page of the course, and running them: `python -m docs.lessons.cells docs/lessons/en/08-iou.md`.

A page's cells are its fenced blocks of Python and of Bash. Those of Python share one process and one namespace; those
of Bash run one after the other with them, in the same working folder, which is the present one.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["IMAGE_LINK", "SHORT", "ZOO_MODEL", "Cell", "main", "read_cells", "run_cells"]

# Also jupytext reads such a fence as a cell, with its tags.
_CELL = re.compile(r'^```(python|bash)(?: tags=\["(\w+)"\])?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
IMAGE_LINK = re.compile(r"!\[[^\]]*\]\(\.\./images/([\w.-]+)\)")
# What the cells with the tag "zoo" use. They are run where it has been downloaded.
ZOO_MODEL = "pretrained_models/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
SHORT = {
    "train": "--num_train_steps 2 --set train_config.batch_size=2",
    "unet train": "--minutes 0.15 --evaluations 1 --base_filters 8",
    "lesson nms": "--score_threshold 0",  # a model of two steps is sure of nothing
}
"""What makes a training of minutes one of seconds, for tests, by the command of `tfod`."""


class Cell(NamedTuple):
    """A fenced block of a page: `python` or `bash`, its text, and its tag or an empty string."""

    language: str
    source: str
    tag: str


def read_cells(page: Path) -> list[Cell]:
    """The cells of a page in their order."""
    return [Cell(language, source, tag) for language, tag, source in _CELL.findall(page.read_text(encoding="utf-8"))]


def run_cells(cells: list[Cell], short: bool = False) -> None:
    """Runs cells in the present folder, shown before they run; an exception or a CalledProcessError ends it.

    Args:
      cells: of one page.
      short: Whether trainings take only a few steps.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        if cell.tag == "zoo" and not Path(ZOO_MODEL).is_dir():
            continue
        print(f"----\n{cell.source}----", flush=True)
        if cell.language == "python":
            exec(compile(cell.source, "<a cell>", "exec"), namespace)
        else:
            source = _shortened(cell.source) if short else cell.source
            subprocess.run(["bash", "-ec", source], check=True, env=_with_our_commands())


def _shortened(source: str) -> str:
    commands = source.replace("\\\n", " ").splitlines()
    for command, flags in SHORT.items():
        commands = [f"{line} {flags}" if line.startswith(f"tfod {command} ") else line for line in commands]
    return "\n".join(commands)


def _with_our_commands() -> dict[str, str]:
    """The environment, in which `tfod` and `python` are those of the Python that runs."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def main() -> None:
    """Runs the cells of the pages that are named on the command line."""
    parser = argparse.ArgumentParser(description="Runs the cells of a page in the present folder.")
    parser.add_argument("page", type=Path)
    parser.add_argument("--short", action="store_true", help="train for a few steps only")
    args = parser.parse_args()
    run_cells(read_cells(args.page), args.short)


if __name__ == "__main__":
    main()
