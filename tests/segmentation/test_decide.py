"""Settings that follow from the data, each told with its reason; what is asked for is taken as it is."""

from typing import Any

import numpy as np
import pytest

from tfod.errors import ConfigError
from tfod.segmentation.classes import named_classes
from tfod.segmentation.decide import DataFacts, Decision, decide


def _decide(size: tuple[int, int], shares: list[float], count: int = 100, **asked: Any) -> Decision:
    pixels = (np.array(shares) * 1_000_000).astype(np.int64)
    classes = named_classes([f"class {number}" for number in range(len(shares))])
    return decide(asked, DataFacts([size] * count, pixels), classes)


def test_small_pictures_are_seen_whole() -> None:
    settings = _decide((128, 128), [0.3, 0.58, 0.12], count=400).settings
    assert (settings.crop_size, settings.batch_size, settings.steps) == (128, 16, 2000)
    assert not settings.balanced_crops
    assert settings.model.num_classes == 3 and settings.model.depth == 4


@pytest.mark.parametrize("size", [(360, 480), (512, 512), (1080, 1920)])
def test_large_pictures_come_in_crops(size: tuple[int, int]) -> None:
    settings = _decide(size, [0.984, 0.016]).settings
    assert (settings.crop_size, settings.batch_size) == (256, 4)
    assert settings.balanced_crops, "cracks are rare"


def test_the_number_of_steps_grows_with_the_data_between_limits() -> None:
    steps = [_decide((256, 256), [0.5, 0.5], count=count).settings.steps for count in (3, 300, 100_000)]
    assert steps[0] == 1500 and 1500 < steps[1] < 10_000 and steps[2] == 10_000


def test_what_is_asked_for_is_taken_and_everything_is_told() -> None:
    decision = _decide(
        (512, 512), [0.5, 0.5], crop_size=96, minutes=2.5, loss="dice", mixed_precision=False, depth=None
    )
    settings = decision.settings
    assert (settings.crop_size, settings.minutes, settings.steps, settings.loss) == (96, 2.5, 0, "dice")
    told = "\n".join(decision.reasons)
    assert "crop_size 96: asked for" in told and "learning_rate 0.002: random weights" in told


def test_class_weights_are_read_or_follow_from_the_shares() -> None:
    assert _decide((64, 64), [0.9, 0.1]).settings.class_weights == ()
    common, rare = _decide((64, 64), [0.8, 0.2], class_weights="balanced").settings.class_weights
    assert rare / common == pytest.approx(2.0, rel=1e-3)
    assert _decide((64, 64), [0.9, 0.1], class_weights="1,2.5").settings.class_weights == (1.0, 2.5)


NAN, INF = float("nan"), float("inf")
IMPOSSIBLE: list[tuple[str, str, tuple[float, ...]]] = [
    ("crop_size", "the crop size", (0, -5, 10**9)),
    ("batch_size", "the batch size", (0, -1, 10**9)),
    ("base_filters", "the number of base filters", (0, 10**9)),
    ("steps", "the number of steps", (0, -5, 2**40)),
    ("minutes", "the time in minutes", (0.0, -1.0, NAN, INF)),
    ("learning_rate", "the learning rate", (NAN, INF, 1e30)),
    ("weight_decay", "the weight decay", (-1.0, NAN)),
    ("dropout", "the dropout", (NAN, 1.0)),
    ("ema", "the decay of averages", (NAN, 1.0)),
    ("early_stopping", "the patience", (-1,)),
]


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"class_weights": "1"}, "1 weights for 2 classes"),
        ({"class_weights": "a,b"}, "the class weights 'a,b' cannot be read"),
        ({"steps": 5, "minutes": 1.0}, "both --steps and --minutes are given"),
        ({"learning_rate": 0.0}, "the learning rate is 0.0"),
        ({"loss": "dyce"}, "the loss 'dyce' is unknown"),
        ({"depth": 9}, "the depth is 9"),
        ({"encoder_checkpoint": "x"}, "a checkpoint is given, but no encoder to fill"),
        ({"warmup": 1.0}, "the warm-up is 1.0"),
        ({"optimizer": "adma"}, "the optimizer 'adma' is unknown"),
        (
            {"batch_size": 60_000, "crop_size": 4096, "base_filters": 16},
            "a step needs about 1,030,792 GB (batch_size 60000, crop_size 4096, base_filters 16), and no machine has "
            "so much",
        ),
        ({"class_weights": "1,nan"}, "2 weights for 2 classes"),
        *(({name: value}, f"{told} is {value}") for name, told, values in IMPOSSIBLE for value in values),
    ],
)
def test_what_is_not_possible(asked: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _decide((64, 64), [0.5, 0.5], **asked)
    assert caught.value.what == what


def test_one_class_alone_is_no_task() -> None:
    with pytest.raises(ConfigError, match="one class alone"):
        _decide((64, 64), [1.0])
