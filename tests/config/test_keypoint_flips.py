"""The check knows what a flip does to keypoints."""

import pytest
from google.protobuf import text_format

from tfod.config.pipeline import PipelineConfig, apply_overrides
from tfod.config.rules.augmentation import check_augmentation

WHERE = "train_config.data_augmentation_options[0].random_horizontal_flip"


def _told(step: str, keypoints: int, *overrides: str) -> list[tuple[str, str, str]]:
    text = (
        f"train_config {{ data_augmentation_options {{ {step} }} }} train_input_reader {{ num_keypoints: {keypoints} }}"
    )
    config = text_format.Parse(text, PipelineConfig())
    apply_overrides(config, overrides)
    return [(found.what, found.where, found.cure) for found in check_augmentation(config)]


def test_a_flip_without_permutation_calls_left_right_only_where_there_are_keypoints() -> None:
    ((what, where, cure),) = _told("random_horizontal_flip {}", 17)
    assert "no keypoint_flip_permutation" in what and "17 keypoints" in what and where == WHERE
    override = cure.partition("--set ")[2].strip("'")
    assert _told("random_horizontal_flip {}", 17, override) == []
    assert _told("random_horizontal_flip {}", 0) == []
    assert _told("random_rotation90 {}", 17) == []


@pytest.mark.parametrize(
    ("order", "told"), [("[1, 0]", "2 numbers, and objects have 3 keypoints"), ("[0, 1, 1]", "from 0 to 2 once")]
)
def test_a_permutation_of_something_else_is_named(order: str, told: str) -> None:
    ((what, where, _),) = _told(f"random_horizontal_flip {{ keypoint_flip_permutation: {order} }}", 3)
    assert told in what and where == f"{WHERE}.keypoint_flip_permutation[0]"
