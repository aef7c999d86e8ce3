"""Annotated pictures to TFRecord files: by all cores, all or nothing, and resumed by shard after a kill."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.config.label_map import LabelMap
from tfod.errors import DataError, OutputError
from tfod.files import output_error, replacing
from tfod.progress import Progress
from tfod.records.batches import Plan, Source, Work
from tfod.records.convert import ConversionRules
from tfod.records.files import shard_names
from tfod.records.manifest import manifest_path, manifest_text, settings_of
from tfod.records.name_set import NameSet
from tfod.records.staging import ShardNote, Staging, staging
from tfod.records.summary import Summary
from tfod.records.workers import Workers

__all__ = ["Conversion", "replacing_shards", "write_records", "write_shards"]


def write_records(
    images: Source | Iterable[AnnotatedImage | DataError],
    output_path: str | os.PathLike[str],
    label_map: LabelMap,
    num_shards: int = 1,
    rules: ConversionRules | None = None,
    *,
    shard_size: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Writes one TFRecord file, or `num_shards` of them, picture i to shard i mod num_shards, and their manifest.

    With `shard_size` there are as many shards as make each about so many bytes. `workers` processes share the work,
    by default all cores; the bytes do not depend on it. A `Source` streams: a few pictures are in memory at a time;
    other iterables are gone through first. An item that is a DataError stands for a picture whose annotations cannot
    be read; it is raised, or counted under `rules.skip_bad`. `progress` is entered here, since processes start before.

    Shards that a killed run of the same conversion left behind are used where nothing they were made of has changed.
    Raises DataError where nothing is left to write, OutputError where the place cannot be written; then no file is
    changed.
    """
    source = images if isinstance(images, Source) else Source(list(images))
    output = os.fspath(output_path)
    with Conversion.staged(source, output, label_map, num_shards, rules, shard_size) as conversion:
        paths, count = conversion.stage.paths, len(source.items)
        with Workers(conversion.work, paths, count, workers) as processes, progress or nullcontext():
            advance = progress.advance if progress else lambda _: None
            notes, missing = conversion.resumed(processes, advance)
            notes |= write_shards(conversion, missing, processes, advance)
        return conversion.commit(notes)


class Conversion:
    """One conversion to one output: what is converted, how, into which shards, and where they grow."""

    def __init__(self, source: Source, output: str, stage: Staging, plan: Plan, work: Work) -> None:
        self.source = source
        self.output = output
        self.stage = stage
        self.plan = plan
        self.work = work
        self._settings = settings_of(work.label_map, work.rules)

    @classmethod
    @contextmanager
    def staged(
        cls,
        source: Source,
        output: str,
        label_map: LabelMap,
        num_shards: int,
        rules: ConversionRules | None,
        shard_size: int | None,
    ) -> Iterator["Conversion"]:
        """A conversion whose staging folder is there while the block runs."""
        if num_shards < 1:
            raise OutputError(f"cannot write {num_shards} shards", output, "ask for 1 shard or more")
        plan = Plan.of(source, num_shards, shard_size)
        work = Work(source.read, label_map, rules or ConversionRules(), resumable=plan.num_shards > 1)
        with staging(output, plan.num_shards) as stage:
            yield cls(source, output, stage, plan, work)

    def fingerprint(self) -> "hashlib._Hash":
        """Of a shard, to be updated with its digests: other settings, another picture or annotation give another."""
        return hashlib.sha256(json.dumps(self._settings, sort_keys=True).encode())

    def resumed(self, processes: Workers, advance: Callable[[int], object]) -> tuple[dict[int, ShardNote], list[int]]:
        """The shards of an interrupted run that are as this one would make them, and those that are to be made.

        What else is in the staging folder is removed. `advance` is called with the number of pictures.
        """
        notes = dict(self._reused(processes, advance))
        self.stage.keep(list(notes))
        return notes, [shard for shard in range(self.plan.num_shards) if shard not in notes]

    def _reused(self, processes: Workers, advance: Callable[[int], object]) -> Iterator[tuple[int, ShardNote]]:
        stage, shards = self.stage, range(self.plan.num_shards)
        notes = {shard: note for shard in shards if (note := stage.note(shard)) and stage.whole(shard, note)}
        fingerprints = {shard: self.fingerprint() for shard in notes}
        for batch, digests in processes.digest(self.plan.batches(self.source, notes)):
            fingerprints[batch.shard].update(digests)
        for shard, note in notes.items():
            if fingerprints[shard].hexdigest() == note.fingerprint:
                advance(note.items)
                yield shard, note

    def commit(self, noted: Mapping[int, ShardNote]) -> Summary:
        """Gives the shards their names and says what is in them. Raises DataError where no picture is."""
        notes = [noted[shard] for shard in range(self.plan.num_shards)]
        summary = Summary()
        for note in notes:
            summary.add(note.summary)
        if not summary.pictures:
            cure = "check the folder and the list; with skipping, see what was skipped:\n" + summary.text()
            raise DataError("no picture is left to write", "the annotations", cure)
        self._note_same_names(summary)
        content = {**summary.as_dict(), "settings": self._settings}
        self.stage.commit(manifest_text(self.stage.files(notes), content), manifest_path(self.output))
        return summary

    def _note_same_names(self, summary: Summary) -> None:
        seen = NameSet(len(self.source.items))
        for shard in range(self.plan.num_shards):
            for index, name in enumerate(self.stage.names(shard)):
                if name and not seen.add(name):
                    item = self.source.items[shard + index * self.plan.num_shards]
                    for image in self.source.read([item]):
                        if isinstance(image, AnnotatedImage):
                            summary.note("same_name", f"{image.source}: {image.filename}")


def write_shards(
    conversion: Conversion, shards: Iterable[int], processes: Workers, advance: Callable[[int], object]
) -> Mapping[int, ShardNote]:
    """Makes some shards; each is noted as done when it is. `advance` is called with the number of pictures."""
    notes: dict[int, ShardNote] = {}
    items, summary, fingerprint = 0, Summary(), conversion.fingerprint()
    sizes = {shard: len(range(shard, len(conversion.source.items), conversion.plan.num_shards)) for shard in shards}
    for batch, written in processes.write(conversion.plan.batches(conversion.source, sizes)):
        if batch.first:
            items, summary, fingerprint = 0, Summary(), conversion.fingerprint()
        items += len(batch.items)
        summary.add(written.summary)
        fingerprint.update(written.digests)
        conversion.stage.add_names(batch.shard, written.names, batch.first)
        if items == sizes[batch.shard]:
            notes[batch.shard] = ShardNote(fingerprint.hexdigest(), items, written.size, written.crc, summary)
            conversion.stage.finish(batch.shard, notes[batch.shard])
        advance(len(batch.items))
    return notes


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
