"""The exported model on one picture of 480x640 pixels, uint8 in, detections out."""

from benchmarks.export import ALONE
from benchmarks.results import Row
from benchmarks.workload import Workload

__all__ = ["measure"]

_WARM_UP = 10
_CALLS = 100
_TOLERANCE = 1e-3


def measure(work: Workload) -> list[Row]:
    """One row; raises RuntimeError when the two models do not find the same, since then the work differs."""
    folders = {side: work.fresh("export") for side in ("ours", "original")}
    work.tool("exporter_main_v2", work.exporting(folders["ours"]) | ALONE)
    work.original_tool("exporter_main_v2", work.exporting(folders["original"]))
    scores: dict[str, list[float]] = {}

    def detect(side: str) -> float:
        arguments = folders[side] / "saved_model", work.batch, _WARM_UP, _CALLS
        values = work.script(side, "infer", *arguments).values()
        scores[side] = values["scores"]
        return float(values["seconds"])

    results = work.alternate(
        ours=lambda: detect("ours"),
        original=lambda: detect("original"),
        limit=lambda: work.script("ours", "network", work.config, work.batch, _WARM_UP, _CALLS).values()["seconds"],
    )
    apart = max(abs(a - b) for a, b in zip(scores["ours"], scores["original"], strict=True))
    if apart > _TOLERANCE:
        raise RuntimeError(f"the exported models differ: their best scores are {apart:.2g} apart")
    in_ms = {side: [1000 * value for value in values] for side, values in results.items()}
    return [Row("exported model, batch 1", "ms", **in_ms, bar=0.8, limit_is="the network alone, on ready input")]
