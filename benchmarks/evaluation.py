"""A checkpoint evaluated on the test photos: start of the process to the numbers."""

import json

from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["measure"]

_TAG = "DetectionBoxes_Recall/AR@100"
_TOLERANCE = 0.005


def measure(work: Workload) -> list[Row]:
    """One row; raises RuntimeError when the numbers differ, since then the work does."""
    found: dict[str, float] = {}

    def ours() -> float:
        metrics = work.fresh("metrics")
        finished = work.evaluate_ours(metrics)
        found["ours"] = json.loads(next(metrics.rglob("metrics.json")).read_text(encoding="utf-8"))[_TAG]
        return finished.seconds

    def original() -> float:
        arguments = work.config, work.checkpoint, work.fresh("evaluation")
        finished = work.script("original", "evaluate_original", *arguments)
        values = finished.values()
        found["original"] = values["metrics"][_TAG]
        return values["finished"] - finished.began

    def limit() -> float:
        network = work.script("ours", "network", work.config, work.batch, 5, 40).values()
        decode = work.script("ours", "decode", 3, *(work.data.picture(name) for name in work.data.test)).values()
        return network["import"] + len(work.data.test) * (network["seconds"] + decode["seconds"])

    seconds = work.alternate(ours=ours, original=original, limit=limit)
    if abs(found["ours"] - found["original"]) > _TOLERANCE:
        raise RuntimeError(f"the two sides found different numbers, {_TAG}: {found}")
    name = f"evaluation of {len(work.data.test)} pictures"
    limit_is = "TensorFlow imported, pictures decoded and seen by the network"
    return [Row(name, "s", **seconds, bar=0.5, limit_is=limit_is)]
