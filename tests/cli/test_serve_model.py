"""The command that serves a model, from its start to SIGTERM."""

import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import tensorflow as tf

from tests.inference.files import onnx, tflite
from tests.inference.models import export
from tests.models.configs import small_ssd
from tfod.config.pipeline import write_pipeline_config
from tfod.models.build import build_model
from tfod.protos import pipeline_pb2

ROOT = Path(__file__).resolve().parents[2]


# What is served -> the score of a white image.
SERVED = {"saved_model": 1.0, "tflite": 1.0, "onnx": 0.5}


@pytest.mark.parametrize("kind", SERVED)
def test_a_model_is_served_until_sigterm(kind: str, tmp_path: Path) -> None:
    if kind == "saved_model":
        export(tmp_path / "photos" / "saved_model")
    elif kind == "tflite":
        pytest.importorskip("ai_edge_litert")
        (tmp_path / "photos.tflite").write_bytes(tflite())
    else:
        pytest.importorskip("onnxruntime")
        (tmp_path / "photos.onnx").write_bytes(onnx())
    [model] = tmp_path.iterdir()
    assert abs(score_of_white([str(model)], height=4, width=8) - SERVED[kind]) < 1e-6


@pytest.mark.slow
def test_a_checkpoint_is_served(tmp_path: Path) -> None:
    config = pipeline_pb2.TrainEvalPipelineConfig(model=small_ssd())
    write_pipeline_config(config, tmp_path / "photos.config")
    model = build_model(config.model)
    tf.train.Checkpoint(model=model.checkpoint_layout().full).save(str(tmp_path / "photos" / "ckpt"))
    found = score_of_white(
        [str(tmp_path / "photos"), "--pipeline_config_path", str(tmp_path / "photos.config")], height=4, width=8
    )
    expected = model.detect(tf.fill([1, 4, 8, 3], 255.0))["detection_scores"][0, 0]
    assert abs(found - float(expected)) < 1e-5


def score_of_white(arguments: list[str], *, height: int, width: int) -> float:
    """The best score that a server of `photos` gives; it is started, asked and ended."""
    command = [sys.executable, str(ROOT / "tools" / "serve_model.py"), *arguments, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        told = re.fullmatch(r"photos is served at (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert told, process.communicate()
        pixels = [[[255, 255, 255]] * width] * height
        body = json.dumps({"instances": [pixels], "output_filter": ["detection_scores"]})
        with urllib.request.urlopen(f"{told[1]}/v1/models/photos:predict", body.encode()) as answer:
            scores = json.load(answer)["predictions"][0]
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert re.search(r"127\.0\.0\.1 POST /v1/models/photos:predict 200 \d+ ms", log)
    return float(scores[0])
