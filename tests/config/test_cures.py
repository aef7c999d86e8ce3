"""Cures are tried: whoever does what the check says, step by step, ends with a config without errors or a refusal."""

import re
from pathlib import Path

import pytest

from tests.clock import seconds_at_most
from tests.config.following import Outcome, follow
from tests.config.sound import CONFIG, LABEL_MAP, LABELS, NMS, RATE, SSD, STEP, TRAIN, records
from tfod.cli.check_config import main
from tfod.config.check import check_file
from tfod.config.label_map import read_label_map
from tfod.errors import ConfigError

DEEP = 100_000


def _with(old: str, new: str, *, count: int = 1) -> Outcome:
    text = Path("pipeline.config").read_text(encoding="utf-8")
    assert old in text
    Path("pipeline.config").write_text(text.replace(old, new, count), encoding="utf-8")
    return follow(Path("pipeline.config"))


def _told(outcome: Outcome) -> str:
    return f"{outcome.failed or outcome.left}; cures: {outcome.cures}"


def test_nothing_is_to_be_cured_in_a_sound_config(folder: Path) -> None:
    assert follow(Path("pipeline.config")) == Outcome(sound=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # typed quotes
        (TRAIN, "“train.record-?????-of-00002”"),
        (TRAIN, '"train.record-?????-of-00002”'),
        (TRAIN, "„train.record-?????-of-00002“"),
        (TRAIN, "«train.record-?????-of-00002»"),
        (TRAIN, '"“train.record-?????-of-00002”"'),
        (LABELS, "‘label_map.pbtxt’"),
        (LABELS, "\"'label_map.pbtxt'\""),
        ('"zoo/ckpt-0"', "“zoo/ckpt-0”"),
        ('"zoo/ckpt-0"', '" zoo/ckpt-0"'),
        ("batch_size: 8", "“batch_size”: 8"),
        ("batch_size: 8", 'batch_size: "8"'),
        ("batch_size: 8", "batch_size: “8”"),
        # Windows
        (TRAIN, '"C:\\data\\train.record-?????-of-00002"'),
        (TRAIN, '"C:\\Users\\me\\train.record-?????-of-00002"'),
        (TRAIN, '"C:\\\\Users\\\\me\\\\train.record-?????-of-00002"'),
        (TRAIN, '"C:/Users/me/train.record-?????-of-00002"'),
        (LABELS, '"D:\\new\\label_map.pbtxt"'),
        (LABELS, '"D:\\users\\label_map.pbtxt"'),
        ('"zoo/ckpt-0"', '"C:\\models\\zoo\\ckpt-0"'),
        ('"zoo/ckpt-0"', '"C:\\temp\\zoo\\ckpt-0"'),
        # another machine
        (TRAIN, '"/content/drive/MyDrive/train.record-?????-of-00002"'),
        (LABELS, '"/kaggle/input/labels/label_map.pbtxt"'),
        ('"zoo/ckpt-0"', '"/content/models/zoo/ckpt-0"'),
        ('"zoo/ckpt-0"', '"/home/nobody/zoo/ckpt-0"'),
        # a typing error, a folder
        (TRAIN, '"trian.record-?????-of-00002"'),
        (TRAIN, '"train.record@2"'),
        (TRAIN, '"."'),
        (LABELS, '"labelmap.pbtxt"'),
        (LABELS, '"."'),
        (LABELS, '"LABEL_MAP.PBTXT"'),
        # a checkpoint
        ('"zoo/ckpt-0"', '"zoo"'),
        ('"zoo/ckpt-0"', '"zoo/checkpoint"'),
        ('"zoo/ckpt-0"', '"zoo/ckpt-1"'),
        ('"zoo/ckpt-0"', '"zoo/ckpt-0.meta"'),
        ('"zoo/ckpt-0"', '"zoo/ckpt-0.index"'),
        ('"zoo/ckpt-0"', '"zoo/saved_model/saved_model.pb"'),
        ('"zoo/ckpt-0"', '"zoo/checkpoints/ckpt-0"'),
        # files in each other's field
        (f"label_map_path: {LABELS}\n  tf_record_input_reader {{ input_path: {TRAIN}",
         'label_map_path: "val.record"\n  tf_record_input_reader { input_path: "label_map.pbtxt"'),
        (LABELS, '"val.record"'),
        (LABELS, '"pipeline.config"'),
        # extractors
        ("ssd_mobilenet_v2_fpn_keras", "ssd_mobilenet_v2_fpn"),
        ("ssd_mobilenet_v2_fpn_keras", "ssd_inception_v2"),
        ("ssd_mobilenet_v2_fpn_keras", "ssd_mobilenet_v3_large"),
        ("ssd_mobilenet_v2_fpn_keras", "ssd_mobilenet_v2_fpn_kears"),
        # numbers
        ("height: 320", "height: 100000"),
        ("height: 320 width: 320", "height: 2147483647 width: 2147483647"),
        ("height: 320 width: 320", "height: 8192 width: 8192"),
        ("batch_size: 8", "batch_size: 4000000000"),
        ("batch_size: 8", "batch_size: 900000"),
        ("depth: 128", "depth: 2147483647"),
        ("num_layers_before_predictor: 4", "num_layers_before_predictor: 2147483647"),
        ('type: "ssd', 'depth_multiplier: nan type: "ssd'),
        ('type: "ssd', 'depth_multiplier: 1e30 type: "ssd'),
        ('type: "ssd', 'depth_multiplier: 0.01 min_depth: 0 type: "ssd'),
        ('type: "ssd', 'pad_to_multiple: 7 type: "ssd'),
        ("fpn { min_level: 3", "fpn { min_level: -3"),
        ("aspect_ratios: [1.0, 2.0, 0.5]", "scales_per_octave: 2147483647 aspect_ratios: [1.0, 2.0, 0.5]"),
        ("aspect_ratios: [1.0, 2.0, 0.5]", "aspect_ratios: [1.0, -2.0, inf]"),
        ("num_classes: 2", "num_classes: 2147483647"),
        ("min_area: 0.5", "min_area: 50"),
        ("min_area: 0.5", "min_area: nan max_area: -1"),
        (STEP, "data_augmentation_options { resize_image { } }"),
        (STEP, "data_augmentation_options { random_scale_crop_and_pad_to_square { output_size: 2147483647 } }"),
        (STEP, "data_augmentation_options { ssd_random_crop { operations { min_area: 0.5 } } }"),
        ("warmup_steps: 50", "warmup_steps: 5000"),
        ("learning_rate_base: 0.02", "learning_rate_base: -0.02"),
        ("eval_config {", "eval_config { use_moving_averages: true"),
        ("train_input_reader {", "train_input_reader { shuffle_buffer_size: 4294967295"),
        ("train_input_reader {", "train_input_reader { max_number_of_boxes: -5"),
        ("train_input_reader {", "train_input_reader { max_number_of_boxes: 2147483647 num_prefetch_batches: 99999"),
        ("batch_size: 1 }", "batch_size: 4000000000 }"),
        ("batch_non_max_suppression { }", "batch_non_max_suppression { max_total_detections: -1 iou_threshold: nan }"),
    ],
)  # fmt: skip
def test_the_cures_lead_to_a_sound_config(folder: Path, old: str, new: str) -> None:
    outcome = _with(old, new)
    assert outcome.sound, _told(outcome)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (TRAIN, '"C:\\temp\\other.record"', "path of Windows"),
        (TRAIN, '"/content/drive/MyDrive/other.record"', "Google Colab"),
        (LABELS, '"/Users/ann/other.pbtxt"', "Mac"),
        ('"zoo/ckpt-0"', '"C:/models/other/ckpt-9"', "path of Windows"),
        ('"zoo/ckpt-0"', '"label_map.pbtxt"', "is a label map, not a checkpoint"),
        ("ssd_mobilenet_v2_fpn_keras", "ssd_efficientnet-custom", "not available"),
    ],
)
def test_what_cannot_be_cured_from_here_is_said(folder: Path, old: str, new: str, told: str) -> None:
    outcome = _with(old, new)
    assert not outcome.sound
    assert not outcome.failed
    assert told in outcome.left


@pytest.mark.parametrize(
    ("text", "what", "cure"),
    [
        ("\n\n<!DOCTYPE html>\n<html><body>model {</body></html>", "a web page", "Raw"),
        ('{"payload": {"fileTree": {}}}', "JSON", "Raw"),
        ('{"cells": [{"cell_type": "code"}]}', "JSON", "Raw"),
        ("{'model': ssd {\n  num_classes: 2\n}\n}", "a printed Python dictionary", "save_pipeline_config"),
        ("<annotation><object/></annotation>", "XML", "name a pipeline config"),
        (LABEL_MAP, "a label map", "name a pipeline config"),
        ("PK\x03\x04abc", "an archive (zip)", "unpack"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(folder: Path, text: str, what: str, cure: str) -> None:
    Path("pipeline.config").write_text(text)
    with pytest.raises(ConfigError) as caught:
        check_file("pipeline.config", for_training=True)
    assert caught.value.what == f"this is {what}, not a pipeline config"
    assert cure in caught.value.cure


def test_records_saved_as_a_config_are_called_by_their_name(folder: Path) -> None:
    with pytest.raises(ConfigError, match="this is a TFRecord file, not a pipeline config"):
        check_file("val.record", for_training=True)


def test_names_of_tensorflow_lite_become_a_label_map(folder: Path) -> None:
    Path("labelmap.txt").write_text("cat\nguinea pig\n")
    outcome = _with(LABELS, '"labelmap.txt"', count=2)
    assert outcome.sound, _told(outcome)
    assert read_label_map("labelmap.pbtxt").names == {1: "cat", 2: "guinea pig"}


def test_quotes_inside_a_label_map(folder: Path) -> None:
    Path("label_map.pbtxt").write_text("item {\n  id: 1\n  name: ‘cat’\n}\nitem {\n  id: 2\n  name: “dog”\n}\n")
    outcome = follow(Path("pipeline.config"))
    assert outcome.sound, _told(outcome)
    assert read_label_map("label_map.pbtxt").names == {1: "cat", 2: "dog"}


def test_all_lines_with_typed_quotes_are_named_at_once(folder: Path) -> None:
    text = re.sub(r'"([\w.?/-]+)"', "“\\1”", CONFIG)
    Path("pipeline.config").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        check_file("pipeline.config", for_training=True)
    assert "the same in line" in caught.value.cure
    outcome = follow(Path("pipeline.config"))
    assert outcome.sound, _told(outcome)


def test_what_backslashes_became_is_shown(folder: Path) -> None:
    text = CONFIG.replace(TRAIN, '"C:\\temp\\new.record"')
    Path("pipeline.config").write_text(text)
    _, findings = check_file("pipeline.config", for_training=True)
    (found,) = [one for one in findings if one.rule == "no-records"]
    assert "'C:\\temp\\new.record'" in found.what
    assert "read as escapes" in found.what
    assert "C:/temp/new.record" in found.cure


def test_several_steps_in_one_block_are_written_out_as_several(folder: Path) -> None:
    steps = "random_horizontal_flip {} random_adjust_brightness { max_delta: 0.1 } random_rotation90 { }"
    Path("pipeline.config").write_text(CONFIG.replace(STEP, f"data_augmentation_options {{ {steps} }}"))
    _, findings = check_file("pipeline.config", for_training=True)
    (found,) = [one for one in findings if one.rule == "given-twice"]
    written = found.cure.partition(": ")[2]
    Path("pipeline.config").write_text(CONFIG.replace(STEP, written))
    config, findings = check_file("pipeline.config", for_training=True)
    assert findings == []
    kinds = [one.WhichOneof("preprocessing_step") for one in config.train_config.data_augmentation_options]
    assert kinds == ["random_horizontal_flip", "random_adjust_brightness", "random_rotation90"]
    assert config.train_config.data_augmentation_options[1].random_adjust_brightness.max_delta == pytest.approx(0.1)


def test_many_missing_shards_are_one_error(folder: Path) -> None:
    names = [f"many.record-{number:05d}-of-00100" for number in range(100)]
    for name in names[:4]:
        Path(name).write_bytes(records(1))
    paths = ", ".join(f'"{name}"' for name in names)
    Path("pipeline.config").write_text(CONFIG.replace(f"input_path: {TRAIN}", f"input_path: [{paths}]"))
    _, findings = check_file("pipeline.config", for_training=True)
    found = [one for one in findings if one.severity == "error"]
    assert [one.rule for one in found] == ["missing-shards"]
    assert "96 of 100" in found[0].what


def test_files_of_one_fault_are_one_error(folder: Path) -> None:
    for number in range(50):
        Path(f"bad.record-{number:05d}-of-00050").write_bytes(b"filename,width\n")
    Path("pipeline.config").write_text(CONFIG.replace(TRAIN, '"bad.record-*"'))
    _, findings = check_file("pipeline.config", for_training=True)
    found = [one for one in findings if one.severity == "error"]
    assert len(found) == 1
    assert "49 more" in found[0].what


def test_a_pattern_over_links_that_lead_nowhere(folder: Path) -> None:
    Path("links.record-1").symlink_to("nowhere.record")
    Path("links.record-2").write_bytes(records(1))
    Path("pipeline.config").write_text(CONFIG.replace(TRAIN, '"links.record-*"'))
    _, findings = check_file("pipeline.config", for_training=True)
    (found,) = [one for one in findings if one.severity == "error"]
    assert found.what == "links.record-1 is a link that leads nowhere"


@pytest.mark.parametrize("old", [TRAIN, LABELS, '"zoo/ckpt-0"'])
@pytest.mark.parametrize("letter", ["x", "/x", "*", "?", "\\\\", "\\000"])
def test_paths_of_five_thousand_letters(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, letter: str
) -> None:
    Path("pipeline.config").write_text(CONFIG.replace(old, f'"{letter * 5000}"'))
    with seconds_at_most(2):
        assert main(["pipeline.config"]) == 2
    told = capsys.readouterr()
    assert max(map(len, (told.out + told.err).splitlines())) < 1000


def test_a_config_of_a_path_of_five_thousand_letters(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("x" * 5000, "x\0y"):
        assert main([path]) == 2
        told = capsys.readouterr().err
        assert told.startswith("error: cannot read the pipeline config")
        assert len(told.splitlines()) == 3
        assert len(told) < 600


@pytest.mark.parametrize(
    "text", ["a {" * DEEP, "a { " * DEEP + "}" * DEEP, "[" * DEEP, "model { ssd " * DEEP, "<" * DEEP]
)
def test_braces_a_hundred_thousand_deep(folder: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    for name in ("pipeline.config", "label_map.pbtxt"):
        Path("pipeline.config").write_text(CONFIG)
        Path(name).write_text(text)
        with seconds_at_most(3):
            assert main(["pipeline.config"]) == 2
        told = capsys.readouterr()
        assert len((told.err or told.out).splitlines()) <= 8
        assert "Recursion" not in told.err + told.out


def test_braces_in_an_override(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for override in (
        "model { " * DEEP,
        "model={ ssd " * DEEP,
        "a[" * DEEP + "=1",
        "a" * DEEP + "=1",
        f"x[{'9' * 5000}]=1",
    ):
        assert main(["pipeline.config", "--set", override]) == 2
        told = capsys.readouterr().err
        assert len(told.splitlines()) == 3
        assert len(told) < 2000


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "1e" + "9" * 5000, "0x" + "f" * 5000])
def test_numbers_of_five_thousand_digits(folder: Path, capsys: pytest.CaptureFixture[str], number: str) -> None:
    Path("pipeline.config").write_text(CONFIG.replace("batch_size: 8", f"batch_size: {number}"))
    assert main(["pipeline.config"]) == 2
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 3
    assert len(told) < 1000


@pytest.mark.parametrize(
    "text", ["item { id: 2147483647 name: 'far' }", "item { id: 1 name: 'near' } item { id: 100001 name: 'far' }"]
)
def test_a_label_map_with_a_huge_id(folder: Path, text: str) -> None:
    Path("label_map.pbtxt").write_text(text)
    outcome = follow(Path("pipeline.config"))
    assert "'far' has the id" in outcome.left
    assert not outcome.failed


def test_a_label_map_of_a_million_classes(folder: Path) -> None:
    Path("label_map.pbtxt").write_text("".join(f"item {{ id: {n} name: 'c{n}' }}\n" for n in range(1, 1_000_001)))
    with seconds_at_most(3):
        outcome = follow(Path("pipeline.config"))
    assert "more than 100,000 classes" in outcome.left


def test_what_would_not_fit_is_told_with_its_field(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfod.config.rules import memory

    def found(*overrides: str) -> list[tuple[str, str]]:
        _, findings = check_file("pipeline.config", overrides, for_training=True)
        return [(one.severity, one.where.rpartition(", ")[2]) for one in findings if one.rule == "memory"]

    monkeypatch.setattr(memory, "machine_gigabytes", lambda: (16.0, False))
    rate = f"{RATE}.learning_rate_base=0.1"
    assert found() == []
    assert found("train_config.batch_size=128", rate) == [("warning", "train_config.batch_size")]
    assert found("train_config.batch_size=4096", rate) == [("warning", "train_config.batch_size")]
    assert found("train_config.batch_size=65536", rate) == [("error", "train_config.batch_size")]
    sides = f"{SSD}.image_resizer.fixed_shape_resizer"
    assert found(f"{sides}.height=8192", f"{sides}.width=8192") == [
        ("warning", f"{sides}.height"), ("warning", f"{sides}.height"),
    ]  # fmt: skip
    assert found("train_input_reader.max_number_of_boxes=30000") == [
        ("warning", "train_input_reader.max_number_of_boxes")
    ]
    assert found("eval_config.batch_size=100000") == [("error", "eval_config.batch_size")]

    (_, (finding,)), (_, again) = (
        check_file("pipeline.config", ["train_config.batch_size=128", rate], for_training=True, recompute=recompute)
        for recompute in (False, True)
    )
    assert re.match(r"train with --recompute \(about 1?\d GB, .*\), or --set train_config\.batch_size=64", finding.cure)
    assert not again

    monkeypatch.setattr(memory, "machine_gigabytes", lambda: (16.0, True))
    assert found("train_config.batch_size=128", rate) == []
    assert found("train_config.batch_size=900000", rate) == [("error", "train_config.batch_size")]


def test_the_machine_says_how_much_memory_it_has() -> None:
    from tfod.config.rules.memory import machine_gigabytes

    assert 0.1 < machine_gigabytes()[0] < 100_000


def test_an_override_keeps_the_dots_of_its_value(folder: Path) -> None:
    Path("v.1.2.record").write_bytes(records(1))
    config, _ = check_file(
        "pipeline.config", ["train_input_reader.tf_record_input_reader.input_path[0]=v.1.2.record"], for_training=True
    )
    assert list(config.train_input_reader.tf_record_input_reader.input_path) == ["v.1.2.record"]


def test_a_number_beyond_its_range_hides_nothing_else(folder: Path) -> None:
    """The rest is checked as if the number were possible."""
    overrides = [f"{SSD}.feature_extractor.conv_hyperparams.batch_norm.decay=1e30", f"{NMS}.iou_threshold=7"]
    _, findings = check_file("pipeline.config", overrides, for_training=True)
    assert [one.rule for one in findings if one.severity == "error"] == ["number", "detections"]
