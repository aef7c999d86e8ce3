"""A folder with a sound config, and its check."""

from pathlib import Path

import pytest

from tests.config.sound import Check, write_sound_config
from tfod.config.check import Diagnostic, check_pipeline
from tfod.config.pipeline import read_pipeline_config


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a sound config and its files."""
    monkeypatch.chdir(tmp_path)
    write_sound_config(tmp_path)
    return tmp_path


@pytest.fixture
def check(folder: Path) -> Check:
    """Checks the sound config, with overrides, in its folder."""

    def run(*overrides: str, **options: object) -> list[Diagnostic]:
        return check_pipeline(read_pipeline_config("pipeline.config", overrides), for_training=True, **options)  # type: ignore[arg-type]

    return run
