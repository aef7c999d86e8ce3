import json

import numpy as np
import pytest
import tensorflow as tf

from tests.inference.models import export
from tfod.cli.evaluate_detections import main

LABEL_MAP = "item { id: 1 name: 'bright' } item { id: 2 name: 'dark' }"


def picture(value):
    return tf.io.encode_jpeg(np.full((60, 80, 3), value, np.uint8)).numpy()


def write_records(path, *encoded):
    """One object a picture: class 1 in the upper left quarter, where the model of the test finds it."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for number, data in enumerate(encoded):
            features = {
                "image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[data])),
                "image/source_id": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"%d" % (number // 2)])),
                "image/object/class/text": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"bright"])),
            }
            for edge, value in (("ymin", 0.0), ("xmin", 0.0), ("ymax", 0.5), ("xmax", 0.5)):
                feature = tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
                features[f"image/object/bbox/{edge}"] = feature
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("evaluation")
    export(path / "saved_model")
    (path / "label_map.pbtxt").write_text(LABEL_MAP)
    (path / "other.pbtxt").write_text("item { id: 1 name: 'Bright' }")
    write_records(path / "val.record", picture(10), picture(200), picture(90))
    write_records(path / "damaged.record", picture(10), b"no picture")
    return path


def evaluate(folder, output_dir, *more):
    arguments = ["--saved_model_dir", folder, "--label_map_path", folder / "label_map.pbtxt"]
    arguments += ["--output_dir", output_dir, *more]
    return main([str(argument) for argument in arguments])


def test_an_exported_model_is_evaluated_on_named_records(folder, tmp_path, capsys):
    assert evaluate(folder, tmp_path / "out", "--input_path", folder / "val.record") == 0
    streams = capsys.readouterr()
    assert "bright" in streams.out and "1.000" in streams.out
    assert "the source id of an earlier one: 1;" in streams.out
    assert "evaluating: 3/3 images" in streams.err
    written = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert written["DetectionBoxes_Precision/mAP"] == pytest.approx(1.0)
    assert written["DetectionBoxes_PerformanceByCategory/mAP/dark"] == -1.0
    assert written["saved_model"] == str(folder / "saved_model")
    assert written["images"] == 3
    assert written["images_with_repeated_ids"] == 1


def test_the_config_may_say_everything(folder, tmp_path):
    (tmp_path / "my.config").write_text(
        f"""eval_input_reader {{
          label_map_path: "gone.pbtxt"
          tf_record_input_reader {{ input_path: "{folder}/val.record" }}
        }}"""
    )
    more = ["--pipeline_config_path", tmp_path / "my.config", "--set", "eval_input_reader[0].sample_1_of_n_examples=2"]
    assert evaluate(folder, tmp_path / "out", *more) == 0
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["images"] == 2


def test_without_any_truth_it_says_so(folder, tmp_path, capsys):
    with tf.io.TFRecordWriter(str(tmp_path / "empty.record")) as writer:
        image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[picture(10)]))
        features = tf.train.Features(feature={"image/encoded": image})
        writer.write(tf.train.Example(features=features).SerializeToString())
    assert evaluate(folder, tmp_path / "out", "--input_path", tmp_path / "empty.record") == 0
    streams = capsys.readouterr()
    assert "there is nothing to judge by" in streams.out and "1 warning" in streams.err


def test_an_exported_model_has_a_label_map_of_its_own_and_another_is_told(folder, tmp_path, capsys):
    (tmp_path / "own.pbtxt").write_text("item { id: 2 name: 'bright' } item { id: 1 name: 'dark' }")
    (tmp_path / "my.config").write_text(f'train_input_reader {{ label_map_path: "{tmp_path / "own.pbtxt"}" }}')
    more = ["--pipeline_config_path", tmp_path / "my.config", "--input_path", folder / "val.record"]
    assert evaluate(folder, tmp_path / "out", *more) == 2
    assert "'bright' is 2 for training and 1 for evaluation" in capsys.readouterr().err


def test_a_store_is_no_place_for_the_numbers_which_is_told_first(folder, capsys):
    assert evaluate(folder, "gs://bucket/out", "--input_path", folder / "val.record") == 2
    streams = capsys.readouterr()
    assert "this output cannot be written to a store" in streams.err and "evaluating" not in streams.err


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ([], "no file of records is named"),
        (["--input_path", "gone.record"], "gone.record"),
        (["--input_path", "{folder}/label_map.pbtxt"], "label_map.pbtxt"),
        (["--input_path", "{folder}/damaged.record"], "damaged.record, record 1"),
        (["--input_path", "{folder}/val.record", "--label_map_path", "gone.pbtxt"], "gone.pbtxt"),
        (["--input_path", "{folder}/val.record", "--label_map_path", "{folder}/other.pbtxt"], "none of the 3 objects"),
        (["--input_path", "{folder}/val.record", "--pipeline_config_path", "gone.config"], "gone.config"),
        (["--input_path", "{folder}/val.record", "--checkpoint_dir", "run"], "two models are named"),
        (["--input_path", "{folder}/val.record", "--saved_model_dir", "gone"], "no exported model there"),
    ],
)
def test_mistakes_end_with_three_lines_and_write_nothing(folder, tmp_path, capsys, more, what):
    assert evaluate(folder, tmp_path / "out", *(text.format(folder=folder) for text in more)) == 2
    error = capsys.readouterr().err
    assert what in error
    assert "where: " in error and "what to do: " in error
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_checkpoint_is_evaluated(shared, folder, tmp_path, capsys):
    pretrained = shared / "pretrained" / "ssd_mobilenet_v2_fpnlite_320x320_hands"
    arguments = [
        "--pipeline_config_path",
        pretrained / "pipeline.config",
        "--checkpoint_dir",
        pretrained / "checkpoint",
    ]
    (tmp_path / "one.pbtxt").write_text("item { id: 1 name: 'bright' }")
    arguments += ["--label_map_path", tmp_path / "one.pbtxt", "--input_path", folder / "val.record"]
    assert main([str(argument) for argument in [*arguments, "--output_dir", tmp_path]]) == 0
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert written["checkpoint"] == str(pretrained / "checkpoint" / "ckpt-0")
    assert written["images"] == 3
    assert 0 <= written["DetectionBoxes_Precision/mAP"] < 0.5
    total = sum(written[f"Loss/{name}_loss"] for name in ("localization", "classification", "regularization"))
    assert written["Loss/total_loss"] == pytest.approx(total, rel=1e-6)
