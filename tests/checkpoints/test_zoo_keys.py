"""Variables have the names and shapes that the checkpoints of the model zoo, and the original's runs, have."""

import functools
import re
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from tfod.checkpoints.keys import VALUE_SUFFIX, variable_keys
from tfod.config.pipeline import read_pipeline_config
from tfod.models.build import build_model
from tfod.training.optimizer_from_config import optimizer_from_config
from tfod.training.optimizers import create_slots

Shapes = dict[str, tuple[int, ...]]

# Model of the zoo -> the list of its variables in the developers' folder, if not of the same name.
LISTS = {
    "ssd_mobilenet_v1_fpn_640x640": "",
    "ssd_mobilenet_v2_320x320": "",
    "ssd_mobilenet_v2_fpnlite_320x320": "",
    "ssd_mobilenet_v2_fpnlite_640x640": "ssd_mobilenet_v2_fpnlite_320x320",
    "ssd_resnet50_v1_fpn_640x640": "ssd_resnet50_v1_fpn_1024x1024",
    "ssd_resnet50_v1_fpn_1024x1024": "",
    "ssd_resnet101_v1_fpn_640x640": "ssd_resnet101_v1_fpn_1024x1024",
    "ssd_resnet152_v1_fpn_640x640": "ssd_resnet152_v1_fpn_1024x1024",
    "faster_rcnn_resnet50_v1_640x640": "faster_rcnn_resnet50_v1_1024x1024",
    "faster_rcnn_resnet50_v1_fpn_640x640": "",
    "ssd_efficientdet_d0_512x512": "",
    "ssd_efficientdet_d4_1024x1024": "",
    "ssd_efficientdet_d7_1536x1536": "ssd_efficientdet_d6_1408x1408",
}
INDEXES = {
    "ssd_mobilenet_v2_320x320": "zoo_ssd_mobilenet_v2_320x320_coco17_tpu-8_ckpt0",
    "ssd_mobilenet_v2_fpnlite_320x320": "zoo_ssd_mobilenet_v2_fpnlite_320_ckpt0",
    "ssd_efficientdet_d0_512x512": "zoo_efficientdet_d0_coco17_tpu-32_ckpt0",
}
_SLOW = ("101", "152", "_d4_", "_d7_")  # of the other EfficientDets docs/parity.md tells


def config_of(shared: Path, model: str) -> Any:
    return read_pipeline_config(_one(shared / "zoo_configs", f"{model}_coco17_tpu-*.config"))


def _one(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def shapes_of(**roots: Any) -> Shapes:
    return {key: tuple(variable.shape) for key, variable in variable_keys(**roots).items()}


@functools.cache
def shapes_of_zoo_model(shared: Path, model: str) -> Shapes:
    return shapes_of(model=build_model(config_of(shared, model).model))


def index(path: Path) -> Shapes:
    """Shapes by key, without what every checkpoint has besides: the graph of objects and the count of saves."""
    entries = re.findall(r"^(\S+) dtype \d+ \[([\d, ]*)\]", path.read_text(), re.MULTILINE)
    shapes = {key: tuple(int(side) for side in sides.split(",") if side.strip()) for key, sides in entries}
    others = ("_CHECKPOINTABLE_OBJECT_GRAPH", f"save_counter{VALUE_SUFFIX}")
    return {key: shape for key, shape in shapes.items() if key not in others}


@pytest.mark.parametrize("model", [
    pytest.param(model, marks=pytest.mark.slow) if any(part in model for part in _SLOW) else model for model in LISTS
])  # fmt: skip
def test_names_and_shapes_are_the_zoos(shared: Path, model: str) -> None:
    path = _one(shared / "odapi" / "ckpt_keys", f"{LISTS[model] or model}_coco17_tpu-*.txt")
    lines = (line.split() for line in path.read_text().splitlines())
    zoo = {f"model/{key}": tuple(int(side) for side in shape.split("x")) for key, shape in lines}
    assert shapes_of_zoo_model(shared, model) == zoo


@pytest.mark.parametrize("model", INDEXES)
def test_they_are_those_of_a_real_archive(shared: Path, model: str) -> None:
    archive = index(shared / "zoo_indexes" / f"{INDEXES[model]}_index.txt")
    ours = shapes_of_zoo_model(shared, model)
    assert {f"{key}{VALUE_SUFFIX}": shape for key, shape in ours.items()} == archive


def test_a_run_has_the_slots_of_a_run_of_the_original(shared: Path) -> None:
    run = index(shared / "zoo_indexes" / "trained_ckpt21_index.txt")
    config = config_of(shared, "ssd_mobilenet_v2_fpnlite_320x320")
    key = "model/_box_predictor/_prediction_heads/class_predictions_with_background/_class_predictor_layers/0/bias"
    config.model.ssd.num_classes = run[f"{key}{VALUE_SUFFIX}"][0] // 6 - 1  # of six anchors a cell
    model = build_model(config.model)
    config.train_config.optimizer.use_moving_average = False
    step = tf.Variable(0, dtype=tf.int64)
    optimizer, _ = optimizer_from_config(config.train_config.optimizer, step, model.checkpoint_layout().full)
    create_slots(optimizer, model.trainable_variables)
    plain = shapes_of(step=step, optimizer=optimizer, model=model)
    expected = {f"{key}{VALUE_SUFFIX}": shape for key, shape in plain.items()}
    trained = {id(variable) for variable in model.trainable_variables}
    for key, variable in variable_keys(model=model).items():
        if id(variable) in trained:
            expected[f"{key}/.OPTIMIZER_SLOT/optimizer/momentum{VALUE_SUFFIX}"] = tuple(variable.shape)
    assert expected == run
