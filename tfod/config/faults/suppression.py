"""What is wrong with non-max suppression."""

from collections.abc import Iterator

from tfod.config.faults.fault import Fault

__all__ = ["suppression_faults"]


def suppression_faults(
    *, max_per_class: int, max_total: int, iou_threshold: float, soft_nms_sigma: float
) -> Iterator[Fault]:
    """Block: `batch_non_max_suppression`."""
    if max_per_class > max_total:
        what = f"max_detections_per_class {max_per_class} is above max_total_detections {max_total}"
        cure = f"--set {{block}}max_total_detections={max_per_class}"
        yield Fault(what, "max_detections_per_class", cure)
    if not 0 <= iou_threshold <= 1:
        cure = "an IoU is between 0 and 1: --set {field}=0.6"
        yield Fault(f"iou_threshold is {iou_threshold:g}", "iou_threshold", cure)
    if soft_nms_sigma < 0:
        cure = "--set {field}=0 switches soft suppression off"
        yield Fault(f"soft_nms_sigma is {soft_nms_sigma:g}", "soft_nms_sigma", cure)
