"""The models of the TensorFlow 2 Detection Model Zoo, as its page lists them.

ExtremeNet is left out: its two archives are no detectors, but weights for CenterNet to start from.
"""

import re
from dataclasses import dataclass
from typing import Literal

from tfod.config.architectures import ARCHITECTURES, Architecture

__all__ = ["MODELS", "InputSize", "ZooModel"]


@dataclass(frozen=True)
class InputSize:
    """To what size pictures are brought: squeezed to a square, or with their shape kept.

    Those that keep it, where both numbers differ or `padded`, have a shorter side of `least` pixels, unless the longer
    one would then exceed `most`.
    """

    least: int
    most: int
    padded: bool

    def __str__(self) -> str:
        if self.padded:
            return f"{self.most} pad"
        return f"{self.least}x{self.most}" if self.least == self.most else f"{self.least}-{self.most}"


@dataclass(frozen=True)
class ZooModel:
    """One archive of a zoo.

    Attributes:
        archive: where it lies in the zoo, without its ending: its date and name in that of TensorFlow 2.
        feature_extractor: the type that its config names.
        input_size: to what size it brings pictures.
        milliseconds: for a picture, as published: on hardware that the TF2 zoo does not name; on a GeForce GTX TITAN X,
            of 600x600 pixels, in the TF1 zoo, where `timed_on` names nothing else.
        box_map: mAP of boxes, as published: on COCO 2017 val in the TF2 zoo, on a part of COCO 2014's in the TF1 zoo,
            by another data set's own measure where `data` is another.
        million_parameters: those trained for 90 classes, as the checkpoint has them (EfficientDet's with a classifier
            that is never used); None where nobody has counted them here.
        other_map: mAP of keypoints or masks.
        config_name: the name of the config that trained it, where that is another.
        era: the TensorFlow of its zoo, which decides how weights are named.
        title: its name on the zoo's page, where that is another.
        timed_on: what `milliseconds` were measured on, where that is a phone.
        data: what it was trained and judged on.
        instead: the nearest model that works here, of one that will not be built.
    """

    archive: str
    feature_extractor: str
    input_size: InputSize
    milliseconds: float | None
    box_map: float | None
    million_parameters: float | None
    other_map: float | None = None
    config_name: str = ""
    era: Literal["tf1", "tf2"] = "tf2"
    title: str = ""
    timed_on: str = ""
    data: str = "COCO"
    instead: str = ""

    @property
    def name(self) -> str:
        """The archive's name, which is the folder's below `pretrained_models/`."""
        return self.archive.rpartition("/")[2]

    @property
    def short_name(self) -> str:
        """The name without data set and hardware (`ssd_mobilenet_v2_fpnlite_320x320`), or that of the zoo's page."""
        return self.title or _shortened(self.name)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name by which people know it, each once."""
        long = [self.name, self.config_name] if self.config_name else [self.name]
        return tuple(dict.fromkeys([self.short_name, *map(_shortened, long), *long]))

    @property
    def trainable(self) -> bool:
        """Whether this library can build it. Its config can be read and checked in any case."""
        row = ARCHITECTURES.get(self.feature_extractor)
        return row is not None and row.buildable and not self.instead

    @property
    def has_masks(self) -> bool:
        """Whether it also draws the objects' outlines, which it learns from masks."""
        return self.name.startswith("mask_rcnn")

    @property
    def architecture(self) -> Architecture:
        """What is known of its feature extractor."""
        return ARCHITECTURES[self.feature_extractor]


def _shortened(name: str) -> str:
    return re.sub(r"_coco17(_[tg]pu-\d+)?|_20\d\d_\d\d_\d\d$", "", name)


def _fixed(side: int) -> InputSize:
    return InputSize(side, side, padded=False)


def _padded(least: int, most: int | None = None) -> InputSize:
    return InputSize(least, most or least, padded=True)


# fmt: off
MODELS = (
    ZooModel("20200711/ssd_mobilenet_v2_320x320_coco17_tpu-8",
             "ssd_mobilenet_v2_keras", _fixed(300), 19, 20.2, 6.066),
    ZooModel("20200711/ssd_mobilenet_v1_fpn_640x640_coco17_tpu-8",
             "ssd_mobilenet_v1_fpn_keras", _fixed(640), 48, 29.1, 12.08),
    ZooModel("20200711/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8",
             "ssd_mobilenet_v2_fpn_keras", _fixed(320), 22, 22.2, 2.627),
    ZooModel("20200711/ssd_mobilenet_v2_fpnlite_640x640_coco17_tpu-8",
             "ssd_mobilenet_v2_fpn_keras", _fixed(640), 39, 28.2, 2.627),
    ZooModel("20200711/ssd_resnet50_v1_fpn_640x640_coco17_tpu-8",
             "ssd_resnet50_v1_fpn_keras", _fixed(640), 46, 34.3, 32.84),
    ZooModel("20200711/ssd_resnet50_v1_fpn_1024x1024_coco17_tpu-8",
             "ssd_resnet50_v1_fpn_keras", _fixed(1024), 87, 38.3, 32.84),
    ZooModel("20200711/ssd_resnet101_v1_fpn_640x640_coco17_tpu-8",
             "ssd_resnet101_v1_fpn_keras", _fixed(640), 57, 35.6, 51.83),
    ZooModel("20200711/ssd_resnet101_v1_fpn_1024x1024_coco17_tpu-8",
             "ssd_resnet101_v1_fpn_keras", _fixed(1024), 104, 39.5, 51.83),
    ZooModel("20200711/ssd_resnet152_v1_fpn_640x640_coco17_tpu-8",
             "ssd_resnet152_v1_fpn_keras", _fixed(640), 80, 35.4, 67.48),
    ZooModel("20200711/ssd_resnet152_v1_fpn_1024x1024_coco17_tpu-8",
             "ssd_resnet152_v1_fpn_keras", _fixed(1024), 111, 39.6, 67.48),
    ZooModel("20200711/efficientdet_d0_coco17_tpu-32",
             "ssd_efficientnet-b0_bifpn_keras", _padded(512), 39, 33.6, 5.573,
             config_name="ssd_efficientdet_d0_512x512_coco17_tpu-8"),
    ZooModel("20200711/efficientdet_d1_coco17_tpu-32",
             "ssd_efficientnet-b1_bifpn_keras", _padded(640), 54, 38.4, 8.319,
             config_name="ssd_efficientdet_d1_640x640_coco17_tpu-8"),
    ZooModel("20200711/efficientdet_d2_coco17_tpu-32",
             "ssd_efficientnet-b2_bifpn_keras", _padded(768), 67, 41.8, 10,
             config_name="ssd_efficientdet_d2_768x768_coco17_tpu-8"),
    ZooModel("20200711/efficientdet_d3_coco17_tpu-32",
             "ssd_efficientnet-b3_bifpn_keras", _padded(896), 95, 45.4, 14.16,
             config_name="ssd_efficientdet_d3_896x896_coco17_tpu-32"),
    ZooModel("20200711/efficientdet_d4_coco17_tpu-32",
             "ssd_efficientnet-b4_bifpn_keras", _padded(1024), 133, 48.5, 23.32,
             config_name="ssd_efficientdet_d4_1024x1024_coco17_tpu-32"),
    ZooModel("20200711/efficientdet_d5_coco17_tpu-32",
             "ssd_efficientnet-b5_bifpn_keras", _padded(1280), 222, 49.7, 36.75,
             config_name="ssd_efficientdet_d5_1280x1280_coco17_tpu-32"),
    ZooModel("20200711/efficientdet_d6_coco17_tpu-32",
             "ssd_efficientnet-b6_bifpn_keras", _padded(1408), 268, 50.5, 55.51,
             config_name="ssd_efficientdet_d6_1408x1408_coco17_tpu-32"),
    ZooModel("20200711/efficientdet_d7_coco17_tpu-32",
             "ssd_efficientnet-b6_bifpn_keras", _padded(1536), 325, 51.2, 55.51,
             config_name="ssd_efficientdet_d7_1536x1536_coco17_tpu-32"),
    ZooModel("20200713/centernet_hg104_512x512_coco17_tpu-8",
             "hourglass_104", _padded(512), 70, 41.9, 191.29,
             config_name="centernet_hourglass104_512x512_coco17_tpu-8"),
    ZooModel("20200711/centernet_hg104_512x512_kpts_coco17_tpu-32",
             "hourglass_104", _padded(512), 76, 40.0, 194.87, other_map=61.4,
             config_name="centernet_hourglass104_512x512_kpts_coco17_tpu-32"),
    ZooModel("20200713/centernet_hg104_1024x1024_coco17_tpu-32",
             "hourglass_104", _padded(1024), 197, 44.5, 191.29,
             config_name="centernet_hourglass104_1024x1024_coco17_tpu-32"),
    ZooModel("20200711/centernet_hg104_1024x1024_kpts_coco17_tpu-32",
             "hourglass_104", _padded(1024), 211, 42.8, 194.87, other_map=64.5,
             config_name="centernet_hourglass104_1024x1024_kpts_coco17_tpu-32"),
    ZooModel("20200711/centernet_resnet50_v1_fpn_512x512_coco17_tpu-8",
             "resnet_v1_50_fpn", _padded(512), 27, 31.2, 25.28),
    ZooModel("20200711/centernet_resnet50_v1_fpn_512x512_kpts_coco17_tpu-8",
             "resnet_v1_50_fpn", _padded(512), 30, 29.3, 25.74, other_map=50.7),
    ZooModel("20200711/centernet_resnet101_v1_fpn_512x512_coco17_tpu-8",
             "resnet_v2_101", _padded(512), 34, 34.2, 48.86),
    ZooModel("20200711/centernet_resnet50_v2_512x512_coco17_tpu-8",
             "resnet_v2_50", _padded(512), 27, 29.5, 29.85),
    ZooModel("20200711/centernet_resnet50_v2_512x512_kpts_coco17_tpu-8",
             "resnet_v2_50", _padded(512), 30, 27.6, 30.32, other_map=48.2),
    ZooModel("20210210/centernet_mobilenetv2fpn_512x512_coco17_od",
             "mobilenet_v2_fpn", _padded(512), 6, 23.4, 2.39),
    ZooModel("20210210/centernet_mobilenetv2fpn_512x512_coco17_kpts",
             "mobilenet_v2_fpn_sep_conv", _padded(512), 6, None, 2.41, other_map=41.7),
    ZooModel("20200711/faster_rcnn_resnet50_v1_640x640_coco17_tpu-8",
             "faster_rcnn_resnet50_keras", _padded(640), 53, 29.3, 28.46),
    ZooModel("20200711/faster_rcnn_resnet50_v1_1024x1024_coco17_tpu-8",
             "faster_rcnn_resnet50_keras", _fixed(1024), 65, 31.0, 28.46),
    ZooModel("20200711/faster_rcnn_resnet50_v1_800x1333_coco17_gpu-8",
             "faster_rcnn_resnet50_keras", _padded(800, 1333), 65, 31.6, 29.19),
    ZooModel("20200711/faster_rcnn_resnet101_v1_640x640_coco17_tpu-8",
             "faster_rcnn_resnet101_keras", _padded(640), 55, 31.8, 47.45),
    ZooModel("20200711/faster_rcnn_resnet101_v1_1024x1024_coco17_tpu-8",
             "faster_rcnn_resnet101_keras", _fixed(1024), 72, 37.1, 47.45),
    ZooModel("20200711/faster_rcnn_resnet101_v1_800x1333_coco17_gpu-8",
             "faster_rcnn_resnet101_keras", _padded(800, 1333), 77, 36.6, 48.18),
    ZooModel("20200711/faster_rcnn_resnet152_v1_640x640_coco17_tpu-8",
             "faster_rcnn_resnet152_keras", _padded(640), 64, 32.4, 63.09),
    ZooModel("20200711/faster_rcnn_resnet152_v1_1024x1024_coco17_tpu-8",
             "faster_rcnn_resnet152_keras", _fixed(1024), 85, 37.6, 63.09),
    ZooModel("20200711/faster_rcnn_resnet152_v1_800x1333_coco17_gpu-8",
             "faster_rcnn_resnet152_keras", _padded(800, 1333), 101, 37.4, 63.82),
    ZooModel("20200711/faster_rcnn_inception_resnet_v2_640x640_coco17_tpu-8",
             "faster_rcnn_inception_resnet_v2_keras", _padded(640), 206, 37.7, 59.47),
    ZooModel("20200711/faster_rcnn_inception_resnet_v2_1024x1024_coco17_tpu-8",
             "faster_rcnn_inception_resnet_v2_keras", _fixed(1024), 236, 38.7, 59.47),
    ZooModel("20200711/mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8",
             "faster_rcnn_inception_resnet_v2_keras", _fixed(1024), 301, 39.0, 64.95, other_map=34.6),
)
# fmt: on
