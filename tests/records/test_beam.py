"""The conversion as a Beam pipeline, by Beam's direct runner; where apache-beam is not installed, its absence."""

import importlib.util
import sys
from pathlib import Path

import pytest

from tests.annotations.voc_files import annotation, item, write_photo
from tfod.annotations.voc import read_voc_files
from tfod.cli.generate_tfrecord import main
from tfod.config.label_map import label_map_from_names, write_label_map
from tfod.errors import DataError
from tfod.records.frames import read_frames
from tfod.records.write import Source, write_records

LABEL_MAP = label_map_from_names(["cat", "dog"])
WITH_BEAM = importlib.util.find_spec("apache_beam") is not None
needs_beam = pytest.mark.skipif(not WITH_BEAM, reason="apache-beam is not installed (extra [beam])")


# Said where Google's libraries, which TensorFlow's friends bring, are imported beside Beam.
pytestmark = pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning")


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Eleven annotated photos."""
    photos = [str(write_photo(tmp_path / "in", f"p{number:02d}", item("dog"), item())) for number in range(11)]
    return Source(photos, read_voc_files)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@needs_beam
@pytest.mark.parametrize("num_shards", [1, 3])
def test_the_same_files_as_without_beam(tmp_path: Path, source: Source, num_shards: int) -> None:
    from tfod.records.beam import write_records_with_beam

    expected = write_records(source, tmp_path / "plain" / "a.record", LABEL_MAP, num_shards)
    summary = write_records_with_beam(source, tmp_path / "beam" / "a.record", LABEL_MAP, num_shards)
    assert summary == expected
    assert _contents(tmp_path / "beam") == _contents(tmp_path / "plain")


@needs_beam
def test_the_command_with_options_of_a_runner(tmp_path: Path, source: Source) -> None:
    write_label_map(LABEL_MAP, tmp_path / "map.pbtxt")
    flags = ["-x", str(tmp_path / "in"), "-l", str(tmp_path / "map.pbtxt"), "-o", str(tmp_path / "out" / "a.record")]
    beam = "--runner=FnApiRunner --direct_num_workers=2 --direct_running_mode=multi_threading"
    assert main([*flags, "--num_shards", "4", "--beam", beam]) == 0
    records = [record for path in (tmp_path / "out").glob("a.record-*") for record in read_frames(path)]
    write_records(source, tmp_path / "plain.record", LABEL_MAP)
    assert sorted(records) == sorted(read_frames(tmp_path / "plain.record"))


@needs_beam
def test_an_error_in_the_data_is_told_as_without_beam(tmp_path: Path, source: Source) -> None:
    from tfod.records.beam import write_records_with_beam

    Path(source.items[4]).write_text(annotation("p04.jpg", item("dgo")))
    with pytest.raises(DataError, match="no class 'dgo'"):
        write_records_with_beam(source, tmp_path / "out" / "a.record", LABEL_MAP, 3)
    assert list((tmp_path / "out").iterdir()) == []


def test_without_apache_beam(
    tmp_path: Path, source: Source, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    write_label_map(LABEL_MAP, tmp_path / "map.pbtxt")
    flags = ["-x", str(tmp_path / "in"), "-l", str(tmp_path / "map.pbtxt"), "-o", str(tmp_path / "out" / "a.record")]
    assert main([*flags, "--beam"]) == 2
    assert "apache-beam is not installed" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
