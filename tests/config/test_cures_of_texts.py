"""Cures of what people write: typing errors, other notations, other files than those that are wanted."""

import re
from pathlib import Path

import pytest

from tests.config.following import follow
from tests.config.sound import LABEL_MAP, LABELS, STEP, TRAIN, records
from tfod.config.check import check_file
from tfod.config.label_map import read_label_map


def _change(old: str, new: str) -> None:
    text = Path("pipeline.config").read_text("utf-8")
    assert old in text
    Path("pipeline.config").write_text(text.replace(old, new, 1), "utf-8")


def _sound(*expected: str) -> None:
    """Follows the cures; each of `expected` must be in some of them."""
    outcome = follow(Path("pipeline.config"))
    assert outcome.sound, (outcome.failed or outcome.left, outcome.cures)
    for one in expected:
        assert any(one in cure for cure in outcome.cures), (one, outcome.cures)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("modle {", "model {"),
        ("image_resiser", "image_resizer"),
        ("fixed_shape_resize {", "fixed_shape_resizer {"),
        ("conv_hyperparameters {", "conv_hyperparams {"),
        ("multi_scale_anchor_generator", "multiscale_anchor_generator"),
        ("arg_max_matcher", "argmax_matcher"),
        ("sigmoid_focal", "weighted_sigmoid_focal"),
        ("training_config", "train_config"),
        ("sgd_optimizer", "momentum_optimizer"),
        ("cosine_learning_rate", "cosine_decay_learning_rate"),
        ("random_crop_images", "random_crop_image"),
        ("evaluation_config", "eval_config"),
        ("train_input_config", "train_input_reader"),
        ("eval_input_config", "eval_input_reader"),
        ("labelmap_path", "label_map_path"),
    ],
)
def test_names_that_are_none(folder: Path, written: str, meant: str) -> None:
    _change(meant, written)
    _sound(f"did you mean {meant.rstrip(' {')}?")


@pytest.mark.parametrize(
    ("old", "new", "cure"),
    [
        ("num_steps: 400", "num_steps: 400.0", "write num_steps: 400"),
        ("num_steps: 400", "num_steps: 4e2", "write num_steps: 400"),
        ("num_steps: 400", "num_steps: 4,000", "write num_steps: 4000"),
        ("num_steps: 400", 'num_steps: "400"', "write num_steps: 400"),
        ("learning_rate_base: 0.02", "learning_rate_base: 0,02", "write learning_rate_base: 0.02"),
        ("min_area: 0.5", "min_area: '50%'", "write min_area: 0.5"),
        ("batch_size: 8", "batch_size = 8", "write batch_size: 8"),
        ("batch_size: 8", "batch_size 8", "write batch_size: 8"),
        ("use_moving_average: false", "use_moving_average: no", "write use_moving_average: false"),
        ("version: V2", 'version: "V2"', "fine_tune_checkpoint_version: V2"),
        ("coco_detection_metrics", "coco", "metrics_set[0]=coco_detection_metrics"),
        ("coco_detection_metrics", "oid_V2_detection_metric", "=coco_detection_metrics"),
        ("ssd_mobilenet_v2_fpn_keras", "SSD_MobileNet_V2_FPN_Keras", "type=ssd_mobilenet_v2_fpn_keras"),
        ("ssd_mobilenet_v2_fpn_keras", "ssd_mobilenet_v2_fpnlite", "type=ssd_mobilenet_v2_fpn_keras"),
        ("ssd_mobilenet_v2_fpn_keras", "efficientdet_d0", "type=ssd_efficientnet-b0_bifpn_keras"),
        ("ssd_mobilenet_v2_fpn_keras", "faster_rcnn_resnet50_keras", "type=ssd_mobilenet_v2_fpn_keras"),
        ("min_area: 0.5", "min_area: 0.9 max_area: 0.1", "min_area=0.1"),
        ("min_area: 0.5", "min_area: 0.1 max_area: -1", "max_area="),
        ("argmax_matcher { }", "argmax_matcher { matched_threshold: 0.3 unmatched_threshold: 0.6 }", "threshold=0.3"),
        ("image_resizer { fixed_shape_resizer { height: 320 width: 320 } }", "image_resizer { }", "image_resizer={"),
        ("matcher { argmax_matcher { } }", "", "argmax_matcher"),
    ],
)
def test_notations_that_are_none(folder: Path, old: str, new: str, cure: str) -> None:
    _change(old, new)
    _sound(cure)


@pytest.mark.parametrize(
    ("old", "new", "what", "cure"),
    [
        ("train_config {", "// mine\ntrain_config {", "a comment of another language", "with # instead"),
        ("batch_size: 8", "\u200bbatch_size: 8", "U+200B (zero width space)", "remove it"),
        ("batch_size: 8", "batch_size\uff1a 8", "U+FF1A (fullwidth colon)", "write : instead"),
        ("min_area: 0.5", "min_area: \u22120.5", "U+2212 (minus sign)", "write - instead"),
    ],
)
def test_characters_that_cannot_be_seen(folder: Path, old: str, new: str, what: str, cure: str) -> None:
    _change(old, new)
    left = follow(Path("pipeline.config")).left
    assert what in left and cure in left


@pytest.mark.parametrize(
    ("value", "cure"),
    [
        ("train.record", "train.record-?????-of-00002"),  # and not val.record, which is as near
        ("train.tfrecord", "train.record-?????-of-00002"),
        ("train.record-?????-of-00010", "train.record-?????-of-00002"),
        ("train.record-%05d-of-00002", "train.record-?????-of-00002"),
        ("file:///data/train.record-?????-of-00002", "input_path[0]=train.record-?????-of-00002"),
    ],
)
def test_patterns_of_records(folder: Path, value: str, cure: str) -> None:
    _change(TRAIN, f'"{value}"')
    _sound(cure)


def test_one_shard_of_several(folder: Path) -> None:
    _change(TRAIN, '"train.record-00000-of-00002"')
    _, (finding,) = check_file("pipeline.config", for_training=True)
    assert (finding.severity, finding.what) == ("warning", "1 of the 2 shards of train.record is read")
    assert "train.record-?????-of-00002" in finding.cure


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data.yaml", "nc: 2\nnames: [cat, 'guinea pig']\n"),
        ("data.yaml", "names:\n  0: cat\n  1: guinea pig\n"),
        ("data.yaml", "names:\n- cat\n- guinea pig\nnc: 2\n"),
        ("classes.csv", "1,cat\n2,guinea pig\n"),
        ("labels.json", '[{"id": 1, "name": "cat"}, {"id": 2, "name": "guinea pig"}]'),
        ("labels.json", '{"1": "cat", "2": "guinea pig"}'),
        ("labels.txt", "cat\nguinea pig\n"),
    ],
)
def test_names_of_other_programs_become_a_label_map(folder: Path, name: str, text: str) -> None:
    Path(name).write_text(text)
    Path("pipeline.config").write_text(Path("pipeline.config").read_text().replace(LABELS, f'"{name}"'))
    _sound("create_label_map.py --names cat 'guinea pig'")
    assert read_label_map(Path(name).with_suffix(".pbtxt")).names == {1: "cat", 2: "guinea pig"}


@pytest.mark.parametrize(
    "text",
    [
        LABEL_MAP.replace("item", "items"),
        LABEL_MAP.replace("name", "class"),
        re.sub(r"id: (\d)", r"id: '\1'", LABEL_MAP),
        LABEL_MAP.replace("'", ""),
    ],
)
def test_label_maps_that_are_nearly_right(folder: Path, text: str) -> None:
    Path("label_map.pbtxt").write_text(text)
    _sound()
    assert read_label_map("label_map.pbtxt").names == {1: "cat", 2: "dog"}


@pytest.mark.parametrize(
    ("field", "name", "data", "told"),
    [
        (TRAIN, "train.csv", b"filename,width,height,class\na,1,1,cat\n", "tfod convert"),
        (TRAIN, "train.zip", b"PK\x03\x04" + bytes(99), "unpack them: unzip"),
        ('"zoo/ckpt-0"', "zoo.tar.gz", b"\x1f\x8b" + bytes(99), "unpack it, and name what lies in it"),
        ('"zoo/ckpt-0"', "photo.jpg", b"\xff\xd8\xff\xe0" + bytes(99), "is an image, not a checkpoint"),
    ],
)
def test_files_of_another_kind(folder: Path, field: str, name: str, data: bytes, told: str) -> None:
    Path(name).write_bytes(data)
    _change(field, f'"{name}"')
    outcome = follow(Path("pipeline.config"))
    assert told in outcome.left


def test_a_checkpoint_and_records_in_each_others_field(folder: Path) -> None:
    Path("train.record").write_bytes(records(2))
    _change('"zoo/ckpt-0"', '"train.record"')
    _change(TRAIN, '"zoo/ckpt-0"')
    _sound("--set train_config.fine_tune_checkpoint=zoo/ckpt-0 --set train_input_reader")


def test_a_step_in_a_list_of_blocks(folder: Path) -> None:
    _change(STEP, "data_augmentation_options: [ { random_horizontal_flip {} }, { random_crop_image {} } ]")
    _sound()
