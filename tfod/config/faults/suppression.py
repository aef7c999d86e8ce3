"""What is wrong with non-max suppression."""

from collections.abc import Iterator
from typing import Any

from tfod.config.faults.fault import Fault

__all__ = ["suppression_faults"]


def suppression_faults(settings: Any) -> Iterator[Fault]:
    """`settings`: what has the fields of a `batch_non_max_suppression`, which is the block."""
    per_class, total = settings.max_detections_per_class, settings.max_total_detections
    if per_class > total:
        what = f"max_detections_per_class {per_class} is above max_total_detections {total}"
        yield Fault(what, "max_detections_per_class", f"--set {{block}}max_total_detections={per_class}")
    if not 0 <= settings.iou_threshold <= 1:
        cure = "an IoU is between 0 and 1: --set {field}=0.6"
        yield Fault(f"iou_threshold is {settings.iou_threshold:g}", "iou_threshold", cure)
    if settings.soft_nms_sigma < 0:
        cure = "--set {field}=0 switches soft suppression off"
        yield Fault(f"soft_nms_sigma is {settings.soft_nms_sigma:g}", "soft_nms_sigma", cure)
    clashes = [name for name in ("use_class_agnostic_nms", "change_coordinate_frame") if getattr(settings, name)]
    if settings.use_combined_nms and clashes:
        cures = " ".join(f"--set {{block}}{name}=false" for name in clashes)
        yield Fault(f"use_combined_nms and {clashes[0]} exclude each other", "use_combined_nms", cures)
