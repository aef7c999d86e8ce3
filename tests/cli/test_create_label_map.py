"""create_label_map: classes to numbers, and no map lost."""

from pathlib import Path

import pytest

from tests.annotations.voc_files import item, write_photo
from tfod.cli.create_label_map import main
from tfod.config.label_map import read_label_map


def _ids(path: Path) -> dict[str, int]:
    return {entry.name: entry.id for entry in read_label_map(path).items}


def test_classes_of_several_folders_sorted_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_photo(tmp_path / "train", "a", item("dog"), item("cat"), item("dog"))
    write_photo(tmp_path / "test", "b", item("ape"))
    output = tmp_path / "map" / "label_map.pbtxt"

    assert main(["-x", f"{tmp_path}/train", f"{tmp_path}/test", "-o", str(output)]) == 0

    assert _ids(output) == {"ape": 1, "cat": 2, "dog": 3}
    assert "3  dog  (2 objects)" in capsys.readouterr().out


def test_names_keep_their_order(tmp_path: Path) -> None:
    output = tmp_path / "label_map.pbtxt"
    assert main(["--names", "dog", "guinea pig", "cat", "--output_path", str(output)]) == 0
    assert _ids(output) == {"dog": 1, "guinea pig": 2, "cat": 3}


def test_another_map_is_not_replaced_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "label_map.pbtxt"
    assert main(["--names", "dog", "cat", "-o", str(output)]) == 0
    assert main(["--names", "dog", "cat", "-o", str(output)]) == 0
    before = output.read_bytes()

    assert main(["--names", "cat", "dog", "-o", str(output)]) == 2

    assert output.read_bytes() == before
    error = capsys.readouterr().err
    assert "2 of its classes differ: cat 2 -> 1, dog 1 -> 2" in error
    assert "--overwrite" in error
    assert main(["--names", "cat", "dog", "-o", str(output), "--overwrite"]) == 0
    assert _ids(output) == {"cat": 1, "dog": 2}


def test_another_file_is_not_replaced_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "notes.txt"
    output.write_text("my notes")
    assert main(["--names", "cat", "-o", str(output)]) == 2
    assert output.read_text() == "my notes"
    assert "is no label map" in capsys.readouterr().err


def test_nothing_to_make_a_map_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_photo(tmp_path / "empty")
    output = tmp_path / "label_map.pbtxt"
    assert main(["-x", f"{tmp_path}/empty", "-o", str(output)]) == 2
    assert "none of the 1 XML files holds an object" in capsys.readouterr().err
    assert main(["-x", f"{tmp_path}/none", "-o", str(output)]) == 2
    assert main(["--names", "cat", "cat", "-o", str(output)]) == 2
    assert not output.exists()
