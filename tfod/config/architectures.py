"""The architectures that a config can name, one row each; no TensorFlow is imported to read them.

The check, the zoo's list, the settings for fine-tuning and the table of what works ask this table; nobody reads meaning
into a name. `tests/config/test_architectures.py` holds it together with what the model builder has.
"""

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["ARCHITECTURES", "EFFICIENTDET_PYRAMIDS", "Architecture", "Cost", "types_of"]

Family = Literal["ssd", "faster_rcnn", "center_net"]
Pyramid = Literal["", "fpn", "bifpn"]
Levels = tuple[int, int]
Era = Literal["tf1", "tf2"]

_SIDE_OF_COSTS = 640  # pixels
# The coarsest level that a backbone makes. A pyramid adds coarser ones by strides.
_DEEPEST_BACKBONE_LEVEL = 5


@dataclass(frozen=True)
class Cost:
    """What training takes on two processor cores.

    Attributes:
        gigabytes: memory without any image.
        gigabytes_an_image: memory for each 640x640 image of a batch.
        seconds_an_image: time for such an image.
        recomputed: the share of the memory for images that is left with `--recompute`.
    """

    gigabytes: float
    gigabytes_an_image: float
    seconds_an_image: float
    recomputed: float = 0.6

    def gigabytes_for(self, side: int, batch: int) -> float:
        """Memory for a batch of square images of `side` pixels.

        >>> Cost(gigabytes=1.0, gigabytes_an_image=0.5, seconds_an_image=1.0).gigabytes_for(1280, 2)
        5.0
        """
        return self.gigabytes + self.gigabytes_an_image * batch * (side / _SIDE_OF_COSTS) ** 2


@dataclass(frozen=True)
class Architecture:
    """A value of `feature_extractor.type`, and what depends on it.

    Attributes:
        name: the value.
        family: the block of `model` in which it stands.
        network: the kind of its backbone, all sizes alike.
        backbone: the backbone, with its size.
        pyramid: how levels are combined; "" where they are not.
        levels: first and last level of the pyramid, in the zoo's configs.
        levels_field: the block of the config that says the levels; "" where they are fixed, whatever a config says.
        unread: further fields of the feature extractor's block that change nothing.
        buildable: whether this library can build it.
        cost: of its training; None where nobody has trained it here.
        zoo_learning_rate: the highest rate of the zoo's own training; where that had RMSProp, of its sibling of
            TensorFlow 2, since the settings for fine-tuning have momentum.
        crop: the step of augmentation with which the zoo trains it, beside mirroring.
        feature_maps: how many an SSD without a pyramid has, whatever num_layers says; 0 where it says that.
        era: the TensorFlow whose networks it is of: version 1's were built with TF-Slim, version 2's with Keras.
    """

    name: str
    family: Family
    network: str
    backbone: str
    pyramid: Pyramid = ""
    levels: Levels | None = None
    levels_field: Pyramid = ""
    unread: tuple[str, ...] = ()
    buildable: bool = False
    cost: Cost | None = None
    zoo_learning_rate: float = 0.08
    crop: Literal["random_crop", "ssd_random_crop", "scale_crop_and_pad"] = "random_crop"
    feature_maps: int = 0
    era: Era = "tf2"

    @property
    def is_slim(self) -> bool:
        """Whether the original built it with TF-Slim, which has its own paddings, order of sums and names."""
        return self.era == "tf1"

    @property
    def takes_gray(self) -> bool:
        """Whether images may have one channel: the others subtract a mean from each of three."""
        return self.network.startswith(("mobilenet", "mobiledet", "inception_v"))

    def levels_in(self, extractor: Any) -> Levels | None:
        """First and last level of the pyramid that `extractor`, a feature extractor's block, asks for; None without."""
        by_default = self.family == "faster_rcnn" and not extractor.HasField(self.levels_field or "fpn")
        if not self.levels_field or by_default:
            return self.levels
        block = getattr(extractor, self.levels_field)
        return block.min_level, block.max_level

    def coarsest_doubled(self, levels: Levels) -> int:
        """The coarsest of the `levels` that is doubled and added to the next finer one.

        >>> ARCHITECTURES["ssd_mobilenet_v2_fpn_keras"].coarsest_doubled((3, 7))
        5
        """
        return levels[1] if self.pyramid == "bifpn" else min(levels[1], _DEEPEST_BACKBONE_LEVEL)


# Measured on two processor cores. Seconds are rough: that of FPNLite was measured alone, the others beside it.
_MOBILENET_COST = Cost(0.9, 0.5, 0.17)
# Not measured: memory as of MobileNetV2, whose multiplications are about half as many.
_MOBILENET_V1_COST = Cost(0.9, 0.5, 0.3)
_RESNET_COSTS = {50: Cost(1.4, 0.8, 1.0), 101: Cost(2.1, 1.1, 1.6), 152: Cost(1.9, 1.75, 2.0)}
# Estimated of the numbers of features and multiplications: 64 regions of an image go through a fifth of the network.
_FASTER_RCNN_COSTS = {
    ("", 50): Cost(1.5, 1.2, 2.0), ("", 101): Cost(2.2, 1.5, 2.6), ("", 152): Cost(2.2, 2.1, 3.2),
    ("fpn", 50): Cost(1.8, 1.5, 2.2), ("fpn", 101): Cost(2.5, 1.8, 2.8), ("fpn", 152): Cost(2.5, 2.4, 3.4),
}  # fmt: skip
_INCEPTION_RESNET_COST = Cost(2.6, 3.0, 6.0)
EFFICIENTDET_PYRAMIDS: tuple[tuple[int, int, str], ...] = (
    (64, 3, "fast_attention"), (88, 4, "fast_attention"), (112, 5, "fast_attention"), (160, 6, "fast_attention"),
    (224, 7, "fast_attention"), (288, 7, "fast_attention"), (384, 8, "sum"), (384, 8, "sum"),
)  # fmt: skip
"""Channels, iterations and combine_method of the BiFPN of an EfficientNet, by its number: where a config has none."""
# B0 and B4 were measured, at 512 pixels; the others follow from how many features and multiplications they have more.
_EFFICIENTDET_COSTS = (
    Cost(1.0, 1.15, 0.4, 0.4), Cost(1.1, 1.6, 0.6, 0.4), Cost(1.2, 1.75, 0.7, 0.4), Cost(1.3, 2.4, 1.0, 0.4),
    Cost(1.6, 3.3, 1.6, 0.4), Cost(2.0, 4.4, 2.3, 0.4), Cost(2.6, 6.0, 3.7, 0.4), Cost(3.2, 7.0, 4.5, 0.4),
)  # fmt: skip
# The end of the type, and where the levels of the pyramid come from.
_ERA_OF_RESNETS: dict[Era, tuple[str, Pyramid]] = {"tf1": ("", "fpn"), "tf2": ("_keras", "")}
_OVERRIDE = "override_base_feature_extractor_hyperparams"
_FIXED_CONVOLUTIONS = ("use_depthwise", "use_explicit_padding")


def _ssd_with_pyramid(name: str, network: str, cost: Cost, rate: float = 0.08, era: Era = "tf2") -> Architecture:
    return Architecture(
        name, "ssd", network, network, "fpn", (3, 7), "fpn", buildable=True, cost=cost, zoo_learning_rate=rate, era=era
    )


def _ssd_resnet(depth: int, era: Era = "tf2") -> Architecture:
    ending, levels_field = _ERA_OF_RESNETS[era]
    return Architecture(
        f"ssd_resnet{depth}_v1_fpn{ending}", "ssd", "resnet_v1", f"resnet{depth}_v1", "fpn", (3, 7), levels_field,
        unread=_FIXED_CONVOLUTIONS, buildable=True, cost=_RESNET_COSTS[depth], zoo_learning_rate=0.04, era=era,
    )  # fmt: skip


def _ssd_of_tf1(
    name: str, network: str, cost: Cost, *unread: str, maps: int = 0, rate: float = 0.04, backbone: str = ""
) -> Architecture:
    return Architecture(
        name, "ssd", network, backbone or network, unread=unread, buildable=True, cost=cost, zoo_learning_rate=rate,
        crop="ssd_random_crop", feature_maps=maps, era="tf1",
    )  # fmt: skip


def _efficientdet(size: int) -> Architecture:
    return Architecture(
        f"ssd_efficientnet-b{size}_bifpn_keras", "ssd", "efficientnet", f"efficientnet-b{size}", "bifpn", (3, 7),
        "bifpn", buildable=True, cost=_EFFICIENTDET_COSTS[size], crop="scale_crop_and_pad",
    )  # fmt: skip


def _ssd_mobiledet(processor: str) -> Architecture:
    name = f"mobiledet_{processor}"
    return _ssd_of_tf1(f"ssd_{name}", "mobiledet", Cost(0.9, 0.6, 0.5), _OVERRIDE, maps=6, rate=0.8, backbone=name)


def _faster_rcnn(
    name: str, network: str, cost: Cost, *, backbone: str = "", pyramid: Pyramid = "", era: Era = "tf2"
) -> Architecture:
    return Architecture(
        name, "faster_rcnn", network, backbone or network, pyramid, (2, 6) if pyramid else None, pyramid,
        buildable=True, cost=cost, zoo_learning_rate=0.04, era=era,
    )  # fmt: skip


def _faster_rcnn_resnet(depth: int, ending: str = "_keras", pyramid: Pyramid = "", era: Era = "tf2") -> Architecture:
    cost = _FASTER_RCNN_COSTS[pyramid, depth]
    name, backbone = f"faster_rcnn_resnet{depth}{ending}", f"resnet{depth}_v1"
    return _faster_rcnn(name, "resnet_v1", cost, backbone=backbone, pyramid=pyramid, era=era)


def _center_net(name: str, network: str, backbone: str, pyramid: Pyramid = "") -> Architecture:
    return Architecture(name, "center_net", network, backbone, pyramid)


_ROWS = (
    Architecture("ssd_mobilenet_v1_keras", "ssd", "mobilenet_v1", "mobilenet_v1", buildable=True,
                 cost=_MOBILENET_V1_COST, zoo_learning_rate=0.04, crop="ssd_random_crop"),
    _ssd_with_pyramid("ssd_mobilenet_v1_fpn_keras", "mobilenet_v1", Cost(0.9, 0.63, 0.7), rate=0.04),
    Architecture("ssd_mobilenet_v2_keras", "ssd", "mobilenet_v2", "mobilenet_v2", buildable=True,
                 cost=_MOBILENET_COST, crop="ssd_random_crop"),
    _ssd_with_pyramid("ssd_mobilenet_v2_fpn_keras", "mobilenet_v2", Cost(0.9, 0.63, 0.18)),
    *map(_ssd_resnet, (50, 101, 152)),
    _ssd_of_tf1("ssd_mobilenet_v1", "mobilenet_v1", _MOBILENET_V1_COST),
    _ssd_with_pyramid("ssd_mobilenet_v1_fpn", "mobilenet_v1", Cost(0.9, 0.63, 0.7), rate=0.04, era="tf1"),
    _ssd_of_tf1("ssd_mobilenet_v2", "mobilenet_v2", _MOBILENET_COST, rate=0.08),
    _ssd_with_pyramid("ssd_mobilenet_v2_fpn", "mobilenet_v2", Cost(0.9, 0.63, 0.18), era="tf1"),
    *(_ssd_resnet(depth, "tf1") for depth in (50, 101, 152)),
    _ssd_of_tf1("ssd_inception_v2", "inception_v2", Cost(1.0, 0.8, 0.6)),
    _ssd_of_tf1("ssd_inception_v3", "inception_v3", Cost(1.2, 1.1, 1.0)),
    _ssd_of_tf1("embedded_ssd_mobilenet_v1", "mobilenet_v1", _MOBILENET_V1_COST, _OVERRIDE, maps=5),
    _ssd_of_tf1("ssd_mobilenet_v1_ppn", "mobilenet_v1", _MOBILENET_V1_COST, "use_depthwise", maps=6, rate=0.7),
    _ssd_of_tf1("ssd_mobilenet_v3_large", "mobilenet_v3", Cost(0.9, 0.5, 0.3), maps=6, backbone="mobilenet_v3_large"),
    _ssd_of_tf1("ssd_mobilenet_v3_small", "mobilenet_v3", Cost(0.9, 0.4, 0.2), maps=6, backbone="mobilenet_v3_small"),
    *map(_ssd_mobiledet, ("cpu", "dsp", "edgetpu", "gpu")),
    *map(_efficientdet, range(8)),
    *(_faster_rcnn_resnet(depth) for depth in (50, 101, 152)),
    *(_faster_rcnn_resnet(depth, "_fpn_keras", "fpn") for depth in (50, 101, 152)),
    _faster_rcnn("faster_rcnn_inception_resnet_v2_keras", "inception_resnet_v2", _INCEPTION_RESNET_COST),
    _faster_rcnn("faster_rcnn_mobilenet_v1_035_keras", "mobilenet_v1", Cost(0.8, 0.4, 0.2)),
    *(_faster_rcnn_resnet(depth, "", era="tf1") for depth in (50, 101, 152)),
    _faster_rcnn("faster_rcnn_inception_v2", "inception_v2", Cost(1.2, 0.9, 1.0), era="tf1"),
    _faster_rcnn("faster_rcnn_inception_resnet_v2", "inception_resnet_v2", _INCEPTION_RESNET_COST, era="tf1"),
    *(_center_net(f"resnet_v2_{depth}", "resnet_v2", f"resnet{depth}_v2") for depth in (50, 101)),
    *(_center_net(f"resnet_v1_{depth}_fpn", "resnet_v1", f"resnet{depth}_v1", "fpn") for depth in (18, 34, 50, 101)),
    *(_center_net(f"hourglass_{layers}", "hourglass", f"hourglass_{layers}") for layers in (10, 20, 32, 52, 104)),
    _center_net("mobilenet_v2", "mobilenet_v2", "mobilenet_v2"),
    _center_net("mobilenet_v2_fpn", "mobilenet_v2", "mobilenet_v2", "fpn"),
    _center_net("mobilenet_v2_fpn_sep_conv", "mobilenet_v2", "mobilenet_v2", "fpn"),
)  # fmt: skip

ARCHITECTURES: dict[str, Architecture] = {row.name: row for row in _ROWS}
"""Name in configs -> row, of every feature extractor that the original knows under TensorFlow 2, and of those that it
knew under TensorFlow 1 and that can be built here; and of a small one of two stages that it has not."""


def types_of(family: str) -> tuple[str, ...]:
    """The types that a model of the family can have, whether or not they can be built here."""
    return tuple(row.name for row in _ROWS if row.family == family)
