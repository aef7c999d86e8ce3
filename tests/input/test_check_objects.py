"""The check of the data: what of the records' objects would be lost is told before the training, with numbers."""

from pathlib import Path

import pytest
from google.protobuf import text_format

from tests.input.records import example, write
from tfod.config.diagnostics import Diagnostic
from tfod.config.label_map import label_map_from_names, write_label_map
from tfod.input.check_from_config import check_objects
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.records import objects
from tfod.records.manifest import manifest_path, manifest_text, record_file

BOX = (0.1, 0.2, 0.5, 0.6)
NAN = float("nan")


def _check(
    folder: Path, *records: bytes, train=("cat", "dog"), evaluation=None, more="", reader="", **options
) -> list[Diagnostic]:
    """What is found of `records`, which are trained on, and evaluated on where `evaluation` names classes for that."""
    if records:
        write(folder / "train.record", *records)
    text = f"model {{ ssd {{ num_classes: 2 }} }} {more}"
    for section, names in (("train_input_reader", train), ("eval_input_reader", evaluation)):
        if names is not None:
            label_map = folder / f"{section}.pbtxt"
            write_label_map(label_map_from_names(names), label_map)
            path = folder / "train.record"
            files = f'tf_record_input_reader {{ input_path: "{path}" }}'
            text += f'{section} {{ label_map_path: "{label_map}" {files} {reader} }}'
    return list(check_objects(text_format.Parse(text, TrainEvalPipelineConfig()), **options))


def _one(found: list[Diagnostic]) -> tuple[str, str, str]:
    (finding,) = found
    assert finding.where and finding.cure
    return finding.severity, finding.rule, finding.what


def test_sound_records_give_no_finding(tmp_path):
    records = [example(boxes=(BOX, BOX), texts=["dog", "cat"]), example(boxes=(), texts=())]
    assert _check(tmp_path, *records, evaluation=("cat", "dog")) == []


def test_names_that_the_label_map_writes_otherwise_are_an_error(tmp_path):
    found = _check(tmp_path, example(boxes=(BOX, BOX), texts=["Dog", "Cat"]), example(texts=["Dog"]))

    assert _one(found) == (
        "error",
        "unknown-classes",
        "none of the 3 objects in the 2 records has a class that the label map knows: 'Dog' (2), 'Cat' (1); "
        "the label map has 'cat', 'dog'",
    )
    assert found[0].where == "train_input_reader.label_map_path"
    assert "'Dog', not 'dog'" in found[0].cure


def test_a_part_that_is_lost_is_a_warning_with_numbers_and_names(tmp_path):
    records = [example(texts=[name]) for name in ("dog", "cow", "cow", "hen", "cat")]

    severity, _, what = _one(_check(tmp_path, *records))

    assert severity == "warning"
    assert what.startswith("3 of 5 objects in the 5 records are left out") and "'cow' (2), 'hen' (1)" in what


@pytest.mark.parametrize(("label", "severity"), [(0, "error"), (3, "error"), (2, None)])
def test_numbers_of_classes_count_where_records_have_no_names(tmp_path, label, severity):
    found = _check(tmp_path, example(texts=(), image__object__class__label=[label]))

    assert [finding.severity for finding in found] == ([severity] if severity else [])
    assert not found or f"class {label} (1)" in found[0].what


@pytest.mark.parametrize(
    ("box", "rule", "what"),
    [
        ((10.0, 20.0, 60.0, 70.0), "boxes-in-pixels", "all 1 boxes in the 1 records are in pixels"),
        ((0.0, 0.0, 60.0, 70.0), "boxes-in-pixels", "xmin 0, ymin 0, xmax 70, ymax 60 (object 1, "),
        ((NAN, 0.1, 0.5, 0.5), "boxes-not-finite", "no finite number"),
        ((0.5, 0.1, 0.2, 0.6), "boxes-inverted", "end before they begin"),
        ((1.1, 0.1, 1.2, 0.6), "boxes-outside", "lie outside of their image"),
        ((0.5, 0.1, 0.5, 0.6), "boxes-empty", "have no area"),
    ],
)
def test_boxes_of_which_none_can_be_learnt_are_an_error(tmp_path, box, rule, what):
    severity, found, told = _one(_check(tmp_path, example(boxes=(box,))))
    assert (severity, found) == ("error", rule) and what in told


def test_some_unsound_boxes_are_a_warning_and_few_without_area_are_none(tmp_path):
    pixels = example(boxes=(BOX, (10.0, 20.0, 60.0, 70.0)), texts=["cat", "dog"])
    assert _one(_check(tmp_path, pixels))[0] == "warning"
    assert _check(tmp_path, *[example()] * 100, example(boxes=((0.5, 0.1, 0.5, 0.6),))) == []


def test_inverted_boxes_stop_a_training_unless_it_skips_them(tmp_path):
    records = [example(), example(boxes=((0.5, 0.1, 0.2, 0.6),))]
    assert _one(_check(tmp_path, *records))[0] == "error"
    assert _one(_check(tmp_path, *records, skip_corrupt=True))[0] == "warning"


def test_records_without_any_object(tmp_path):
    found = _check(tmp_path, example(boxes=(), texts=()), evaluation=("cat", "dog"))
    assert [(finding.severity, finding.rule) for finding in found] == [
        ("error", "no-objects"),
        ("warning", "no-objects"),
    ]
    assert "there is nothing to judge by" in found[1].what


def test_remap_labels_to_a_class_that_the_model_has_not(tmp_path):
    step = "train_config { data_augmentation_options { remap_labels { %s new_label: %d } } }"
    both = "original_labels: 1 original_labels: 2"

    severity, rule, what = _one(_check(tmp_path, example(), more=step % (both, 5))[:1])
    assert (severity, rule) == ("error", "remap-labels")
    assert "'cat', 'dog' the class 5, but num_classes is 2" in what
    assert _check(tmp_path, example(), more=step % (both, 2)) == []
    assert _check(tmp_path, example(), more=step % ("original_labels: 7", 5)) == []  # of which there is none


def test_label_maps_that_number_the_same_classes_differently_are_an_error(tmp_path):
    found = _check(tmp_path, example(), evaluation=("dog", "cat"))

    severity, rule, what = _one(found)
    assert (severity, rule) == ("error", "label-maps")
    assert "'cat' is 1 for training and 2 for evaluation" in what
    assert found[0].cure == f"--set eval_input_reader[0].label_map_path={tmp_path / 'train_input_reader.pbtxt'}"
    assert _check(tmp_path, example(), evaluation=("dog", "cat"), evaluates=False) == []


def test_classes_that_only_one_label_map_has_are_a_warning(tmp_path):
    found = _check(tmp_path, example(texts=["cat"]), evaluation=("cat", "cow"))

    severity, _, what = _one(found)
    assert severity == "warning"
    assert "lacks 'dog', which training has, and has 'cow', which training does not know" in what


def test_an_evaluation_alone_looks_at_its_own_records(tmp_path):
    found = _check(tmp_path, example(texts=["cow"]), evaluation=("cat", "dog"), for_training=False)
    assert _one(found)[:2] == ("error", "unknown-classes")
    assert found[0].where == "eval_input_reader[0].label_map_path"


def test_a_manifest_knows_all_classes_without_a_look_at_the_records(tmp_path):
    path = tmp_path / "train.record"
    write(path, b"no example")
    content = {"pictures": 7, "objects": {"cow": 9}, "notes": {}, "settings": {"label_map": {"cow": 1}}}
    Path(manifest_path(path)).write_text(manifest_text([record_file(path)], content))

    assert "none of the 9 objects in the 7 records" in _one(_check(tmp_path))[2]
    path.write_bytes(path.read_bytes() * 2)  # no more the file that the manifest tells of
    assert _check(tmp_path) == []


def test_of_many_records_the_first_are_read_and_more_where_those_are_of_no_use(tmp_path, monkeypatch):
    monkeypatch.setattr(objects, "_RECORDS", 2)
    cows, cat = [example(texts=["cow"])] * 10, example(texts=["cat"])

    assert "10 of 11 objects in the first 11 records" in _one(_check(tmp_path, *cows, cat, cat, cat))[2]
    assert "1 of 2 objects in the first 2 records" in _one(_check(tmp_path, cat, *cows))[2]


def test_what_cannot_be_read_is_left_to_others(tmp_path):
    assert _check(tmp_path) == []  # there is no record
    write(tmp_path / "train.record", b"no example", example())
    damaged = bytearray((tmp_path / "train.record").read_bytes())
    damaged[-10] ^= 1
    (tmp_path / "train.record").write_bytes(damaged)
    assert _check(tmp_path) == []
    (tmp_path / "train_input_reader.pbtxt").write_text("no label map")
    assert list(check_objects(TrainEvalPipelineConfig())) == []


@pytest.mark.parametrize(
    ("reader", "features", "severity", "field", "cure"),
    [
        ("load_instance_masks: true", {"mask": [b"png"]}, "error", "mask_type", "mask_type=PNG_MASKS"),
        ("load_instance_masks: true", {}, "warning", "load_instance_masks", "with masks"),
        ("load_instance_masks: true mask_type: PNG_MASKS", {"mask": [1.0]}, "error", "mask_type", "NUMERICAL_MASKS"),
        ("num_keypoints: 3", {"keypoint__x": [0.5] * 2}, "error", "num_keypoints", "num_keypoints=2"),
        ("num_keypoints: 3", {}, "warning", "num_keypoints", "with keypoints"),
        ("num_keypoints: 2 load_instance_masks: true", {"keypoint__x": [0.5] * 2, "mask": [1.0]}, None, "", ""),
        ("", {"keypoint__x": [0.5] * 2, "mask": [b"png"]}, None, "", ""),
    ],
)
def test_masks_and_keypoints_that_the_reader_wants_otherwise(tmp_path, reader, features, severity, field, cure):
    record = example(texts=["dog"], **{f"image__object__{name}": values for name, values in features.items()})
    background = example(boxes=(), texts=())

    found = _check(tmp_path, background, record, reader=reader)

    assert [finding.severity for finding in found] == ([severity] if severity else [])
    for finding in found:
        assert finding.where == f"train_input_reader.{field}"
        assert cure in finding.cure
