"""The same conversion as an Apache Beam pipeline: every part is made by itself, by any machine.

All machines must see the annotations, the images and the output's folder under the same paths. Only paths of parts and
positions go through the pipeline. A machine finds the conversion in the staging folder and makes the part there: so a
pipeline that was stopped is gone on with as any other conversion.
"""

import os
import pickle
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tfod.config.label_map import LabelMap
from tfod.errors import ConfigError, TfodError
from tfod.records.convert import ConversionRules
from tfod.records.summary import Summary
from tfod.records.write import Conversion, Part, Source

__all__ = ["write_records_with_beam"]

_CONVERSION, _ERROR = "conversion", ".error"


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

    Without options Beam's direct runner makes one part after the other, here. Raises what `write_records` raises, and
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
        Path(conversion.parts[0].path).with_name(_CONVERSION).write_bytes(pickle.dumps(conversion))
        try:
            pipeline = apache_beam.Pipeline(options=PipelineOptions(list(options)))
        except ValueError as error:
            raise ConfigError(str(error), "--beam", "see the options of Beam's runners") from error
        with pipeline:
            parts = pipeline | "parts" >> apache_beam.Create(conversion.parts) | apache_beam.Reshuffle()
            _ = parts | "convert" >> apache_beam.Map(_make)
        for part in conversion.parts:
            if os.path.exists(part.path + _ERROR):
                told: TfodError = pickle.loads(Path(part.path + _ERROR).read_bytes())
                raise told
        return conversion.commit()


def _make(part: Part) -> None:
    """Makes a part, or leaves the error that its data gave: raised here it would be tried again and again."""
    stored = Path(part.path).with_name(_CONVERSION)
    try:
        _read_conversion(stored, stored.stat().st_mtime_ns).make(part)
    except TfodError as error:
        Path(part.path + _ERROR).write_bytes(pickle.dumps(error))


@lru_cache(maxsize=1)
def _read_conversion(path: Path, version: int) -> Conversion:
    conversion: Conversion = pickle.loads(path.read_bytes())
    return conversion
