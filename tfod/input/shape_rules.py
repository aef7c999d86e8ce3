"""Whether the masks and keypoints that a reader loads are in its records, and as it says."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from tfod import names
from tfod.config.diagnostics import Diagnostic, error, warning
from tfod.config.mask_kinds import MASK_TYPES, MaskKind, stored_masks, told
from tfod.records.example import decode_example
from tfod.records.frames import scan_frames

__all__ = ["StoredShapes", "shape_findings", "stored_shapes"]

_LOOKED_AT = 20  # records of the first file, until one has masks and keypoints
_AGAIN = "convert the data again, with masks: tfod convert and create_coco_tf_record.py --include_masks write them"


class StoredShapes(NamedTuple):
    """What records hold, or a reader wants: which kind of masks, and how many keypoints an object."""

    masks: MaskKind | None = None
    keypoints: int = 0


def stored_shapes(paths: Sequence[str]) -> StoredShapes | None:
    """What the first records hold that have objects; None where there is none. DataError where one is damaged."""
    found: StoredShapes | None = None
    for frame in islice(scan_frames(paths[0]), _LOOKED_AT) if paths else ():
        if frame.fault:
            raise frame.fault
        features = decode_example(frame.payload)
        count = len(features.get(names.OBJECT_XMIN) or ())
        if count:
            keypoints = len(features.get(names.OBJECT_KEYPOINT_X) or ()) // count
            earlier = found or StoredShapes()
            found = StoredShapes(earlier.masks or stored_masks(features), earlier.keypoints or keypoints)
        if found and found.masks and found.keypoints:
            break
    return found


def shape_findings(found: StoredShapes, wanted: StoredShapes, where: str) -> Iterator[Diagnostic]:
    """An error where the reader at `where` cannot read what is there, a warning where nothing is."""
    if wanted.masks and not found.masks:
        what = "the reader loads masks, and the first records have none: no mask is learnt"
        yield warning("no-masks", what, f"{where}.load_instance_masks", _AGAIN)
    elif wanted.masks and found.masks and wanted.masks != found.masks:
        what = f"the records' masks are {told(found.masks)}, and mask_type says {told(wanted.masks)}"
        cure = f"--set {where}.mask_type={MASK_TYPES[found.masks]}"
        yield error("mask-type", what, f"{where}.mask_type", cure)
    if wanted.keypoints and not found.keypoints:
        what = "the reader loads keypoints, and the first records have none: no keypoint is learnt"
        yield warning("no-keypoints", what, f"{where}.num_keypoints", "convert the data again, with keypoints")
    elif wanted.keypoints and wanted.keypoints != found.keypoints:
        what = f"the records have {found.keypoints} keypoints an object, and num_keypoints is {wanted.keypoints}"
        yield error("keypoints", what, f"{where}.num_keypoints", f"--set {where}.num_keypoints={found.keypoints}")
