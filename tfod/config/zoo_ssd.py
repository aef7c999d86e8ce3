"""The model part of the zoo's SSD configs, put together from what differs between them.

It serves until the archive is there: the `pipeline.config` in it is what the published weights were trained with.
"""

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf import text_format

from tfod.config.architectures import EFFICIENTDET_PYRAMIDS
from tfod.config.zoo_faster_rcnn import faster_rcnn_model
from tfod.config.zoo_models import ZooModel
from tfod.config.zoo_parts import only_in_archive, published_resizer
from tfod.protos.hyperparams_pb2 import Hyperparams
from tfod.protos.model_pb2 import DetectionModel
from tfod.protos.ssd_pb2 import Ssd

__all__ = ["published_model", "ssd_model"]

_ALL = """
box_coder { faster_rcnn_box_coder { y_scale: 10 x_scale: 10 height_scale: 5 width_scale: 5 } }
matcher {
  argmax_matcher {
    matched_threshold: 0.5
    unmatched_threshold: 0.5
    ignore_thresholds: false
    negatives_lower_than_unmatched: true
    force_match_for_each_row: true
  }
}
similarity_calculator { iou_similarity {} }
normalize_loss_by_num_matches: true
loss { localization_loss { weighted_smooth_l1 {} } classification_weight: 1 localization_weight: 1 }
post_processing {
  batch_non_max_suppression { score_threshold: 1e-8 max_detections_per_class: 100 max_total_detections: 100 }
  score_converter: SIGMOID
}
"""
_RECENT = """
inplace_batchnorm_update: true
freeze_batchnorm: false
matcher { argmax_matcher { use_matmul_gather: true } }
encode_background_as_zeros: true
normalize_loc_loss_by_codesize: true
"""
# The oldest of TensorFlow 1: the hardest negatives count.
_MINED = """
feature_extractor { min_depth: 16 depth_multiplier: 1.0 }
post_processing { batch_non_max_suppression { iou_threshold: 0.6 } }
loss {
  classification_loss { weighted_sigmoid {} }
  hard_example_miner {
    num_hard_examples: 3000
    iou_threshold: 0.99
    loss_type: CLASSIFICATION
    max_negatives_per_positive: 3
    min_negatives_per_image: 0
  }
}
"""
# A pyramid of features, with the heads shared by its levels.
_PYRAMID = """
anchor_generator {
  multiscale_anchor_generator { min_level: 3 max_level: 7 anchor_scale: 4 aspect_ratios: [1.0, 2.0, 0.5] }
}
box_predictor { weight_shared_convolutional_box_predictor { kernel_size: 3 class_prediction_bias_init: -4.6 } }
"""
# Six feature maps without a pyramid, with heads of their own.
_SIX_MAPS = """
anchor_generator {
  ssd_anchor_generator { num_layers: 6 min_scale: 0.2 max_scale: 0.95 aspect_ratios: [1.0, 2.0, 0.5, 3.0, 0.3333] }
}
box_predictor {
  convolutional_box_predictor {
    min_depth: 0
    max_depth: 0
    num_layers_before_predictor: 0
    use_dropout: false
    dropout_keep_probability: 0.8
    kernel_size: 1
    box_code_size: 4
    apply_sigmoid_to_scores: false
  }
}
"""
_MOBILENET_V2 = """
feature_extractor { min_depth: 16 depth_multiplier: 1.0 override_base_feature_extractor_hyperparams: true }
box_predictor { convolutional_box_predictor { class_prediction_bias_init: -4.6 } }
loss { localization_loss { weighted_smooth_l1 { delta: 1.0 } } }
"""
_LITE = """
feature_extractor { use_depthwise: true }
box_predictor { convolutional_box_predictor { kernel_size: 3 use_depthwise: true } }
"""
_INCEPTION = """
feature_extractor { override_base_feature_extractor_hyperparams: true }
box_predictor { convolutional_box_predictor { kernel_size: 3 } }
anchor_generator { ssd_anchor_generator { reduce_boxes_in_lowest_layer: true } }
"""


@dataclass(frozen=True)
class _Pyramid:
    """What differs between the zoo's pyramids: channels of the heads, and how layers begin and are regularised."""

    depth: int
    l2: float
    stddev: float
    truncated: bool
    lite: bool = False


_PYRAMIDS = {
    "mobilenet_v1": _Pyramid(256, l2=4e-5, stddev=0.01, truncated=False),
    "mobilenet_v2": _Pyramid(128, l2=4e-5, stddev=0.01, truncated=False, lite=True),
    "resnet_v1": _Pyramid(256, l2=4e-4, stddev=0.03, truncated=True),
}
_NETWORKS_OF_TF1 = ("inception_v2", "mobilenet_v1", "mobilenet_v2", "resnet_v1")
_EFFICIENTDET_HEADS = (3, 3, 3, 4, 4, 4, 5, 5)  # layers of the heads, by the number of the EfficientDet


def ssd_model(model: ZooModel, num_classes: int) -> DetectionModel:
    """The `model` message of the zoo's config for this SSD, with another number of classes.

    Raises ConfigError for an architecture of which only the archive knows the config.
    """
    row = model.architecture
    own_part = (
        None
        if row.family != "ssd"
        else _of_tf1(model)
        if model.era == "tf1"
        else _OWN_PARTS.get((row.network, row.pyramid))
    )
    if own_part is None:
        raise only_in_archive(model)
    message = DetectionModel()
    ssd = Ssd(num_classes=num_classes)
    for text in (_ALL, _MINED if own_part is _mined else _RECENT):
        text_format.Merge(text, ssd)
    ssd.feature_extractor.type = model.feature_extractor
    ssd.image_resizer.CopyFrom(published_resizer(model.input_size))
    own_part(ssd, model)
    message.ssd.CopyFrom(ssd)
    return message


def published_model(model: ZooModel, num_classes: int) -> DetectionModel:
    """The same as the zoo's archive has it, whose `pipeline.config` is the one that the published weights go with.

    Of EfficientDet, in the archives of D0 and D1 that have been read, box codes are not multiplied by anything.
    """
    if model.architecture.family == "faster_rcnn":
        return faster_rcnn_model(model, num_classes)
    message = ssd_model(model, num_classes)
    if model.architecture.pyramid == "bifpn":
        coder = message.ssd.box_coder.faster_rcnn_box_coder
        coder.y_scale = coder.x_scale = coder.height_scale = coder.width_scale = 1.0
    return message


def _mobilenet_v2(ssd: Ssd, model: ZooModel) -> None:
    text_format.Merge(_SIX_MAPS, ssd)
    text_format.Merge(_MOBILENET_V2, ssd)
    for layers, stddev, truncated in (
        (ssd.feature_extractor.conv_hyperparams, 0.03, True),
        (ssd.box_predictor.convolutional_box_predictor.conv_hyperparams, 0.01, False),
    ):
        _layers(layers, decay=0.97, l2=4e-5, stddev=stddev, truncated=truncated)
        layers.batch_norm.train = layers.batch_norm.center = True
    _focal_loss(ssd, alpha=0.75, gamma=2.0, nms_iou=0.6)


def _mined(ssd: Ssd, model: ZooModel) -> None:
    """Those of TensorFlow 1 that were trained with hard example mining."""
    text_format.Merge(_SIX_MAPS, ssd)
    head = ssd.box_predictor.convolutional_box_predictor
    for layers in (ssd.feature_extractor.conv_hyperparams, head.conv_hyperparams):
        _layers(layers, decay=0.9997, l2=4e-5, stddev=0.03, truncated=True)
        layers.batch_norm.center = layers.batch_norm.train = True
    network = model.architecture.network
    if network == "mobilenet_v2":
        ssd.loss.hard_example_miner.min_negatives_per_image = 3
    if model.name.startswith("ssdlite"):
        text_format.Merge(_LITE, ssd)
    elif network == "inception_v2":
        text_format.Merge(_INCEPTION, ssd)
        head.conv_hyperparams.ClearField("batch_norm")


def _focal_mobilenet_v1(ssd: Ssd, model: ZooModel) -> None:
    """Those of TensorFlow 1 that were trained on TPUs, or for quantisation."""
    _mobilenet_v2(ssd, model)
    narrow, quantized = "0.75_depth" in model.name, "quantized" in model.name
    extractor, head = ssd.feature_extractor, ssd.box_predictor.convolutional_box_predictor
    if quantized:
        _layers(extractor.conv_hyperparams, decay=0.97, l2=4e-5, stddev=0.01, truncated=False)
        extractor.conv_hyperparams.batch_norm.ClearField("train")
        head.conv_hyperparams.batch_norm.ClearField("train")
        ssd.loss.localization_loss.weighted_smooth_l1.ClearField("delta")
    extractor.depth_multiplier = 0.75 if narrow else 1.0


def _of_tf1(model: ZooModel) -> Callable[[Ssd, ZooModel], None] | None:
    """What is a TensorFlow 1 model's own; None where only its archive says it."""
    row = model.architecture
    if model.data not in ("COCO", "Open Images") or row.network not in _NETWORKS_OF_TF1 or "_ppn_" in model.name:
        return None
    if row.pyramid:
        return _pyramid if row.pyramid == "fpn" and model.data == "COCO" else None
    return _focal_mobilenet_v1 if "coco14_sync" in model.name else _mined


def _pyramid(ssd: Ssd, model: ZooModel) -> None:
    """MobileNetV1, MobileNetV2 ("FPNLite") and ResNet."""
    text_format.Merge(_PYRAMID, ssd)
    own = _PYRAMIDS[model.architecture.network]
    extractor, head = ssd.feature_extractor, ssd.box_predictor.weight_shared_convolutional_box_predictor
    extractor.min_depth, extractor.depth_multiplier = 16, 1.0
    extractor.override_base_feature_extractor_hyperparams = True
    extractor.fpn.min_level, extractor.fpn.max_level = 3, 7
    head.depth, head.num_layers_before_predictor = own.depth, 4
    if own.lite:
        extractor.fpn.additional_layer_depth = own.depth
        extractor.use_depthwise = head.use_depthwise = head.share_prediction_tower = True
    _layers(extractor.conv_hyperparams, decay=0.997, l2=own.l2, stddev=own.stddev, truncated=own.truncated)
    _layers(head.conv_hyperparams, decay=0.997, l2=own.l2, stddev=0.01, truncated=False)
    ssd.anchor_generator.multiscale_anchor_generator.scales_per_octave = 2
    _focal_loss(ssd, alpha=0.25, gamma=2.0, nms_iou=0.6)


def _efficientdet(ssd: Ssd, model: ZooModel) -> None:
    text_format.Merge(_PYRAMID, ssd)
    number = int(model.short_name.removeprefix("efficientdet_d"))
    filters, rounds, combine_method = EFFICIENTDET_PYRAMIDS[number]
    extractor, head = ssd.feature_extractor, ssd.box_predictor.weight_shared_convolutional_box_predictor
    extractor.bifpn.min_level, extractor.bifpn.max_level = 3, 7
    extractor.bifpn.num_filters, extractor.bifpn.num_iterations = filters, rounds
    if combine_method != extractor.bifpn.combine_method:
        extractor.bifpn.combine_method = combine_method
    head.depth, head.num_layers_before_predictor = filters, _EFFICIENTDET_HEADS[number]
    head.use_depthwise = True
    for part, stddev in ((extractor, 0.03), (head, 0.01)):
        _layers(part.conv_hyperparams, decay=0.99, l2=4e-5, stddev=stddev, truncated=part is extractor)
        part.conv_hyperparams.activation = Hyperparams.SWISH
        part.conv_hyperparams.force_use_bias = True
    ssd.anchor_generator.multiscale_anchor_generator.scales_per_octave = 3
    ssd.add_background_class = False
    _focal_loss(ssd, alpha=0.25, gamma=1.5, nms_iou=0.5)


# Kind of backbone and of pyramid -> what is the architecture's own.
_OWN_PARTS: dict[tuple[str, str], Callable[[Ssd, ZooModel], None]] = {
    ("mobilenet_v2", ""): _mobilenet_v2,
    ("mobilenet_v1", "fpn"): _pyramid,
    ("mobilenet_v2", "fpn"): _pyramid,
    ("resnet_v1", "fpn"): _pyramid,
    ("efficientnet", "bifpn"): _efficientdet,
}


def _layers(message: Hyperparams, *, decay: float, l2: float, stddev: float, truncated: bool) -> None:
    message.activation = Hyperparams.RELU_6
    message.regularizer.l2_regularizer.weight = l2
    initializer = message.initializer
    normal = initializer.truncated_normal_initializer if truncated else initializer.random_normal_initializer
    normal.mean, normal.stddev = 0.0, stddev
    message.batch_norm.decay, message.batch_norm.scale, message.batch_norm.epsilon = decay, True, 0.001


def _focal_loss(ssd: Ssd, *, alpha: float, gamma: float, nms_iou: float) -> None:
    focal = ssd.loss.classification_loss.weighted_sigmoid_focal
    focal.alpha, focal.gamma = alpha, gamma
    ssd.post_processing.batch_non_max_suppression.iou_threshold = nms_iou
