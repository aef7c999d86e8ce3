"""Builds the course: runs every cell of its pages, takes the images that they make, and writes notebooks.

    python -m docs.lessons.build                  # everything, from nothing (make lessons)
    python -m docs.lessons.build 06-suppression   # these pages only

The English pages are run; the cells of the Spanish ones are the same. An image of a page is what one of its cells
writes to `workspace/course/pictures/`; it is copied to docs/lessons/images/. Notebooks lie beside the pages and are not
committed.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from docs.lessons.cells import IMAGE_LINK, read_cells

__all__ = ["IMAGES", "LANGUAGES", "LESSONS", "main", "notebook_text", "pages", "prepare_folder", "run_page"]

LESSONS = Path(__file__).resolve().parent
LANGUAGES = ("en", "es")
_ROOT = LESSONS.parents[1]
IMAGES = LESSONS / "images"
_FOLDER = _ROOT / "build" / "lessons"
_PICTURES = "workspace/course/pictures"
_FIRST_PAGE_OF_SEGMENTATION = "18"
# Which language is that of the notebook; else it would be the one of most cells.
_HEADER = """\
---
jupyter:
  kernelspec:
    display_name: Python 3
    language: python
    name: python3
---

"""
# Notebooks run beside the pages, their cells in the project's folder as everywhere.
_FIRST_CELL = """\
import os
import sys

os.chdir({root!r})
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
"""


def pages(language: str) -> list[Path]:
    """The pages of a language in their order."""
    return sorted((LESSONS / language).glob("[0-9][0-9]-*.md"))


def prepare_folder(folder: Path) -> None:
    """Makes `folder` a working folder for cells: as the project's, with nothing in it that a run has made."""
    (folder / "workspace" / "course" / "pictures").mkdir(parents=True)
    for room in ("docs", "tools"):
        (folder / room).symlink_to(_ROOT / room)
    (folder / "workspace" / "configs").symlink_to(_ROOT / "workspace" / "configs")


def run_page(page: Path, folder: Path, *flags: str) -> None:
    """Runs the cells of a page in `folder`.

    Args:
      page: its file.
      folder: from `prepare_folder`; pages use what earlier ones have left there.
      flags: of `cells.py`.

    Raises:
      RuntimeError: a cell failed; the message ends with what it printed.
    """
    command = [sys.executable, "-W", "ignore", "-m", "docs.lessons.cells", str(page), *flags]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    run = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(f"a cell of {page.name} failed:\n{run.stdout[-3000:]}")


def notebook_text(page: Path) -> str:
    """A page as a notebook; its links lead to notebooks, too."""
    import jupytext
    import nbformat

    text = re.sub(r"(\]\([\w./-]*\d\d-[\w-]+)\.md\)", r"\1.ipynb)", page.read_text(encoding="utf-8"))
    notebook = jupytext.reads(_HEADER + text, fmt="md")
    notebook.cells.insert(1, nbformat.v4.new_code_cell(_FIRST_CELL.format(root=str(_ROOT))))
    # Else every build would give every cell another name.
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index}"
    return str(nbformat.writes(notebook))


def main() -> None:
    """Runs pages, takes their images, writes the notebooks."""
    parser = argparse.ArgumentParser(
        description="Runs the course's pages, takes their images, and writes notebooks.",
        epilog="without names everything is built from nothing",
    )
    parser.add_argument("page", nargs="*", help="names of pages, as 06-suppression")
    args = parser.parse_args()
    everything = pages("en")
    if unknown := set(args.page) - {page.stem for page in everything}:
        parser.error(f"no such page: {', '.join(sorted(unknown))}")
    chosen = [page for page in everything if page.stem in args.page] if args.page else everything
    if not args.page:
        shutil.rmtree(_FOLDER, ignore_errors=True)
    if not _FOLDER.exists():
        prepare_folder(_FOLDER)

    began = time.monotonic()
    # Nothing of the part on segmentation uses what the part on detection has made, so both run side by side.
    parts = [[], []]
    for page in chosen:
        parts[page.stem >= _FIRST_PAGE_OF_SEGMENTATION].append(page)
    with ThreadPoolExecutor(len(parts)) as pool:
        for part in [pool.submit(_run_part, part) for part in parts]:
            part.result()
    for page in chosen:
        _take_images(page)
    if not args.page:
        _drop_unused_images(everything)
    for language in LANGUAGES:
        for page in pages(language):
            page.with_suffix(".ipynb").write_text(notebook_text(page), encoding="utf-8")
    print(f"done in {time.monotonic() - began:.0f} s")


def _run_part(part: list[Path]) -> None:
    for page in part:
        began = time.monotonic()
        run_page(page, _FOLDER)
        print(f"{page.stem:<32}{len(read_cells(page)):>3} cells {time.monotonic() - began:>6.1f} s", flush=True)


def _take_images(page: Path) -> None:
    for name in IMAGE_LINK.findall(page.read_text(encoding="utf-8")):
        shutil.copyfile(_FOLDER / _PICTURES / name, IMAGES / name)


def _drop_unused_images(everything: list[Path]) -> None:
    used = {name for page in everything for name in IMAGE_LINK.findall(page.read_text(encoding="utf-8"))}
    for image in IMAGES.iterdir():
        if image.name not in used:
            image.unlink()


if __name__ == "__main__":
    main()
