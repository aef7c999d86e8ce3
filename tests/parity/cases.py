"""Parity cases: folders that say what the original computes, and how the weights it used are rebuilt."""

import json
import os
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from google.protobuf import text_format

from tests.conftest import SHARED
from tfod.protos import pipeline_pb2

_SMALL_GAIN = (
    "_box_encoder_layers", "_class_predictor_layers", "_prediction_head_dict", "_first_stage_box_predictor",
)  # fmt: skip
_SAMPLES = 4096
_WHOLE = 200_000


def case_folders() -> list[Path]:
    """All case folders of ../shared/parity and of the folders that TFOD_PARITY_CASES names."""
    places = [SHARED / "parity"]
    places += [Path(name) for name in os.environ.get("TFOD_PARITY_CASES", "").split(os.pathsep) if name]
    return [folder for place in places for folder in sorted(place.glob("*")) if (folder / "case.json").exists()]


@dataclass(frozen=True)
class Case:
    """One case folder."""

    folder: Path

    @cached_property
    def config(self) -> pipeline_pb2.TrainEvalPipelineConfig:
        text = (self.folder / "pipeline.config").read_text()
        return text_format.Parse(text, pipeline_pb2.TrainEvalPipelineConfig())

    @cached_property
    def settings(self) -> dict:
        return json.loads((self.folder / "case.json").read_text())

    @cached_property
    def expected(self) -> dict[str, np.ndarray]:
        with np.load(self.folder / "expected.npz", allow_pickle=False) as arrays:
            return dict(arrays)

    @cached_property
    def variables(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of each checkpoint key, without suffix."""
        lines = (self.folder / "variables.tsv").read_text().splitlines()
        rows = (line.split("\t") for line in lines)
        return {
            key.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE"): (
                tuple(int(side) for side in shape.split(",") if side), dtype
            )
            for key, shape, dtype in rows
        }  # fmt: skip

    def pictures(self) -> np.ndarray:
        """The two pictures, float32 `[2, H, W, 3]` of 0..255."""
        height, width = self.settings["image_height"], self.settings["image_width"]
        k, y, x, c = np.meshgrid(np.arange(2), np.arange(height), np.arange(width), np.arange(3), indexing="ij")
        ramp = (x * (c + 2) + y * (5 - c) + 37 * k) // 2
        blocks = 64 * ((x // 32 + y // 24 + c + k) % 3)
        return ((ramp + blocks) % 256).astype(np.float32)


def weight(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The float32 value that a case gives to the variable of a key."""
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    leaf = key.rsplit("/", 1)[-1]
    if leaf == "moving_variance":
        value = rng.uniform(0.5, 1.5, shape)
    elif leaf == "gamma":
        value = rng.uniform(0.8, 1.2, shape)
    elif leaf in ("moving_mean", "beta", "bias"):
        value = 0.1 * rng.standard_normal(shape)
    else:
        gain = 0.3 if any(part in key for part in _SMALL_GAIN) else 1.0
        value = gain * np.sqrt(2 / _fan_in(leaf, shape)) * rng.standard_normal(shape)
    return np.asarray(value, np.float32)


def _fan_in(leaf: str, shape: tuple[int, ...]) -> int:
    if leaf == "depthwise_kernel" and len(shape) == 4:
        return shape[0] * shape[1]
    return int(np.prod(shape[:-1])) if len(shape) >= 2 else 1


def sample(name: str, array: np.ndarray) -> np.ndarray:
    """What a case keeps of an array."""
    if name == "preprocessed":
        return array[:, ::16, ::16]
    is_detection = name.startswith("detection/") and not name.startswith("detection/raw_")
    if name == "prediction/anchors" or (is_detection and array.size <= _WHOLE):
        return array
    if name.startswith(("prediction/", "detection/")) and array.size > _SAMPLES:
        return array.reshape(-1)[:: max(1, array.size // _SAMPLES)][:_SAMPLES]
    return array
