"""The command that serves a model, from its start to SIGTERM."""

import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.inference.models import export

ROOT = Path(__file__).resolve().parents[2]


def test_an_exported_model_is_served_until_sigterm(tmp_path: Path) -> None:
    export(tmp_path / "photos" / "saved_model")
    command = [sys.executable, str(ROOT / "tools" / "serve_model.py"), str(tmp_path / "photos"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        told = re.fullmatch(r"photos is served at (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert told
        body = json.dumps({"instances": [[[[51, 51, 51]] * 6] * 4], "output_filter": ["detection_scores"]})
        with urllib.request.urlopen(f"{told[1]}/v1/models/photos:predict", body.encode()) as answer:
            scores = json.load(answer)["predictions"][0]
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert abs(scores[0] - 0.2) < 1e-6
    assert process.returncode == 0
    assert re.search(r"127\.0\.0\.1 POST /v1/models/photos:predict 200 \d+ ms", log)
