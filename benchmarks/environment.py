"""An environment in which the original runs, built in a folder of its own. The product never depends on it."""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

from benchmarks.process import run

__all__ = ["original_python"]

_FOLDER = Path(__file__).resolve().parent / ".environments" / "original"
_PYTHON = "python3.11"
_PACKAGES = (
    "tensorflow==2.15.1",
    "tf-models-official==2.15.0",
    "tensorflow-metadata<1.17",  # newer ones need a newer protobuf
    "tensorflow-io==0.36.0",  # 0.37 is made for TensorFlow 2.16
    "Pillow==9.5.0",  # 10 removed a call that its evaluation pictures need
    "lvis",
    "contextlib2",
    "lxml",
    "opencv-python==4.11.0.86",
)
_WITHOUT_DEPENDENCIES = ("tf-object-detection-api==0.1",)  # they name packages for TensorFlow 1
# What it imports has moved in TensorFlow and NumPy since: file, pattern, replacement.
_PATCHES = (
    (
        "tf_slim/data/tfexample_decoder.py",
        r"(?m)^from tensorflow.python.ops import control_flow_ops$",
        "import tensorflow.compat.v1 as control_flow_ops",
    ),
    *(
        (f"object_detection/{name}.py", r"\bnp\.(bool|float|int)\b", r"\1")
        for name in ("metrics/coco_evaluation", "metrics/tf_example_parser", "utils/metrics")
    ),
)


def original_python(logs: Path) -> Path:
    """The Python of the original's environment, which is built first where it does not exist (minutes, 3 GB)."""
    python = _FOLDER / "bin" / "python"
    ready = _FOLDER / "recipe"
    recipe = hashlib.sha256(json.dumps([_PACKAGES, _WITHOUT_DEPENDENCIES, _PATCHES]).encode()).hexdigest()
    if ready.exists() and ready.read_text(encoding="utf-8") == recipe:
        return python
    print(f"building the original's environment in {_FOLDER} (some minutes, 3 GB)", file=sys.stderr, flush=True)
    shutil.rmtree(_FOLDER, ignore_errors=True)
    run([_base_python(), "-m", "venv", _FOLDER], logs / "original-venv.log", timeout=300)
    install = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    run([*install, *_PACKAGES], logs / "original-install.log", timeout=3600)
    run([*install, "--no-deps", *_WITHOUT_DEPENDENCIES], logs / "original-install-2.log", timeout=600)
    _patch(next(_FOLDER.glob("lib/python3*/site-packages")))
    run([python, "-c", "import object_detection.model_lib_v2"], logs / "original-import.log", timeout=300)
    ready.write_text(recipe, encoding="utf-8")
    return python


def _base_python() -> str:
    """A Python 3.11: the newest on which the original's TensorFlow runs, and the one of our main stack."""
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    found = shutil.which(_PYTHON)
    if found is None:
        raise RuntimeError(f"the original needs {_PYTHON}, which is not on the PATH; or pass --original PYTHON")
    return found


def _patch(site_packages: Path) -> None:
    for name, pattern, replacement in _PATCHES:
        path = site_packages / name
        text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"))
        if count == 0:
            raise RuntimeError(f"{path} has no match for {pattern!r}: the package is not the one expected")
        path.write_text(text, encoding="utf-8")
