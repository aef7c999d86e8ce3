"""What is wrong with anchors."""

from collections.abc import Iterator

from tfod.config.faults.fault import Fault

__all__ = [
    "anchor_choice_faults",
    "feature_map_faults",
    "multiscale_anchor_faults",
    "ssd_anchor_faults",
]

_OF_AN_SSD = ("multiscale_anchor_generator", "ssd_anchor_generator", "flexible_grid_anchor_generator")


def anchor_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the generator that is named for an SSD. Block: `anchor_generator`."""
    if kind not in _OF_AN_SSD:
        what = f"an SSD cannot have anchors of the kind {kind or '(none)'}"
        yield Fault(what, "", f"use {', '.join(_OF_AN_SSD[:-1])} or {_OF_AN_SSD[-1]}")


def multiscale_anchor_faults(aspect_ratios: int, scales_per_octave: int) -> Iterator[Fault]:
    """`aspect_ratios`: how many there are. Block: `multiscale_anchor_generator`."""
    if not aspect_ratios:
        cure = "--set '{field}=[1.0, 2.0, 0.5]'"
        yield Fault("without aspect_ratios there is no anchor", "aspect_ratios", cure)
    if not scales_per_octave:
        yield Fault("without scales_per_octave there is no anchor", "scales_per_octave", "--set {field}=2")


def ssd_anchor_faults(num_layers: int, *, scales: int, strides: int, offsets: int) -> Iterator[Fault]:
    """How many scales, strides and offsets stand in the lists; none is right, too. Block: `ssd_anchor_generator`."""
    for name, field, count in (
        ("scales", "scales", scales),
        ("strides", "height_stride", strides),
        ("offsets", "height_offset", offsets),
    ):
        if count not in (0, num_layers):
            what = f"there are {count} {name} for {num_layers} layers"
            yield Fault(what, f"{field}[0]", f"give {num_layers} {name}, or none")


def feature_map_faults(feature_maps: int, anchor_sets: int, *, field: str = "", cure: str = "") -> Iterator[Fault]:
    """Every feature map needs anchors of its own. Block: `anchor_generator`, or the generator in it.

    `field` and `cure` are for those who know which field is wrong.
    """
    if feature_maps != anchor_sets:
        what = f"there are {feature_maps} feature maps, but anchors for {anchor_sets}"
        yield Fault(what, field, cure or "let it have as many levels or layers as the feature extractor")
