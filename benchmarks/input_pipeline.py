"""The training input alone: milliseconds a picture, and how far it is ahead of the step that consumes it."""

from benchmarks.data import BATCH_SIZE
from benchmarks.results import Row
from benchmarks.training_step import seconds_a_step
from benchmarks.workload import Workload

__all__ = ["measure"]

_WARM_UP = 50
_BATCHES = 150
_DECODER_PASSES = 5


def measure(work: Workload) -> list[Row]:
    """Two rows: beside the original's input, and beside our own step, of which it may take a third."""
    pictures = [work.data.picture(name) for name in work.data.train]

    def decoder() -> float:
        return 1000 * float(work.script("ours", "decode", _DECODER_PASSES, *pictures).values()["seconds"])

    def pipeline(side: str) -> float:
        arguments = side, work.config, _WARM_UP, _BATCHES
        return 1000 * float(work.script(side, "input_pipeline", *arguments).values()["seconds"]) / BATCH_SIZE

    alone = work.alternate(
        ours=lambda: pipeline("ours"),
        original=lambda: pipeline("original"),
        limit=decoder,
    )
    step = work.alternate(step=lambda: seconds_a_step(work, work.config, work.batch))["step"]
    consumed = [1000 * seconds / BATCH_SIZE for seconds in step]
    limit = {"limit": alone["limit"], "limit_is": "the JPEG decoder alone, all cores"}
    return [
        Row("input pipeline, a picture", "ms", alone["ours"], alone["original"], **limit),
        Row(
            "input pipeline / our own step",
            "ms",
            alone["ours"],
            consumed,
            bar=1 / 3,
            **limit,
            note="here `original` is what our own step takes for a picture: a third is three times as fast",
        ),
    ]
