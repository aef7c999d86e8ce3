"""The same records in another number of files; nothing is decoded, and checksums are copied once they are checked."""

import os
import shutil
from collections.abc import Callable, Sequence

from tfod.errors import OutputError
from tfod.records.files import class_table_path, expand, interleaved
from tfod.records.frames import read_frames
from tfod.records.manifest import RecordFile, manifest_path, manifest_text, merged_content, write_shards
from tfod.records.staging import replacing_shards
from tfod.shards import set_name

__all__ = ["reshard"]


def reshard(
    patterns: Sequence[str],
    output: str,
    num_shards: int = 1,
    *,
    shard_size: int | None = None,
    advance: Callable[[int], object] = lambda _: None,
) -> list[RecordFile]:
    """Writes the records of files or patterns as `num_shards` files, or as many as make each about `shard_size` bytes.

    Record i goes to shard i mod N. The shards of a set are read in turn, so that what was converted into M shards
    becomes what a conversion into N would have written. What the manifests of the input say of pictures, classes and
    settings stands in the output's, where they agree; so does the class table of masks. `advance` is called with the
    bytes of each record.

    Raises DataError where a file is missing or damaged, and OutputError where the place cannot be written or the
    output would lie among the shards of the input. Then no file is changed.
    """
    paths = expand(patterns)
    sets = list(dict.fromkeys(map(set_name, paths)))
    if os.path.realpath(output) in map(os.path.realpath, sets):
        raise OutputError("the output would take the name of the input", output, "give it another name or folder")
    total = sum(map(os.path.getsize, paths))
    if shard_size:
        num_shards = max(1, round(total / shard_size))
    _allow_open_files(len(paths) + num_shards)
    tables = [table for table in map(class_table_path, sets) if os.path.isfile(table)]
    beside = [manifest_path(output), *([class_table_path(output)] if tables else [])]
    with replacing_shards(output, num_shards, *beside) as (temporaries, (manifest, *table)):
        written = write_shards(interleaved(paths, read_frames), temporaries, advance)
        manifest.write_text(manifest_text(written, merged_content(paths)), encoding="utf-8")
        for place in table:
            shutil.copyfile(tables[0], place)
    return written


def _allow_open_files(count: int) -> None:
    """As many as the system lets this process open, where `count` and some more need it."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count + 64 and soft != resource.RLIM_INFINITY:
        most = count + 64 if hard == resource.RLIM_INFINITY else min(count + 64, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
