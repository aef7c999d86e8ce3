"""A detector of TensorFlow 1's zoo finds here what it found there, from its checkpoint and from an export of that."""

import json
from pathlib import Path

import numpy as np
import pytest

from tfod.config.pipeline import read_pipeline_config
from tfod.export.from_config import export_model
from tfod.inference.detector import Detector
from tfod.inference.images import read_image

pytestmark = pytest.mark.slow


def test_the_demo_detections_are_reproduced(shared: Path, tmp_path: Path) -> None:
    zoo = shared / "pretrained_tf1"
    folder = zoo / "ssdlite_mobilenet_v2_coco_2018_05_09"
    config = read_pipeline_config(folder / "pipeline.config")
    export_model(config, folder, tmp_path)
    expected = json.loads((zoo / "demo_detections.json").read_text())
    assert len(expected) == 3
    for detector in (Detector.from_checkpoint(config, folder), Detector.from_saved_model(tmp_path)):
        for name, best in expected.items():
            found = detector.detect(read_image(zoo / "images" / name)).best(5)
            assert found.class_ids.tolist() == [one["class_id"] for one in best]
            assert found.scores == pytest.approx(np.array([one["score"] for one in best]), abs=1e-3)
            assert found.boxes == pytest.approx(np.array([one["box"] for one in best]), abs=1e-3)
