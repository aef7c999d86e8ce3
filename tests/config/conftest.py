"""A folder with a sound config, and its check."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.sound import Check, write_sound_config
from tfod.config.check import Diagnostic, check_pipeline
from tfod.config.pipeline import PipelineConfig, read_pipeline_config


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


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineConfig]:
    """A sound config; its files lie in the working directory."""
    folder = tmp_path_factory.mktemp("one_door")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_sound_config(folder)
        yield read_pipeline_config("pipeline.config")
