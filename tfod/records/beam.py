"""The same conversion as an Apache Beam pipeline: every shard is made by itself, by any machine.

All machines must see the annotations, the pictures and the output's folder under the same paths. Only numbers of
shards go through the pipeline. A machine finds what they stand for in the staging folder, makes the shard there, and
notes that it is done: so a pipeline that was stopped is gone on with as any other conversion.
"""

import os
import pickle
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from tfod.config.label_map import LabelMap
from tfod.errors import ConfigError, OutputError, TfodError
from tfod.records.batches import Source
from tfod.records.convert import ConversionRules
from tfod.records.summary import Summary
from tfod.records.workers import Workers
from tfod.records.write import Conversion, write_shards

__all__ = ["write_records_with_beam"]

_CONVERSION, _ERROR = "conversion", "error"


def write_records_with_beam(
    source: Source,
    output_path: str | os.PathLike[str],
    label_map: LabelMap,
    num_shards: int = 1,
    rules: ConversionRules | None = None,
    *,
    shard_size: int | None = None,
    options: Sequence[str] = (),
) -> Summary:
    """What `tfod.records.write.write_records` does, with the same bytes, as a pipeline with Beam's `options`.

    Without options Beam's direct runner makes one shard after the other, here. Raises what `write_records` raises, and
    ConfigError where apache-beam is not installed or does not know the runner.
    """
    try:
        import apache_beam
        from apache_beam.options.pipeline_options import PipelineOptions
    except ImportError as error:
        cure = "pip install 'tfod[beam]', or apache-beam in an environment without TensorFlow: see docs/records.md"
        raise ConfigError("apache-beam is not installed", "--beam", cure) from error
    output = os.path.abspath(output_path)
    with Conversion.staged(source, output, label_map, num_shards, rules, shard_size) as conversion:
        stage = conversion.stage
        with Workers(conversion.work, stage.paths, len(source.items)) as processes:
            notes, missing = conversion.resumed(processes, lambda _: None)
        stage.folder.joinpath(_CONVERSION).write_bytes(pickle.dumps(conversion))
        try:
            pipeline = apache_beam.Pipeline(options=PipelineOptions(list(options)))
        except ValueError as error:
            raise ConfigError(str(error), "--beam", "see the options of Beam's runners") from error
        with pipeline:
            shards = pipeline | "shards" >> apache_beam.Create(missing) | apache_beam.Reshuffle()
            _ = shards | "convert" >> apache_beam.Map(partial(_make_shard, str(stage.folder)))
        _raise_first(stage.folder)
        for shard in missing:
            note = stage.note(shard)
            if note is None:
                cure = "let all machines see the folder under the same path"
                raise OutputError("a shard that the pipeline has made is not here", stage.paths[shard], cure)
            notes[shard] = note
        return conversion.commit(notes)


def _make_shard(folder: str, shard: int) -> None:
    """Makes a shard, or leaves the error that its data gave: raised here it would be tried again and again."""
    conversion = _read_conversion(folder, os.stat(f"{folder}/{_CONVERSION}").st_mtime_ns)
    try:
        with Workers(conversion.work, conversion.stage.paths, 0, count=1) as here:
            write_shards(conversion, [shard], here, lambda _: None)
    except TfodError as error:
        Path(folder, f"{_ERROR}-{shard:05d}").write_bytes(pickle.dumps(error))


@lru_cache(maxsize=1)
def _read_conversion(folder: str, version: int) -> Conversion:
    conversion: Conversion = pickle.loads(Path(folder, _CONVERSION).read_bytes())
    return conversion


def _raise_first(folder: Path) -> None:
    for path in sorted(folder.glob(f"{_ERROR}-*")):
        error: TfodError = pickle.loads(path.read_bytes())
        raise error
