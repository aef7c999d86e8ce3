"""Large sets to TFRecords on all cores: milliseconds a picture beside both old converters, and memory by size."""

import os
import sys
from pathlib import Path
from statistics import median

from benchmarks.data import VocSet
from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["measure", "repeat"]

_COMMAND = "create_pascal_tf_record"
_TURNS = 5
# Which of the original's four lists has how many pictures.
_COUNTS = {"val": 1_000, "train": 10_000, "trainval": 100_000}
_TIMED = "train"
_BAR = 0.35


def measure(work: Workload) -> list[Row]:
    """A picture of 10,000, beside the original and beside the tutorial's script; the command; memory at three sizes."""
    root, folder = repeat(work.data, work.folder / "many", _COUNTS)
    return [*_times(work, root, folder), *_memory(work, root)]


def _times(work: Workload, root: Path, folder: Path) -> list[Row]:
    times: dict[str, list[float]] = {}
    for _ in range(work.rounds):
        for name, seconds in _in_turns(work, root, folder).items():
            times.setdefault(name, []).extend(1000 * value / _COUNTS[_TIMED] for value in seconds)
    commands = work.alternate(
        ours=lambda: work.tool(_COMMAND, _flags(work, root, _TIMED)).seconds,
        original=lambda: work.original_tool(f"dataset_tools.{_COMMAND}", _flags(work, root, _TIMED)).seconds,
    )
    limit_is = "bytes read, hashed and written, XML parsed, by all cores"
    name = f"conversion of {_COUNTS[_TIMED]} pictures, all cores"
    return [
        Row(f"{name}, a picture", "ms", times["ours"], times["original"], _BAR, times["limit"], limit_is),
        Row(
            f"{name}, a picture, beside the tutorial's script",
            "ms",
            times["folder"],
            times["tutorial"],
            limit=times["limit"],
            limit_is=limit_is,
        ),
        Row(f"{name}, the command", "s", **commands),
    ]


def _in_turns(work: Workload, root: Path, folder: Path) -> dict[str, list[float]]:
    """The seconds of both sides with both kinds of files, and the limit, in each turn."""

    def converting(side: str, script: str, name: str, *source: object) -> tuple[object, ...]:
        return side, script, name, *source, work.label_map, work.fresh("record"), _TURNS

    found = work.in_turns(
        ours=converting("ours", "convert", "ours", root, _TIMED),
        original=converting("original", "convert", "original", root, _TIMED),
        folder=converting("ours", "convert_folder", "ours", folder),
        tutorial=converting("original", "convert_folder", "tutorial", folder),
        limit=("ours", "convert_limits", folder, folder, work.fresh("copy"), _TURNS),
    )
    seconds = {name: values["seconds"] for name, values in found.items() if name != "limit"}
    parts = zip(*found["limit"].values(), strict=True)
    return seconds | {"limit": [sum(part) / len(os.sched_getaffinity(0)) for part in parts]}


def _memory(work: Workload, root: Path) -> list[Row]:
    rows = []
    for part, count in _COUNTS.items():
        ours = [work.ours, Path(__file__).parents[1] / "tools" / f"{_COMMAND}.py"]
        original = [work.original, "-m", f"object_detection.dataset_tools.{_COMMAND}"]
        found = work.alternate(
            ours=lambda part=part, command=ours: _peak(work, root, part, command),  # type: ignore[misc]
            original=lambda part=part, command=original: _peak(work, root, part, command),  # type: ignore[misc]
        )
        sides = {side: [peak["all"] for peak in peaks] for side, peaks in found.items()}
        largest = median(peak["largest"] for peak in found["ours"])
        note = f"of ours all processes together; the largest has {largest:.1f} MB"
        rows.append(Row(f"most memory, {count} annotations", "MB", **sides, note=note))
    return rows


def _peak(work: Workload, root: Path, part: str, command: list[object]) -> dict[str, float]:
    words = [f"--{name}={value}" for name, value in _flags(work, root, part).items()]
    return work.script("ours", "peak_memory", *command, *words, timeout=900).values()


def _flags(work: Workload, root: Path, part: str) -> dict[str, object]:
    return work.conversion(work.fresh("record"), part) | {"data_dir": root}


def repeat(data: VocSet, folder: Path, counts: dict[str, int]) -> tuple[Path, Path]:
    """Makes a VOCdevkit of the set's pictures over and over, each under a name and with an annotation of its own.

    Of the first as many as `_TIMED` counts every file is one of its own; later ones share the pictures of those, by
    links. Returns the devkit, and a folder where those first ones lie, each photo beside its XML.
    """
    from lxml import etree

    year, photos = folder / "VOC2007", folder / "photos"
    for path in (year / "Annotations", year / "JPEGImages", year / "ImageSets" / "Main", photos):
        path.mkdir(parents=True)
    sources = [(data.xml(name), data.picture(name).read_bytes()) for name in (*data.train, *data.test)]
    own = counts[_TIMED]
    for number in range(max(counts.values())):
        root, content = sources[number % len(sources)]
        root.find("folder").text, root.find("filename").text = "VOC2007", f"{number:06d}.jpg"
        xml, picture = year / "Annotations" / f"{number:06d}.xml", year / "JPEGImages" / f"{number:06d}.jpg"
        xml.write_bytes(etree.tostring(root))
        if number < own:
            picture.write_bytes(content)
            for path in (xml, picture):
                os.link(path, photos / path.name)
        else:
            os.link(picture.with_name(f"{number % own:06d}.jpg"), picture)
    for part, count in counts.items():
        lines = "".join(f"{number:06d} -1\n" for number in range(count))
        (year / "ImageSets" / "Main" / f"aeroplane_{part}.txt").write_text(lines, encoding="utf-8")
    print(f"  {max(counts.values())} pictures made", file=sys.stderr, flush=True)
    return folder, photos
