"""What is wrong with how boxes are compared with anchors, matched to them and encoded."""

from collections.abc import Iterator

from tfod.config.faults.fault import Fault

__all__ = [
    "box_coder_choice_faults",
    "matcher_choice_faults",
    "matcher_threshold_faults",
    "similarity_choice_faults",
]


def box_coder_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the coder that is named. Block: `box_coder`."""
    yield from _no_choice("box coder", kind, "faster_rcnn_box_coder")


def matcher_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the matcher that is named. Block: `matcher`."""
    yield from _no_choice("matcher", kind, "argmax_matcher")


def similarity_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the similarity that is named. Block: `similarity_calculator`."""
    yield from _no_choice("similarity", kind, "iou_similarity")


def matcher_threshold_faults(*, matched: float, unmatched: float) -> Iterator[Fault]:
    """For thresholds that are not ignored. Block: `argmax_matcher`."""
    if unmatched > matched:
        what = f"unmatched_threshold {unmatched:g} is above matched_threshold {matched:g}"
        yield Fault(what, "unmatched_threshold", f"--set {{field}}={matched:g}")


def _no_choice(part: str, kind: str | None, example: str) -> Iterator[Fault]:
    if not kind:
        yield Fault(f"no {part} is chosen", "", f"--set '{{field}}={{ {example} {{}} }}'")
