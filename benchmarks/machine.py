"""What the measurements ran on."""

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.process import run

__all__ = ["describe", "original_versions"]

_PACKAGES = ("tensorflow", "tf-keras", "tf-models-official", "numpy", "protobuf", "lxml")
_ASK = """
import json, platform
from importlib.metadata import PackageNotFoundError, version
def of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
print(json.dumps({"Python": platform.python_version(), **{name: of(name) for name in %r}}))
"""


def describe() -> dict[str, Any]:
    """Cores, processor, memory, system, how busy the machine is, and the versions of our side."""
    return {
        "machine": f"{len(os.sched_getaffinity(0))} cores of {_processor()}, {_memory_gib():.1f} GiB memory",
        "system": platform.platform(),
        "load before": f"{os.getloadavg()[0]:.2f} processes (1 minute)",
        "versions, ours": _text({"Python": platform.python_version(), **{name: _of(name) for name in _PACKAGES}}),
    }


def original_versions(python: Path, log: Path) -> str:
    """The versions in the original's environment."""
    names = (*_PACKAGES, "tf_object_detection_api")
    return _text(run([python, "-c", _ASK % (names,)], log, timeout=60).values())


def _processor() -> str:
    """The processor's name as Linux knows it; elsewhere its kind."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _text(versions: dict[str, Any]) -> str:
    return json.dumps(versions).strip("{}").replace('"', "").replace(":", "")
