"""Detectors of TensorFlow 1 that will not be built here, and the nearest that work."""

from collections.abc import Iterator

from tfod.config.faults.fault import Fault

__all__ = ["INSTEAD_OF_NASNET", "INSTEAD_OF_TWO_STAGES", "refused_faults"]

INSTEAD_OF_NASNET = "efficientdet_d3"
"""The model of the zoo that finds as much as the NASNets, with a fraction of the work."""
INSTEAD_OF_TWO_STAGES = "ssd_resnet101_v1_fpn_640x640"
"""The model of the zoo on the same backbone as those of R-FCN and Context R-CNN."""

_NASNETS = {"faster_rcnn_nas": "NASNet", "faster_rcnn_pnas": "PNASNet"}


def refused_faults(extractor: str) -> Iterator[Fault]:
    """`extractor`: the type. (R-FCN and Context R-CNN have fields of their own, see `tfod.config.support_table`.)
    Block: `feature_extractor`.

    >>> next(refused_faults("faster_rcnn_nas")).what
    'NASNet is not available here'
    """
    if extractor in _NASNETS:
        cure = f"the nearest that is: tfod config new --model {INSTEAD_OF_NASNET} ..."
        yield Fault(f"{_NASNETS[extractor]} is not available here", "type", cure)
