"""The demo's plan: its commands are understood, its config fits its data. `.ci/run` goes through with it."""

import importlib
import shlex
from pathlib import Path

import pytest

from tfod.annotations.sample_scenes import CLASS_NAMES
from tfod.cli import demo
from tfod.config.check import check_pipeline
from tfod.config.pipeline import read_pipeline_config
from tfod.errors import TrainingError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("size", demo._SIZES.values(), ids=lambda size: size.name)
def test_every_command_that_is_shown_is_understood(size: demo._Size) -> None:
    for _, command in demo._stages(size):
        tool, *flags = shlex.split(command)
        assert (ROOT / "tools" / tool).is_file()
        importlib.import_module(f"tfod.cli.{Path(tool).stem}").build_parser().parse_args(flags)


@pytest.mark.parametrize("masks", [False, True])
def test_the_config_fits_the_data_and_warns_of_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, masks: bool
) -> None:
    size = demo._SIZES["full", masks]
    config = read_pipeline_config(ROOT / size.config)
    monkeypatch.chdir(tmp_path)

    findings = check_pipeline(config, for_training=True)

    model = config.model.faster_rcnn if masks else config.model.ssd
    assert model.num_classes == len(CLASS_NAMES)
    for reader, part in ((config.train_input_reader, "train"), (config.eval_input_reader[0], "val")):
        assert reader.label_map_path == size.label_map
        assert reader.tf_record_input_reader.input_path == [size.records(part)]
        assert reader.load_instance_masks is masks
    # Here there is no data; nothing else is to be said about it.
    assert {finding.where.rsplit(".", 1)[-1] for finding in findings} <= {"label_map_path", "input_path[0]"}


def test_the_ready_configs_are_read_and_differ_from_each_other() -> None:
    paths = sorted((ROOT / "workspace/configs").glob("*.config"))

    configs = [read_pipeline_config(path) for path in paths]
    assert len(paths) >= 2
    assert all(one != other for index, one in enumerate(configs) for other in configs[index + 1 :])


def test_data_is_drawn_once(tmp_path: Path) -> None:
    size = demo._Size("small", training_pictures=2, validation_pictures=1)

    demo._draw(size, tmp_path)
    mine = tmp_path / "annotations/small/train/scene_0000.xml"
    mine.write_text("changed by hand")
    demo._draw(size, tmp_path)

    assert len(list((tmp_path / "annotations/small").rglob("*.jpg"))) == 3
    assert mine.read_text() == "changed by hand"


def test_the_smallest_demo_and_that_of_masks_have_folders_of_their_own() -> None:
    assert len({size.name for size in demo._SIZES.values()}) == 4
    for size in demo._SIZES.values():
        commands = " ".join(command for _, command in demo._stages(size))
        folders = {
            word.split("/")[1] for word in commands.split() if word.startswith(("annotations/", "workspace/demo"))
        }
        assert folders == {size.name}


def test_a_stage_that_fails_ends_the_demo(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/broken.py").write_text("raise SystemExit(2)")

    with pytest.raises(TrainingError, match="the demo cannot go on") as caught:
        demo._stage("Break", "broken.py --flag", tmp_path)

    assert caught.value.where == "tools/broken.py, which ended with exit code 2"
