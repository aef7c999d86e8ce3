"""A checkpoint evaluated on the test photos: start of the process to the numbers."""

import json
import math

from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["measure"]

_BAR = 0.5
_TAG = "Loss/total_loss"
_TOLERANCE = 1e-3  # relative


def measure(work: Workload) -> list[Row]:
    """Our two commands, each beside the original's only one.

    Raises RuntimeError when the numbers differ, since then the work does.
    """
    found: dict[str, float] = {}
    source = {"pipeline_config_path": work.config, "checkpoint_dir": work.checkpoint}

    def evaluate_detections() -> float:
        folder = work.fresh("metrics")
        finished = work.tool("evaluate_detections", {**source, "output_dir": folder})
        found["ours"] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))[_TAG]
        return finished.seconds

    def model_main() -> float:
        flags = {**source, "model_dir": work.fresh("evaluation"), "run_once": "true"}
        return work.tool("model_main_tf2", flags).seconds

    def original() -> float:
        arguments = *source.values(), work.fresh("evaluation")
        finished = work.script("original", "evaluate_original", *arguments)
        values = finished.values()
        found["original"] = values["metrics"][_TAG]
        return values["finished"] - finished.began

    def limit() -> float:
        network = work.script("ours", "network", work.config, work.batch, 5, 40).values()
        pictures = [work.data.picture(name) for name in work.data.test]
        decode = work.script("ours", "decode", 3, *pictures).values()
        return network["import"] + len(pictures) * (network["seconds"] + decode["seconds"])

    seconds = work.alternate(ours=evaluate_detections, original=original, same=model_main, limit=limit)
    if not math.isclose(found["ours"], found["original"], rel_tol=_TOLERANCE):
        raise RuntimeError(f"the two sides found different numbers, {_TAG}: {found}")
    name = f"evaluation of {len(work.data.test)} pictures"
    limits = {
        "bar": _BAR,
        "limit": seconds["limit"],
        "limit_is": "TensorFlow imported, pictures decoded and seen by the network",
    }
    return [
        Row(f"{name}, evaluate_detections", "s", seconds["ours"], seconds["original"], **limits),
        Row(f"{name}, model_main_tf2", "s", seconds["same"], seconds["original"], **limits),
    ]
