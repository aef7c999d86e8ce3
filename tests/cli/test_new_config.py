"""`tfod config new`: a config that passes the check, from the archive's or from what is known, and good errors."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.zoo_archives import tf1_zoo_files, zoo_files
from tfod.cli.create_label_map import main as create_label_map
from tfod.cli.new_config import main
from tfod.config.check import check_file
from tfod.config.pipeline import read_pipeline_config
from tfod.config.zoo import find_model
from tfod.config.zoo_models import MODELS
from tfod.config.zoo_ssd import ssd_model
from tfod.records.frames import write_frame

NAME = "ssd_mobilenet_v2_fpnlite_320x320"
MODEL = find_model(NAME)
FLAGS = ["--label_map", "map.pbtxt", "--train", "train.record", "--val", "val.record"]
OUTPUT = Path("workspace") / NAME / "pipeline.config"


def _write_records(path: Path, count: int) -> None:
    with path.open("wb") as file:
        for _ in range(count):
            write_frame(file, b"a picture")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The working folder, with records of 200 pictures and 40."""
    monkeypatch.chdir(tmp_path)
    create_label_map(["--names", "cat", "dog", "-o", "map.pbtxt"])
    _write_records(tmp_path / "train.record", 200)
    _write_records(tmp_path / "val.record", 40)
    capsys.readouterr()
    return tmp_path


@pytest.fixture
def archive(folder: Path, tiny_checkpoint: Path) -> Path:
    """The model's unpacked archive, whose config is not quite what everybody thinks."""
    place = folder / "pretrained_models" / MODEL.name
    message = ssd_model(MODEL, num_classes=90)
    message.ssd.box_coder.faster_rcnn_box_coder.y_scale = 1.0
    for name, content in zoo_files(tiny_checkpoint, f"model {{ {message} }}".encode()).items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place


def _error(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "  where", "  what to do"]
    return [line.partition(": ")[2] for line in lines]


def test_with_the_archive(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", NAME, *FLAGS]) == 0

    assert capsys.readouterr().out == (
        f"{OUTPUT}\n"
        "  200 pictures to learn from, 40 to judge by, 2 classes\n"
        "next:\n"
        f"  tfod train --pipeline_config_path {OUTPUT} --model_dir {OUTPUT.parent}\n"
    )
    config, findings = check_file(OUTPUT, for_training=True, model_dir=OUTPUT.parent)
    # The smallest checkpoint is no detector's.
    assert [finding for finding in findings if finding.rule != "checkpoint-type"] == []
    assert config.model.ssd.box_coder.faster_rcnn_box_coder.y_scale == 1.0
    assert config.model.ssd.num_classes == 2
    assert config.train_config.num_steps == 50 * 200 / 8
    assert config.train_config.fine_tune_checkpoint == f"pretrained_models/{MODEL.name}/checkpoint/ckpt-0"


def test_without_the_archive(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", MODEL.name, *FLAGS, "--pretrained_dir", "my zoo"]) == 0

    assert "next:\n  tfod zoo download ssd_mobilenet_v2_fpnlite_320x320 --pretrained_dir 'my zoo'\n" in (
        capsys.readouterr().out
    )
    config, findings = check_file(OUTPUT, for_training=True)
    assert [finding.rule for finding in findings if finding.rule != "memory"] == ["checkpoint-missing"]
    assert config.model.ssd.box_coder.faster_rcnn_box_coder.y_scale == 10.0


def test_a_model_of_tensorflow_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its weights have the names of a graph; of some models only the archive has the config."""
    name, archive = "ssd_mobilenet_v2_coco", folder / "pretrained_models" / "ssd_mobilenet_v2_coco_2018_03_29"
    assert main(["--model", "ssd_mobilenet_v3_large_coco", *FLAGS]) == 2
    assert _error(capsys)[2] == "tfod zoo download ssd_mobilenet_v3_large_coco, which brings its config"
    assert main(["--model", name, *FLAGS, "--output", "without.config"]) == 0
    assert read_pipeline_config("without.config").model.ssd.loss.HasField("hard_example_miner")
    assert "next:\n  tfod zoo download ssd_mobilenet_v2_coco\n" in capsys.readouterr().out

    message = ssd_model(find_model("ssd_mobilenet_v2_320x320"), num_classes=90)
    message.ssd.feature_extractor.type = "ssd_mobilenet_v2"
    tf1_zoo_files(archive)
    (archive / "pipeline.config").write_text(f"model {{ {message} }}")
    assert main(["--model", name, *FLAGS]) == 0
    path = Path("workspace") / name / "pipeline.config"
    config, findings = check_file(path, for_training=True)
    assert {finding.severity for finding in findings if finding.rule != "memory"} == {"note"}
    train = config.train_config
    assert train.fine_tune_checkpoint == f"pretrained_models/{archive.name}/model.ckpt"
    assert (train.fine_tune_checkpoint_type, train.fine_tune_checkpoint_version) == ("detection", 1)
    assert config.model.ssd.num_classes == 2
    assert "(mAP 22 on COCO, as published)" in path.read_text()


def test_an_efficientdet_has_the_box_coder_of_its_archive() -> None:
    assert main(["--model", "efficientdet_d1", *FLAGS]) == 0
    path = Path("workspace/efficientdet_d1/pipeline.config")
    coder = read_pipeline_config(path).model.ssd.box_coder.faster_rcnn_box_coder
    assert (coder.y_scale, coder.x_scale, coder.height_scale, coder.width_scale) == (1, 1, 1, 1)
    assert "# of the zoo's archive, whose weights go with these numbers and no others\n" in path.read_text()


@pytest.mark.parametrize("name", [model.short_name for model in MODELS if model.trainable])
def test_every_model_that_can_be_trained(name: str) -> None:
    assert main(["--model", name, *FLAGS]) == 0
    _, findings = check_file(Path("workspace") / name / "pipeline.config", for_training=True)
    assert [finding.rule for finding in findings if finding.rule != "memory"] == ["checkpoint-missing"]


def test_the_head_says_how_it_was_made(archive: Path) -> None:
    assert main(["--model", NAME, *FLAGS, "--epochs", "8"]) == 0
    head = OUTPUT.read_text().partition("\nmodel {")[0]
    assert (
        head
        == f"""\
# Fine-tunes {NAME} of the model zoo (mAP 22.2 on COCO, as published).
#
#   made by  tfod config new \\
#              --model {NAME} \\
#              --label_map map.pbtxt \\
#              --train train.record \\
#              --val val.record \\
#              --epochs 8
#   data     200 pictures to learn from, 40 to judge by, 2 classes
#   needs    pretrained_models/{MODEL.name}, which `tfod zoo download` fetches
#   train    tfod train --pipeline_config_path {OUTPUT} --model_dir {OUTPUT.parent}
#   takes    about a minute on two processor cores without a GPU
#
# Paths are relative to the folder in which commands are typed.
"""
    )


@pytest.mark.parametrize(
    ("model", "steps", "takes"),
    [(NAME, "1500", "about 9 minutes"), ("ssd_resnet50_v1_fpn_1024x1024", "9000", "about 13 hours")],
)
def test_the_head_says_about_how_long_it_takes(model: str, steps: str, takes: str) -> None:
    assert main(["--model", model, *FLAGS, "--num_steps", steps, "--output", "x.config"]) == 0
    assert f"#   takes    {takes} on two processor cores without a GPU\n" in Path("x.config").read_text()


@pytest.mark.parametrize(
    "train", [["a-00000-of-00002", "a-00001-of-00002"], ["a-00000-of-00002,a-00001-of-00002"], ["a-?????-of-00002"]]
)
def test_records_in_several_files(folder: Path, train: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    _write_records(folder / "a-00000-of-00002", 60)
    _write_records(folder / "a-00001-of-00002", 50)
    assert main(["--model", NAME, "--label_map", "map.pbtxt", "--train", *train, "--val", "val.record"]) == 0
    assert "  110 pictures to learn from, 40 to judge by" in capsys.readouterr().out
    reader = read_pipeline_config(OUTPUT).train_input_reader.tf_record_input_reader
    assert list(reader.input_path) == [path for value in train for path in value.split(",")]


def test_folders_of_records(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, count in (("set/train/x.tfrecord", 60), ("set/valid/x.tfrecord", 20), ("set/test/x.tfrecord", 9)):
        (folder / name).parent.mkdir(parents=True)
        _write_records(folder / name, count)
    for number in (0, 1):
        _write_records(folder / "set" / "train" / f"y.record-0000{number}-of-00002", 5)
    flags = ["--model", NAME, "--label_map", "map.pbtxt"]
    for train, val in (("set", "set"), ("set/train", "set/valid")):
        assert main([*flags, "--train", train, "--val", val, "--force"]) == 0
        assert "  70 pictures to learn from, 20 to judge by" in capsys.readouterr().out
        config = read_pipeline_config(OUTPUT)
        assert list(config.train_input_reader.tf_record_input_reader.input_path) == [
            "set/train/x.tfrecord", "set/train/y.record-?????-of-00002"
        ]  # fmt: skip
    (folder / "empty").mkdir()
    assert main([*flags, "--train", "empty", "--val", "set", "--force"]) == 2
    assert _error(capsys)[0] == "the folder holds no TFRecord file"


def test_settings_that_were_asked_for() -> None:
    assert main(["--model", NAME, *FLAGS, "--batch_size", "4", "--num_steps", "300", "--output", "my.config"]) == 0
    config = read_pipeline_config("my.config")
    assert (config.train_config.batch_size, config.train_config.num_steps) == (4, 300)


def test_class_names_cannot_break_the_config() -> None:
    create_label_map(["--names", 'a\n} model { "', "b # c", "-o", "map.pbtxt", "--overwrite"])
    assert main(["--model", NAME, *FLAGS]) == 0
    assert read_pipeline_config(OUTPUT).model.ssd.num_classes == 2


def test_a_config_that_is_there_stays(capsys: pytest.CaptureFixture[str]) -> None:
    OUTPUT.parent.mkdir(parents=True)
    OUTPUT.write_text("mine")
    assert main(["--model", NAME, *FLAGS]) == 2
    assert _error(capsys) == [
        "there is such a file already", str(OUTPUT), "--force replaces it, --output names another",
    ]  # fmt: skip
    assert OUTPUT.read_text() == "mine"
    assert main(["--model", NAME, *FLAGS, "--force"]) == 0


@pytest.mark.parametrize(
    ("change", "what", "where", "cure"),
    [
        (
            {"--model": "centernet_resnet50_v2_512x512"},
            "centernet_resnet50_v2_512x512 cannot be trained here yet",
            "--model",
            "tfod zoo list --trainable",
        ),
        (
            {"--model": "rfcn_resnet101_coco_2018_01_28"},
            "rfcn_resnet101_coco cannot be trained here",
            "--model",
            "the nearest that can: --model ssd_resnet101_v1_fpn_640x640",
        ),
        (
            {"--model": "ssd_mobilnet_v1_fpn_640x640"},
            "the zoo has no model",
            "the name",
            "did you mean ssd_mobilenet_v1",
        ),
        ({"--label_map": "mop.pbtxt"}, "there is no such label map", "mop.pbtxt", "did you mean map.pbtxt?"),
        ({"--train": "no.record"}, "no TFRecord file matches", "no.record", "check the path"),
        ({"--train": "empty.record"}, "there is no picture in the records", "empty.record", "convert the photos"),
        ({"--val": "map.pbtxt"}, "there is no picture in the records", "map.pbtxt", "convert the photos again"),
        ({"--output": "map.pbtxt/x"}, "cannot write the output", "map.pbtxt/x", "choose an output"),
    ],
)
def test_errors(
    folder: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], what: str, where: str, cure: str
) -> None:
    (folder / "empty.record").touch()
    flags = dict(zip(FLAGS[::2], FLAGS[1::2], strict=True)) | {"--model": NAME} | change
    assert main([text for pair in flags.items() for text in pair]) == 2
    found = _error(capsys)
    assert found[0].startswith(what) and found[1].startswith(where) and found[2].startswith(cure)
    assert not OUTPUT.exists()


@pytest.mark.parametrize("flag", ["--batch_size", "--num_steps", "--epochs"])
@pytest.mark.parametrize("value", ["0", "-3", "many"])
def test_numbers_that_are_none(flag: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--model", NAME, *FLAGS, f"{flag}={value}"])
    assert caught.value.code == 2
    assert "is not a whole number of at least 1" in _error(capsys)[0]


def test_damaged_records_are_found_before_anything_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "train.record-00001-of-00002").open("wb") as file:
        write_frame(file, b"a picture")
    with (folder / "train.record-00000-of-00002").open("wb") as file:
        file.write(b"no records, though there is enough of it")
    assert main(["--model", NAME, *FLAGS[:2], "--train", "train.record-?????-of-00002", "--val", "val.record"]) == 2
    told = _error(capsys)[0]
    assert told.startswith("train.record-00000-of-00002 cannot be read") and told.endswith("no TFRecord file")
    assert not OUTPUT.exists()


def test_training_data_to_judge_by_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", NAME, *FLAGS[:4], "--val", "train.record"]) == 0
    assert "evaluation reads the records that training reads" in capsys.readouterr().out


def test_an_archive_of_another_model(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (archive / "pipeline.config").write_text("model { center_net { num_classes: 90 } }")
    assert main(["--model", NAME, *FLAGS]) == 2
    assert _error(capsys)[0].startswith(f"this is not the config of {NAME}")


def test_without_tensorflow(folder: Path) -> None:
    program = (
        "import sys; from tfod.cli.main import main\n"
        f"code = main(['config', 'new', '--model', {NAME!r}, *{FLAGS!r}])\n"
        "sys.exit(code or 'tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert OUTPUT.is_file()
