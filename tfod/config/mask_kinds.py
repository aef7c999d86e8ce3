"""The two ways in which records hold masks: an encoded PNG image for each object, or all their pixels as numbers."""

from collections.abc import Mapping
from typing import Any, Literal

from tfod import names
from tfod.protos.input_reader_pb2 import InputReader, InstanceMaskType

__all__ = ["MASK_TYPES", "MaskKind", "stored_masks", "told", "wanted_masks"]

MaskKind = Literal["png", "numbers"]
MASK_TYPES: dict[MaskKind, str] = {"png": "PNG_MASKS", "numbers": "NUMERICAL_MASKS"}
"""What a reader's `mask_type` says of each."""


def wanted_masks(reader: InputReader) -> MaskKind | None:
    """Which a reader loads, if any."""
    if not reader.load_instance_masks:
        return None
    return "png" if reader.mask_type == InstanceMaskType.PNG_MASKS else "numbers"


def stored_masks(features: Mapping[str, Any]) -> MaskKind | None:
    """Which the features of a record hold, if any."""
    masks = features.get(names.OBJECT_MASK)
    if not masks:
        return None
    return "png" if isinstance(masks[0], bytes) else "numbers"


def told(kind: MaskKind) -> str:
    """As an error has it."""
    return "PNG" if kind == "png" else kind
