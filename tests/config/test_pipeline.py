"""Pipeline configs: read, wrong, and written back."""

import os
from pathlib import Path

import pytest

from tfod.config.kinds import kind_of_file
from tfod.config.pipeline import read_pipeline_config, write_pipeline_config
from tfod.config.scan import field_places
from tfod.errors import ConfigError
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

ZOO_SIZE = 37


def _error(tmp_path: Path, text: str | bytes) -> ConfigError:
    path = tmp_path / "my.config"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        read_pipeline_config(path)
    return caught.value


def test_every_config_of_the_zoo_is_read_and_written_back_equal(shared: Path, tmp_path: Path) -> None:
    paths = sorted((shared / "zoo_configs").glob("*.config"))
    assert len(paths) == ZOO_SIZE
    for path in paths:
        config = read_pipeline_config(path)
        assert config.model.WhichOneof("model")
        write_pipeline_config(config, tmp_path / "again.config")
        assert read_pipeline_config(tmp_path / "again.config") == config


def test_values_of_every_kind_survive_writing(tmp_path: Path) -> None:
    config = TrainEvalPipelineConfig()
    config.train_config.batch_size = 8
    config.train_config.fine_tune_checkpoint = 'C:\\models\\"new"\nÄpfel'
    config.train_config.optimizer.adam_optimizer.epsilon = 1e-7
    config.train_config.fine_tune_checkpoint_version = 2
    config.eval_config.super_categories["fruit"] = "apple,pear"
    config.eval_config.use_moving_averages = False
    config.model.ssd.box_predictor.weight_shared_convolutional_box_predictor.class_prediction_bias_init = -4.6
    write_pipeline_config(config, tmp_path / "x.config")

    assert read_pipeline_config(tmp_path / "x.config") == config
    assert "Äpfel" in (tmp_path / "x.config").read_text(encoding="utf-8")


def test_a_field_given_twice_is_taken_from_its_last_place(tmp_path: Path) -> None:
    path = tmp_path / "x.config"
    path.write_text("train_config { batch_size: 4 }\ntrain_config { batch_size: 8 num_steps: 3 }")
    train = read_pipeline_config(path).train_config
    assert (train.batch_size, train.num_steps) == (8, 3)


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "x.config"
    path.write_bytes(b"\xef\xbb\xbftrain_config { batch_size: 4 }")
    assert read_pipeline_config(path).train_config.batch_size == 4


@pytest.mark.parametrize(
    ("text", "what", "line", "column", "cure"),
    [
        ("model {\n  ssd {\n    num_clases: 3 } }", "model.ssd has no field 'num_clases'", 3, 5, "num_classes?"),
        ("model { ssd { num_steps: 3 } }", "has no field 'num_steps'", 1, 15, "did you mean train_config.num_steps?"),
        ("train_config {\n batch_size: 8.5 }", "batch_size wants an integer from 0, not 8.5", 2, 14, ": 8"),
        ("train_config { batch_size: -1 }", "batch_size wants an integer from 0, not -1", 1, 28, "batch_size: 8"),
        ("train_config { sync_replicas: yes }", "sync_replicas wants true or false, not yes", 1, 31, ": true"),
        ("train_config { fine_tune_checkpoint: a }", "wants a text in quotes, not a", 1, 38, '_checkpoint: "a"'),
        ("train_config { fine_tune_checkpoint: \"a\n}", "has no closing quote", 1, 38, "add it"),
        ("train_config { fine_tune_checkpoint_version: V3 }", "one of UNKNOWN, V1, V2, not V3", 1, 46, "_version: V"),
        ("train_config = { }", "train_config wants a block in braces, { ... }, not =", 1, 14, "train_config { ... }"),
        ("train_config { batch_size 3 }", "there is no colon after batch_size", 1, 27, "write batch_size: 3"),
        ("train_config {\n batch_size: 3\n", "a brace { is not closed before the end", 2, 14, "add the missing }"),
        ("model { ssd {\n } \ntrain_config { }", "the model of line 1 is not closed", 3, 1, "} before line 3"),
        ("train_config { fine_tune_checkpoint: “a b” }", "the quotes are curly", 1, 38, 'fine_tune_checkpoint: "a b"'),
        ("train_config { } }", "this brace } closes nothing", 1, 18, "remove it"),
    ],
)  # fmt: skip
def test_an_error_names_place_and_cure(tmp_path: Path, text: str, what: str, line: int, column: int, cure: str) -> None:
    error = _error(tmp_path, text)
    assert what in error.what
    assert f"my.config, line {line}, column {column}" in error.where
    assert cure in error.cure


def test_text_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    error = _error(tmp_path, b"train_config {\n  fine_tune_checkpoint: '\xe4'\n}")
    assert "not UTF-8" in error.what
    assert error.where.endswith("my.config, line 2")


def test_a_missing_file_names_the_nearest_that_exists(tmp_path: Path) -> None:
    (tmp_path / "pipeline.config").write_text("")
    with pytest.raises(ConfigError) as caught:
        read_pipeline_config(tmp_path / "pipelin.config")
    assert caught.value.cure == f"did you mean {tmp_path / 'pipeline.config'}?"
    with pytest.raises(ConfigError, match="this is a folder"):
        read_pipeline_config(tmp_path)


def test_places_count_lists_and_see_through_comments_strings_and_separators() -> None:
    text = """\
    # train_config { batch_size: 1 }
    train_input_reader: < label_map_path: 'a # { "b"'
      "more", tf_record_input_reader { input_path: ["x", 'y']; input_path: "z" } >
    eval_input_reader { shuffle: false }
    eval_input_reader { unknown { shuffle: 1 } }"""
    places = [(place.path, place.line) for place in field_places(text, TrainEvalPipelineConfig.DESCRIPTOR)]
    reader = "train_input_reader"
    assert places == [
        (reader, 2),
        (f"{reader}.label_map_path", 2),
        (f"{reader}.tf_record_input_reader", 3),
        (f"{reader}.tf_record_input_reader.input_path[0]", 3),
        (f"{reader}.tf_record_input_reader.input_path[1]", 3),
        (f"{reader}.tf_record_input_reader.input_path[2]", 3),
        ("eval_input_reader[0]", 4),
        ("eval_input_reader[0].shuffle", 4),
        ("eval_input_reader[1]", 5),
        ("eval_input_reader[1].unknown", 5),
        ("eval_input_reader[1].unknown.shuffle", 5),
    ]


def test_nobody_waits_for_a_pipe_to_say_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert kind_of_file(str(tmp_path / "pipe")) == ""
