import json

import numpy as np
import pytest
from PIL import Image

from tests.inference.models import export
from tfod.cli.visualize_detections import main
from tfod.visualize.colours import class_colour

LABEL_MAP = "item { id: 1 name: 'bright' }"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    export(folder / "saved_model")
    (folder / "label_map.pbtxt").write_text(LABEL_MAP)
    config = f'eval_input_reader {{ label_map_path: "{folder}/label_map.pbtxt" }}'
    (folder / "pipeline.config").write_text(config)
    return folder


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.full((60, 400, 3), 204, np.uint8)).save(path)
    return path


def test_an_exported_model_finds_the_names_in_the_config_beside_it(exported, picture, tmp_path, capsys):
    arguments = ["--saved_model_dir", str(exported), "--output_dir", str(tmp_path / "out"), str(picture)]
    assert main(arguments) == 0
    assert "1 bright" in capsys.readouterr().out
    written = json.loads((tmp_path / "out" / "detections.json").read_text())
    assert written["pictures"][0]["detections"][0]["name"] == "bright"


def test_keypoints_have_their_lines(picture, tmp_path):
    export(tmp_path / "model" / "saved_model", keypoints=[[0.8, 0.2], [0.8, 0.8]])
    config = tmp_path / "model" / "pipeline.config"
    for edges, drawn in (("", False), ("keypoint_edge { start: 0 end: 1 }", True)):
        config.write_text(f"eval_config {{ {edges} }}")
        out = tmp_path / "out"
        assert main(["--saved_model_dir", str(config.parent), "--output_dir", str(out), str(picture)]) == 0
        with Image.open(out / "a.png") as image:
            assert (image.getpixel((200, 48)) == class_colour(1)) is drawn


def test_without_a_label_map_classes_are_numbers(exported, picture, tmp_path, capsys):
    lonely = tmp_path / "deep" / "deeper"
    lonely.mkdir(parents=True)
    (exported / "saved_model").rename(lonely / "saved_model")
    try:
        out = str(tmp_path / "out")
        assert main(["--saved_model_dir", str(lonely / "saved_model"), "--output_dir", out, str(picture)]) == 0
    finally:
        (lonely / "saved_model").rename(exported / "saved_model")
    streams = capsys.readouterr()
    assert "1 class 1" in streams.out
    assert "--label_map_path" in streams.err


def test_a_config_of_the_zoo_has_the_names_of_coco(exported, picture, tmp_path, capsys):
    config = tmp_path / "pipeline.config"
    reader = 'eval_input_reader { label_map_path: "PATH_TO_BE_CONFIGURED/mscoco_label_map.pbtxt" }'
    flags = ["--saved_model_dir", str(exported), "--pipeline_config_path", str(config)]
    for classes, name in ((90, "1 person"), (20, "1 class 1")):
        config.write_text(f"model {{ ssd {{ num_classes: {classes} }} }} {reader}")
        assert main([*flags, "--output_dir", str(tmp_path / "out"), str(picture)]) == 0
        assert name in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ([], "no model is named"),
        (["--pipeline_config_path", "a.config"], "no model is named"),
        (["--saved_model_dir", "a", "--checkpoint_dir", "b"], "two models are named"),
        (["--saved_model_dir", "nowhere"], "no such file or folder"),
        (["--saved_model_dir", "{exported}", "--max_boxes", "0"], "no box could be drawn"),
        (["--saved_model_dir", "{exported}", "--write", "drawn,xml"], "--write knows no 'xml'"),
        (["--saved_model_dir", "{exported}", "--label_map_path", "gone.pbtxt"], "gone.pbtxt"),
    ],
)
def test_mistakes_end_with_three_lines(exported, picture, tmp_path, capsys, arguments, what):
    arguments = [argument.format(exported=exported) for argument in arguments]
    assert main([*arguments, "--output_dir", str(tmp_path / "out"), str(picture)]) == 2
    error = capsys.readouterr().err
    assert what in error
    assert "\n  where: " in error and "\n  what to do: " in error
    assert not (tmp_path / "out").exists()


def test_no_picture_there(exported, tmp_path, capsys):
    assert main(["--saved_model_dir", str(exported), "--output_dir", str(tmp_path), str(tmp_path / "*.jpg")]) == 2
    assert "no image there" in capsys.readouterr().err
