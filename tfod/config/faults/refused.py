"""Detectors of TensorFlow 1 that will not be built here, and the nearest that work."""

from collections.abc import Iterator

from tfod.config.faults.fault import Fault

__all__ = ["INSTEAD_OF_NASNET", "INSTEAD_OF_TWO_STAGES", "refused_faults"]

INSTEAD_OF_NASNET = "efficientdet_d3"
"""The model of the zoo that finds as much as the NASNets, with a fraction of the work."""
INSTEAD_OF_TWO_STAGES = "ssd_resnet101_v1_fpn_640x640"
"""The model of the zoo on the same backbone as those of R-FCN and Context R-CNN."""

_NASNETS = {"faster_rcnn_nas": "NASNet", "faster_rcnn_pnas": "PNASNet"}


def refused_faults(extractor: str, *, rfcn: bool, context: bool) -> Iterator[Fault]:
    """`extractor`: the type; `rfcn`: whether the box predictor is R-FCN's; `context`: whether there is a
    `context_config`. Block: `faster_rcnn`.

    >>> next(refused_faults("faster_rcnn_nas", rfcn=False, context=False)).what
    'NASNet is not available here'
    """
    if extractor in _NASNETS:
        yield _fault(_NASNETS[extractor], "feature_extractor.type", INSTEAD_OF_NASNET)
    if rfcn:
        yield _fault("R-FCN", "second_stage_box_predictor.rfcn_box_predictor", INSTEAD_OF_TWO_STAGES)
    if context:
        yield _fault("Context R-CNN", "context_config", INSTEAD_OF_TWO_STAGES)


def _fault(name: str, field: str, instead: str) -> Fault:
    return Fault(f"{name} is not available here", field, f"the nearest that is: tfod config new --model {instead} ...")
