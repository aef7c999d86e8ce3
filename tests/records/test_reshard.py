"""Resharding: the same records, as a conversion into that many files would have written them."""

import json
from pathlib import Path

import pytest

from tests.annotations.voc_files import item, write_photo
from tfod.annotations.voc import read_voc_files
from tfod.cli.reshard_records import main
from tfod.config.label_map import label_map_from_names
from tfod.doctor.verify import verify
from tfod.errors import DataError
from tfod.records.convert import ConversionRules
from tfod.records.files import expand
from tfod.records.frames import read_frames
from tfod.records.reshard import reshard
from tfod.records.write import write_records

LABEL_MAP = label_map_from_names(["cat", "dog"])


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """The paths of eleven annotated photos."""
    return [str(write_photo(tmp_path / "in", f"p{number:02d}", item("dog"))) for number in range(11)]


def _converted(folder: Path, photos: list[str], num_shards: int, **rules: object) -> Path:
    write_records(read_voc_files(photos), folder / "a.record", LABEL_MAP, num_shards, ConversionRules(**rules))
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (4, 3), (3, 13)])
def test_as_if_converted_so(tmp_path: Path, photos: list[str], before: int, after: int) -> None:
    source = _converted(tmp_path / "before", photos, before)
    read: list[int] = []
    reshard([f"{source}/a.record*"], f"{tmp_path}/resharded/a.record", after, advance=read.append)
    expected = _contents(_converted(tmp_path / "after", photos, after))
    assert _contents(tmp_path / "resharded") == expected
    assert sum(read) == sum(len(data) for name, data in expected.items() if not name.endswith(".json"))


def test_by_size(tmp_path: Path, photos: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    source = _converted(tmp_path / "before", photos, 1) / "a.record"
    size = source.stat().st_size
    output = f"{tmp_path}/new/a.record"
    assert main([str(source), "-o", output, "--shard_size", f"{size // 3}"]) == 0
    assert "a.record-00000-of-00003 and 2 more" in capsys.readouterr().out
    assert len(expand([f"{output}-*"])) == 3
    assert verify([f"{output}-*"], LABEL_MAP).findings == []


def test_several_sets_become_one_and_their_manifests_too(tmp_path: Path, photos: list[str]) -> None:
    one, two = _converted(tmp_path / "one", photos[:4], 2), _converted(tmp_path / "two", photos[4:], 3)
    inputs = [f"{one}/a.record-*", f"{two}/a.record-*"]
    reshard(inputs, f"{tmp_path}/both/a.record")
    assert _contents(tmp_path / "both") == _contents(_converted(tmp_path / "all", photos, 1))

    _converted(tmp_path / "two", photos[4:], 3, voc_origin="one_based")
    reshard(inputs, f"{tmp_path}/both/a.record")
    assert set(json.loads((tmp_path / "both" / "a.manifest.json").read_text())) == {"tfod", "files"}
    reshard([inputs[0], f"{two}/a.record-00000-of-00003"], f"{tmp_path}/both/a.record")
    assert len(list(read_frames(tmp_path / "both" / "a.record"))) == 4 + 3


def test_records_of_others_have_no_manifest_and_masks_keep_their_classes(tmp_path: Path, photos: list[str]) -> None:
    source = _converted(tmp_path / "before", photos, 2)
    (source / "a.manifest.json").unlink()
    (source / "a.classes.txt").write_text("0 background\n1 road\n")
    reshard([f"{source}/a.record-*"], f"{tmp_path}/new/b.record")
    assert sorted(_contents(tmp_path / "new")) == ["b.classes.txt", "b.manifest.json", "b.record"]
    assert verify([f"{tmp_path}/new/b.record"]).findings == []


def test_nothing_is_written_of_a_damaged_set(tmp_path: Path, photos: list[str]) -> None:
    source = _converted(tmp_path / "before", photos, 2)
    path = source / "a.record-00001-of-00002"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match="ends inside a record"):
        reshard([f"{source}/a.record-*"], f"{tmp_path}/new/a.record", 3)
    assert _contents(tmp_path / "new") == {}
    path.unlink()
    with pytest.raises(DataError, match="incomplete"):
        reshard([f"{source}/a.record-*"], f"{tmp_path}/new/a.record", 3)


def test_the_input_is_not_written_over(tmp_path: Path, photos: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    source = _converted(tmp_path / "before", photos, 2)
    before = _contents(source)
    assert main([f"{source}/a.record-*", "-o", f"{source}/a.record", "--num_shards", "3"]) == 2
    assert "take the name of the input" in capsys.readouterr().err
    assert _contents(source) == before
