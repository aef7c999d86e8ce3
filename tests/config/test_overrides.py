"""`--set path=value` and pieces of config over a config."""

import pytest
from google.protobuf import text_format

from tfod.config.pipeline import apply_overrides
from tfod.errors import ConfigError
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

CONFIG = """
model { ssd { num_classes: 90 anchor_generator { multiscale_anchor_generator { aspect_ratios: [1, 2] } } } }
train_config {
  batch_size: 64
  data_augmentation_options { random_horizontal_flip { } }
  data_augmentation_options { random_crop_image { min_area: 0.75 } }
  optimizer { momentum_optimizer { learning_rate { constant_learning_rate { learning_rate: 0.1 } } } }
}
eval_input_reader { name: "val" label_map_path: "a.pbtxt" }
"""
ANCHORS = "model.ssd.anchor_generator.multiscale_anchor_generator"
OPTIONS = "train_config.data_augmentation_options"


def _config() -> TrainEvalPipelineConfig:
    return text_format.Parse(CONFIG, TrainEvalPipelineConfig())


def _with(*overrides: str) -> TrainEvalPipelineConfig:
    config = _config()
    apply_overrides(config, overrides)
    return config


def _error(override: str) -> ConfigError:
    config = _config()
    with pytest.raises(ConfigError) as caught:
        apply_overrides(config, ["train_config.batch_size=1", override])
    assert config == _config(), "after an error nothing is changed"
    assert override in caught.value.where
    return caught.value


@pytest.mark.parametrize(
    ("override", "change"),
    [
        ("train_config.batch_size=8", "train_config { batch_size: 8 }"),
        (" train_config.batch_size = 8 ", "train_config { batch_size: 8 }"),
        ("train_config.gradient_clipping_by_norm=1e1", "train_config { gradient_clipping_by_norm: 10 }"),
        ("train_config.sync_replicas=True", "train_config { sync_replicas: true }"),
        ("train_config.fine_tune_checkpoint_version=v2", "train_config { fine_tune_checkpoint_version: V2 }"),
        ("train_config.fine_tune_checkpoint=a/b=c", "train_config { fine_tune_checkpoint: 'a/b=c' }"),
        ("train_config.fine_tune_checkpoint='a b'", "train_config { fine_tune_checkpoint: 'a b' }"),
        (r"train_config.fine_tune_checkpoint=C:\x", r"train_config { fine_tune_checkpoint: 'C:\\x' }"),
        ("train_config.fine_tune_checkpoint=", "train_config { fine_tune_checkpoint: '' }"),
        (
            "train_input_reader.tf_record_input_reader.input_path=a",
            "train_input_reader { tf_record_input_reader { input_path: 'a' } }",
        ),
        (
            'train_input_reader.tf_record_input_reader.input_path=[a, "b"]',
            "train_input_reader { tf_record_input_reader { input_path: ['a', 'b'] } }",
        ),
        ("train_config { num_steps: 7 optimizer { use_moving_average: false } }",
         "train_config { num_steps: 7 optimizer { use_moving_average: false } }"),
        (f"{OPTIONS}[2]={{ ssd_random_crop {{}} }}",
         "train_config { data_augmentation_options { ssd_random_crop {} } }"),
        (f"{OPTIONS}[2].random_rotation90.probability=1",
         "train_config { data_augmentation_options { random_rotation90 { probability: 1 } } }"),
    ],
)  # fmt: skip
def test_a_value_is_set(override: str, change: str) -> None:
    assert _with(override) == text_format.Merge(change, _config())


@pytest.mark.parametrize(
    "path",
    ["eval_input_reader", "eval_input_reader[0]", "eval_input_reader.0", "eval_input_reader[val]"],
)
def test_one_of_a_list_is_meant_by_position_by_name_or_because_there_is_one(path: str) -> None:
    config = _with(f"{path}.label_map_path=b.pbtxt")
    assert [reader.label_map_path for reader in config.eval_input_reader] == ["b.pbtxt"]


@pytest.mark.parametrize("key", ["", "[1]", "[random_crop_image]"])
def test_a_step_of_augmentation_is_found_by_what_it_does(key: str) -> None:
    config = _with(f"{OPTIONS}{key}.random_crop_image.min_area=0.5")
    assert config.train_config.data_augmentation_options[1].random_crop_image.min_area == 0.5


def test_lists_are_replaced_by_assignment_and_grow_by_a_piece_of_config() -> None:
    def ratios(override: str) -> list[float]:
        config = _with(override)
        return list(config.model.ssd.anchor_generator.multiscale_anchor_generator.aspect_ratios)

    assert ratios(f"{ANCHORS}.aspect_ratios=[3, 4, 5]") == [3, 4, 5]
    assert ratios(f"{ANCHORS}.aspect_ratios=3") == [3]
    assert ratios(f"{ANCHORS}.aspect_ratios=[]") == []
    assert ratios(f"{ANCHORS}.aspect_ratios[0]=3") == [3, 2]
    assert ratios(f"{ANCHORS}.aspect_ratios[2]=3") == [1, 2, 3]
    piece = "model { ssd { anchor_generator { multiscale_anchor_generator { aspect_ratios: 3 } } } }"
    assert ratios(piece) == [1, 2, 3]
    assert not _with(f"{OPTIONS}=[]").train_config.data_augmentation_options


def test_an_alternative_is_switched_by_a_whole_block_only() -> None:
    optimizer = "train_config.optimizer"
    config = _with(f"{optimizer}.adam_optimizer={{ epsilon: 1e-7 }}")
    assert config.train_config.optimizer.WhichOneof("optimizer") == "adam_optimizer"

    error = _error(f"{optimizer}.adam_optimizer.epsilon=1e-7")
    assert "the config has momentum_optimizer" in error.what
    assert f"--set '{optimizer}.adam_optimizer={{ ... }}'" in error.cure


@pytest.mark.parametrize(
    ("override", "what", "cure"),
    [
        ("train_config.batch_sise=8", "TrainConfig has no field 'batch_sise'", "did you mean batch_size?"),
        ("num_classes=3", "has no field 'num_classes'", "did you mean model.ssd.num_classes?"),
        ("batch_size=3", "TrainEvalPipelineConfig has no field", "did you mean train_config.batch_size?"),
        ("train_config.batch_size=8.5", "batch_size wants an integer from 0", "train_config.batch_size=8"),
        ("train_config.sync_replicas=yes", "wants true or false, not 'yes'", "sync_replicas=true"),
        ("train_config.fine_tune_checkpoint_version=V9", "wants one of UNKNOWN, V1, V2", "_version=V"),
        ("train_config.batch_size.x=8", "batch_size is an integer from 0 and has no fields", "batch_size=..."),
        ("train_config[0].batch_size=8", "train_config is not a list", "without [0]"),
        ("train_config=8", "train_config wants a block in braces", "train_config={ ... }"),
        ("train_config.batch_size", "there is no value", "write train_config.batch_size=..."),
        ("eval_input_reader[5].shuffle=true", "has 1, there is no [5]", "from [0] to [1]"),
        (f"{OPTIONS}[random_crp_image]={{}}", "none is 'random_crp_image'", "did you mean [random_crop_image]?"),
        (f"{OPTIONS}.random_rotation90.probability=1", "not clear which is meant", "[2] for a new one"),
        ("eval_config.super_categories[a].value=b", "super_categories is a map", "{ key: ... value: ... }"),
        ("train_config { batch_sise: 8 }", "train_config has no field 'batch_sise'", "did you mean batch_size?"),
    ],
)
def test_a_mistake_is_named(override: str, what: str, cure: str) -> None:
    error = _error(override)
    assert what in error.what
    assert cure in error.cure
