"""The lines between keypoints that a config names."""

from tfod.protos.eval_pb2 import EvalConfig

__all__ = ["keypoint_edges"]


def keypoint_edges(config: EvalConfig) -> list[tuple[int, int]]:
    """Pairs of numbers of keypoints, from 0, between which lines are drawn: those of `keypoint_edge`."""
    return [(edge.start, edge.end) for edge in config.keypoint_edge]
