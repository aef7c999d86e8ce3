"""Configs written for people: the comments are where they belong, and nothing is lost."""

from pathlib import Path

import pytest
from google.protobuf import text_format

from tfod.config.commented import render_commented
from tfod.config.pipeline import read_pipeline_config
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

TEXT = """# What this is.
#
#   made by me

model {
  ssd {
    num_classes: 2  # cat, dog
    image_resizer { fixed_shape_resizer { height: 320 width: 320 } }
  }
}

train_config {
  batch_size: 8
  data_augmentation_options { random_horizontal_flip {} }  # not for text
  data_augmentation_options {
    ssd_random_crop {}  # the zoo's
  }
  # A comment that is too long to stand behind its field stands above it, and takes as many lines as it needs. They are
  # as wide as the others.
  num_steps: 1000
}

eval_input_reader {
  label_map_path: "a { }"
}
"""
COMMENTS = {
    "model.ssd.num_classes": "cat,\n dog",
    "train_config.data_augmentation_options[0]": "not for text",
    "train_config.data_augmentation_options[1].ssd_random_crop": "the zoo's",
    "train_config.num_steps": "A comment that is too long to stand behind its field stands above it, and takes as many"
    " lines as it needs. They are as wide as the others.",
    "train_config.not_there": "of a field that is not set",
}


def test_comments_stand_behind_or_above_their_fields() -> None:
    config = text_format.Parse(TEXT, TrainEvalPipelineConfig())
    assert render_commented(config, COMMENTS, "What this is.\n\n  made by me") == TEXT


@pytest.mark.parametrize("name", ["demo", "ssd_mobilenet_v2_fpnlite_320x320"])
def test_a_config_stays_the_same(name: str) -> None:
    config = read_pipeline_config(Path(__file__).parents[2] / "workspace" / "configs" / f"{name}.config")
    assert text_format.Parse(render_commented(config, {}), TrainEvalPipelineConfig()) == config


def test_every_config_of_the_zoo_stays_the_same(shared: Path) -> None:
    for path in (shared / "zoo_configs").glob("*.config"):
        config = read_pipeline_config(path)
        assert text_format.Parse(render_commented(config, {"model": "#"}), TrainEvalPipelineConfig()) == config, path
