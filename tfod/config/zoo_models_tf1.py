"""The models of the TensorFlow 1 Detection Model Zoo, as its page lists them.

One is left out: the archive of ssd_mobilenet_edgetpu_coco lies behind a login of another server.
"""

from tfod.config.faults.refused import INSTEAD_OF_NASNET, INSTEAD_OF_TWO_STAGES
from tfod.config.zoo_models import InputSize, ZooModel

__all__ = ["TF1_MODELS"]

_FASTER_RCNN = InputSize(600, 1024, padded=False)
_MASK_RCNN = InputSize(800, 1365, padded=False)
_FPNLITE = "ssd_mobilenet_v2_fpnlite_320x320"
_INCEPTION_RESNET = "faster_rcnn_inception_resnet_v2"


def _square(side: int) -> InputSize:
    return InputSize(side, side, padded=False)


def _model(
    title: str,
    archive: str,
    feature_extractor: str,
    input_size: InputSize,
    milliseconds: float | None,
    box_map: float | None,
    *,
    timed_on: str = "",
    data: str = "COCO",
    instead: str = "",
) -> ZooModel:
    return ZooModel(
        archive, feature_extractor, input_size, milliseconds, box_map, None,
        era="tf1", title=title, timed_on=timed_on, data=data, instead=instead,
    )  # fmt: skip


# fmt: off
TF1_MODELS = (
    _model("ssd_mobilenet_v1_coco", "ssd_mobilenet_v1_coco_2018_01_28", "ssd_mobilenet_v1", _square(300), 30, 21),
    _model("ssd_mobilenet_v1_0.75_depth_coco", "ssd_mobilenet_v1_0.75_depth_300x300_coco14_sync_2018_07_03",
           "ssd_mobilenet_v1", _square(300), 26, 18),
    _model("ssd_mobilenet_v1_quantized_coco", "ssd_mobilenet_v1_quantized_300x300_coco14_sync_2018_07_18",
           "ssd_mobilenet_v1", _square(300), 29, 18),
    _model("ssd_mobilenet_v1_0.75_depth_quantized_coco",
           "ssd_mobilenet_v1_0.75_depth_quantized_300x300_coco14_sync_2018_07_18",
           "ssd_mobilenet_v1", _square(300), 29, 16),
    _model("ssd_mobilenet_v1_ppn_coco", "ssd_mobilenet_v1_ppn_shared_box_predictor_300x300_coco14_sync_2018_07_03",
           "ssd_mobilenet_v1_ppn", _square(300), 26, 20),
    _model("ssd_mobilenet_v1_fpn_coco", "ssd_mobilenet_v1_fpn_shared_box_predictor_640x640_coco14_sync_2018_07_03",
           "ssd_mobilenet_v1_fpn", _square(640), 56, 32),
    _model("ssd_resnet_50_fpn_coco", "ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync_2018_07_03",
           "ssd_resnet50_v1_fpn", _square(640), 76, 35),
    _model("ssd_mobilenet_v2_coco", "ssd_mobilenet_v2_coco_2018_03_29", "ssd_mobilenet_v2", _square(300), 31, 22),
    _model("ssd_mobilenet_v2_quantized_coco", "ssd_mobilenet_v2_quantized_300x300_coco_2019_01_03",
           "ssd_mobilenet_v2", _square(300), 29, 22),
    _model("ssdlite_mobilenet_v2_coco", "ssdlite_mobilenet_v2_coco_2018_05_09",
           "ssd_mobilenet_v2", _square(300), 27, 22),
    _model("ssd_inception_v2_coco", "ssd_inception_v2_coco_2018_01_28", "ssd_inception_v2", _square(300), 42, 24),
    _model("faster_rcnn_inception_v2_coco", "faster_rcnn_inception_v2_coco_2018_01_28",
           "faster_rcnn_inception_v2", _FASTER_RCNN, 58, 28),
    _model("faster_rcnn_resnet50_coco", "faster_rcnn_resnet50_coco_2018_01_28",
           "faster_rcnn_resnet50", _FASTER_RCNN, 89, 30),
    _model("faster_rcnn_resnet50_lowproposals_coco", "faster_rcnn_resnet50_lowproposals_coco_2018_01_28",
           "faster_rcnn_resnet50", _FASTER_RCNN, 64, None),
    _model("rfcn_resnet101_coco", "rfcn_resnet101_coco_2018_01_28",
           "faster_rcnn_resnet101", _FASTER_RCNN, 92, 30, instead=INSTEAD_OF_TWO_STAGES),
    _model("faster_rcnn_resnet101_coco", "faster_rcnn_resnet101_coco_2018_01_28",
           "faster_rcnn_resnet101", _FASTER_RCNN, 106, 32),
    _model("faster_rcnn_resnet101_lowproposals_coco", "faster_rcnn_resnet101_lowproposals_coco_2018_01_28",
           "faster_rcnn_resnet101", _FASTER_RCNN, 82, None),
    _model("faster_rcnn_inception_resnet_v2_atrous_coco", "faster_rcnn_inception_resnet_v2_atrous_coco_2018_01_28",
           _INCEPTION_RESNET, _FASTER_RCNN, 620, 37),
    _model("faster_rcnn_inception_resnet_v2_atrous_lowproposals_coco",
           "faster_rcnn_inception_resnet_v2_atrous_lowproposals_coco_2018_01_28",
           _INCEPTION_RESNET, _FASTER_RCNN, 241, None),
    _model("faster_rcnn_nas", "faster_rcnn_nas_coco_2018_01_28",
           "faster_rcnn_nas", _square(1200), 1833, 43, instead=INSTEAD_OF_NASNET),
    _model("faster_rcnn_nas_lowproposals_coco", "faster_rcnn_nas_lowproposals_coco_2018_01_28",
           "faster_rcnn_nas", _square(1200), 540, None, instead=INSTEAD_OF_NASNET),
    _model("mask_rcnn_inception_resnet_v2_atrous_coco", "mask_rcnn_inception_resnet_v2_atrous_coco_2018_01_28",
           _INCEPTION_RESNET, _MASK_RCNN, 771, 36),
    _model("mask_rcnn_inception_v2_coco", "mask_rcnn_inception_v2_coco_2018_01_28",
           "faster_rcnn_inception_v2", _MASK_RCNN, 79, 25),
    _model("mask_rcnn_resnet101_atrous_coco", "mask_rcnn_resnet101_atrous_coco_2018_01_28",
           "faster_rcnn_resnet101", _MASK_RCNN, 470, 33),
    _model("mask_rcnn_resnet50_atrous_coco", "mask_rcnn_resnet50_atrous_coco_2018_01_28",
           "faster_rcnn_resnet50", _MASK_RCNN, 343, 29),
    # For phones and accelerators.
    _model("ssd_mobiledet_cpu_coco", "ssdlite_mobiledet_cpu_320x320_coco_2020_05_19",
           "ssd_mobiledet_cpu", _square(320), 113, 24.0, timed_on="Pixel 1"),
    _model("ssd_mobilenet_v2_mnasfpn_coco",
           "ssd_mobilenet_v2_mnasfpn_shared_box_predictor_320x320_coco_sync_2020_05_18",
           "ssd_mobilenet_v2_mnasfpn", _square(320), 183, 26.6, timed_on="Pixel 1", instead=_FPNLITE),
    _model("ssd_mobilenet_v3_large_coco", "ssd_mobilenet_v3_large_coco_2020_01_14",
           "ssd_mobilenet_v3_large", _square(320), 119, 22.6, timed_on="Pixel 1"),
    _model("ssd_mobilenet_v3_small_coco", "ssd_mobilenet_v3_small_coco_2020_01_14",
           "ssd_mobilenet_v3_small", _square(320), 43, 15.4, timed_on="Pixel 1"),
    _model("ssd_mobiledet_edgetpu_coco", "ssdlite_mobiledet_edgetpu_320x320_coco_2020_05_19",
           "ssd_mobiledet_edgetpu", _square(320), 6.9, 25.9, timed_on="Pixel 4 TPU"),
    _model("ssd_mobiledet_dsp_coco", "ssdlite_mobiledet_dsp_320x320_coco_2020_05_19",
           "ssd_mobiledet_dsp", _square(320), 12.3, 28.9, timed_on="Pixel 4 DSP"),
    _model("spaghettinet_edgetpu_s", "tf1/spaghettinet_edgetpu_s_2021_10_13",
           "ssd_spaghettinet", _square(320), 1.3, 26.3, timed_on="Pixel 6 TPU", instead=_FPNLITE),
    _model("spaghettinet_edgetpu_m", "tf1/spaghettinet_edgetpu_m_2021_10_13",
           "ssd_spaghettinet", _square(320), 1.4, 27.4, timed_on="Pixel 6 TPU", instead=_FPNLITE),
    _model("spaghettinet_edgetpu_l", "tf1/spaghettinet_edgetpu_l_2021_10_13",
           "ssd_spaghettinet", _square(320), 1.7, 28.0, timed_on="Pixel 6 TPU", instead=_FPNLITE),
    # Of other data sets.
    _model("faster_rcnn_resnet101_kitti", "faster_rcnn_resnet101_kitti_2018_01_28",
           "faster_rcnn_resnet101", InputSize(600, 1987, padded=False), 79, 87, data="KITTI"),
    _model("faster_rcnn_inception_resnet_v2_atrous_oidv2", "faster_rcnn_inception_resnet_v2_atrous_oid_2018_01_28",
           _INCEPTION_RESNET, _FASTER_RCNN, 727, 37, data="Open Images"),
    _model("faster_rcnn_inception_resnet_v2_atrous_lowproposals_oidv2",
           "faster_rcnn_inception_resnet_v2_atrous_lowproposals_oid_2018_01_28",
           _INCEPTION_RESNET, _FASTER_RCNN, 347, None, data="Open Images"),
    _model("facessd_mobilenet_v2_quantized_open_image_v4", "facessd_mobilenet_v2_quantized_320x320_open_image_v4",
           "ssd_mobilenet_v2", _square(320), 20, 73, data="faces"),
    _model("faster_rcnn_inception_resnet_v2_atrous_oidv4", "faster_rcnn_inception_resnet_v2_atrous_oid_v4_2018_12_12",
           _INCEPTION_RESNET, _FASTER_RCNN, 425, 54, data="Open Images"),
    _model("ssd_mobilenetv2_oidv4", "ssd_mobilenet_v2_oid_v4_2018_12_12",
           "ssd_mobilenet_v2", _square(300), 89, 36, data="Open Images"),
    _model("ssd_resnet_101_fpn_oidv4", "ssd_resnet101_v1_fpn_shared_box_predictor_oid_512x512_sync_2019_01_20",
           "ssd_resnet101_v1_fpn", _square(512), 237, 38, data="Open Images"),
    _model("faster_rcnn_resnet101_fgvc", "faster_rcnn_resnet101_fgvc_2018_07_19",
           "faster_rcnn_resnet101", _FASTER_RCNN, 395, 58, data="iNaturalist"),
    _model("faster_rcnn_resnet50_fgvc", "faster_rcnn_resnet50_fgvc_2018_07_19",
           "faster_rcnn_resnet50", _FASTER_RCNN, 366, 55, data="iNaturalist"),
    _model("faster_rcnn_resnet101_ava_v2.1", "faster_rcnn_resnet101_ava_v2.1_2018_04_30",
           "faster_rcnn_resnet101", _FASTER_RCNN, 93, 11, data="AVA"),
    _model("faster_rcnn_resnet101_snapshot_serengeti", "faster_rcnn_resnet101_snapshot_serengeti_2020_06_10",
           "faster_rcnn_resnet101", _square(640), None, 38, data="Serengeti"),
    _model("context_rcnn_resnet101_snapshot_serengeti", "context_rcnn_resnet101_snapshot_serengeti_2020_06_10",
           "faster_rcnn_resnet101", _square(640), None, 56, data="Serengeti", instead=INSTEAD_OF_TWO_STAGES),
)
# fmt: on
"""Names as the page shows them; speeds and mAP as published there."""
