"""Annotated pictures to TFRecord files, all or nothing.

Every file is written beside its place under a hidden name and renamed when all are complete. A rename is atomic,
so one file is there whole or not at all. Of a set of shards the first, -00000-of-, is renamed last, after that of
an earlier set has been taken away: whoever is killed between the renames leaves a set that lacks its first file,
which `tfod.records.files.expand` reports, and never one in which old and new are mixed unseen.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.config.label_map import LabelMap
from tfod.errors import DataError, OutputError
from tfod.files import output_error, replacing
from tfod.records.convert import ConversionRules, to_example
from tfod.records.files import shard_names
from tfod.records.frames import write_frame
from tfod.records.summary import Summary

__all__ = ["replacing_shards", "summary_path", "write_records"]

_BUFFER_SIZE = 1 << 18


def write_records(
    images: Iterable[AnnotatedImage | DataError],
    output_path: str | os.PathLike[str],
    label_map: LabelMap,
    num_shards: int = 1,
    rules: ConversionRules | None = None,
) -> Summary:
    """Writes one TFRecord file, or `num_shards` of them, example i to shard i mod num_shards, and a small JSON
    file with the counts and the rules (`summary_path`).

    `images` may be a generator: one picture is in memory at a time. An item that is a DataError stands for a
    picture whose annotations cannot be read; it is raised, or counted under `rules.skip_bad`. Raises DataError
    where nothing is left to write, OutputError where the place cannot be written; then no file is changed.
    """
    rules = rules or ConversionRules()
    output = os.fspath(output_path)
    summary = Summary()
    with replacing_shards(output, num_shards, summary_path(output)) as (temporaries, (report,)):
        _write(images, temporaries, label_map, rules, summary)
        names = [os.path.basename(path) for path in shard_names(output, num_shards)]
        contents = {"files": names, "voc_origin": rules.voc_origin}
        report.write_text(json.dumps(contents | summary.as_dict(), indent=2) + "\n", encoding="utf-8")
    return summary


@contextmanager
def replacing_shards(output: str, num_shards: int, *beside: str) -> Iterator[tuple[list[Path], list[Path]]]:
    """Yields paths to write a set of shards to, and paths for the files `beside` them; all get their names at the end.

    Raises OutputError where the place cannot be written; then, as after any error inside, no file is changed.
    """
    if num_shards < 1:
        raise OutputError(f"cannot write {num_shards} shards", output, "ask for 1 shard or more")
    paths = shard_names(output, num_shards)
    with ExitStack() as commit:  # its ends run backwards: the first shard gets its name last
        temporaries = [commit.enter_context(replacing(path)) for path in (*paths, *beside)]
        try:
            yield temporaries[:num_shards], temporaries[num_shards:]
            if num_shards > 1:
                Path(paths[0]).unlink(missing_ok=True)
        except OSError as error:
            raise output_error(error, output) from error


def summary_path(output_path: str | os.PathLike[str]) -> str:
    """Where the counts of a conversion lie: `train.summary.json` for `train.record`.

    The name does not begin with the records' own, so that patterns such as `train.record*` do not match it.
    """
    return os.path.splitext(output_path)[0] + ".summary.json"


def _write(
    images: Iterable[AnnotatedImage | DataError],
    paths: list[Path],
    label_map: LabelMap,
    rules: ConversionRules,
    summary: Summary,
) -> None:
    seen: set[int] = set()
    with ExitStack() as stack:
        files: list[BinaryIO] = [stack.enter_context(open(path, "wb", buffering=_BUFFER_SIZE)) for path in paths]
        for image in images:
            if isinstance(image, DataError):
                if not rules.skip_bad:
                    raise image
                summary.note("bad", f"{image.where}: {image.what}")
                continue
            shard = files[summary.pictures % len(files)]
            example = to_example(image, label_map, rules, summary)
            if example is None:
                continue
            write_frame(shard, example)
            name = hash(image.filename)
            if name in seen:
                summary.note("same_name", f"{image.source}: {image.filename}")
            seen.add(name)
    if not summary.pictures:
        cure = "check the folder and the list; with skipping, see what was skipped:\n" + summary.text()
        raise DataError("no picture is left to write", "the annotations", cure)
