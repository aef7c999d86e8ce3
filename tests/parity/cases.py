"""Parity cases: folders that say what the original computes, and how the weights it used are rebuilt."""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from google.protobuf import text_format

from benchmarks.scripts.parity_rules import pictures
from tests.conftest import SHARED
from tfod.protos import pipeline_pb2


def case_folders() -> list[Path]:
    """All case folders of ../shared/parity, its TF1 twin, and of the folders that TFOD_PARITY_CASES names."""
    places = [SHARED / "parity", SHARED / "parity_tf1"]
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

    @property
    def is_deep(self) -> bool:
        """Whether the network has a hundred layers and more, for which the tolerances are wider."""
        return any(depth in str(self.config.model) for depth in ("101", "152", "hourglass_104", "inception_resnet_v2"))

    def training_losses(self) -> tuple[float, ...]:
        """The losses with the statistics of the batch, where the case has them."""
        names = [name for name in self.expected if name.startswith("training_loss/")]
        return tuple(float(self.expected[name]) for name in names)

    def pictures(self) -> np.ndarray:
        """The two pictures, float32 `[2, H, W, 3]` of 0..255."""
        return pictures(self.settings["image_height"], self.settings["image_width"])
