"""Pictures and masks that a small U-Net learns in seconds: bright discs on a dark ground.

As a program it trains deterministically, which a process cannot give up again, in each of some folders:
`python -m tests.segmentation.tiny STEPS FOLDER=POISON_FROM ...`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image

from tfod.errors import TrainingError
from tfod.segmentation.dataset import training_dataset
from tfod.segmentation.settings import TrainingSettings
from tfod.segmentation.train import RunData, train_unet
from tfod.segmentation.unet import ModelSettings

SIDE = 32


def disc(number: int, height: int = SIDE, width: int = SIDE) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture, uint8 `[H, W, 3]`, and its mask: 0 ground, 1 disc, 255 in one corner."""
    random = np.random.default_rng(number)
    y, x = np.mgrid[:height, :width]
    radius = min(height, width) / 4
    center = random.uniform(radius, [height - radius, width - radius])
    mask = ((y - center[0]) ** 2 + (x - center[1]) ** 2 < radius**2).astype(np.uint8)
    picture = np.where(mask[..., np.newaxis] > 0, 200, 60) + random.integers(-30, 30, (height, width, 3))
    mask[:2, :2] = 255
    return picture.astype(np.uint8), mask


class Discs:
    """A source of pairs; see `tfod.segmentation.sources.PairSource`."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers
        self.names: Sequence[str] = [f"disc_{number}" for number in numbers]
        self.pixels = len(numbers) * SIDE**2

    def __len__(self) -> int:
        return len(self._numbers)

    def read(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        return disc(self._numbers[number])


def settings(steps: int = 12, **changes: Any) -> TrainingSettings:
    """For a network of a few thousand weights."""
    values: dict[str, Any] = {
        "model": ModelSettings(2, base_filters=4, depth=2),
        "class_names": ("ground", "disc"),
        "class_colours": ((0, 0, 0), (220, 20, 60)),
        "crop_size": SIDE,
        "batch_size": 4,
        "steps": steps,
        "learning_rate": 0.02,
        "ema": 0.9,
        "evaluations": 3,
    }
    return TrainingSettings(**{**values, **changes})


def data(*, poison_from: int = 2**31) -> RunData:
    """Of `poison_from` on, batches have pixels that are not numbers."""

    def make_batches(seed: int, deterministic: bool, first_batch: int) -> tf.data.Dataset:
        batches = training_dataset(
            Discs(range(16)), crop_size=(SIDE, SIDE), batch_size=4, seed=seed, deterministic=deterministic,
            first_batch=first_batch,
        )  # fmt: skip
        return batches.enumerate().map(
            lambda number, batch: (tf.where(number >= poison_from, np.nan, batch[0]), batch[1])
        )

    return RunData(make_batches, Discs(range(100, 106)))


def write_discs(folder: Path, count: int, first: int = 0) -> tuple[Path, Path]:
    """Folders of pictures and masks as users have them; returns both."""
    images, masks = folder / "images", folder / "masks"
    images.mkdir(parents=True)
    masks.mkdir()
    for number in range(first, first + count):
        picture, mask = disc(number)
        Image.fromarray(picture).save(images / f"{number}.png")
        Image.fromarray(mask).save(masks / f"{number}.png")
    return images, masks


if __name__ == "__main__":
    for _argument in sys.argv[2:]:
        _folder, _poison = _argument.split("=")
        try:
            _data = data(poison_from=int(_poison))
            train_unet(settings(int(sys.argv[1])), _data, Path(_folder), seed=3, deterministic=True)
        except TrainingError as error:
            print(error)
