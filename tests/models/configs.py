"""Small models for tests."""

from google.protobuf import text_format

from tfod.config.architectures import ARCHITECTURES, Architecture
from tfod.config.zoo_models import MODELS
from tfod.config.zoo_ssd import published_model, ssd_model
from tfod.protos import model_pb2

_HYPERPARAMETERS = """
  regularizer { l2_regularizer { weight: 4e-05 } }
  initializer { random_normal_initializer { stddev: 0.01 } }
  activation: RELU_6
  batch_norm { decay: 0.9 scale: true epsilon: 0.001 }
"""

_SMALL_SSD = f"""
ssd {{
  num_classes: 3
  image_resizer {{ fixed_shape_resizer {{ height: 64 width: 64 }} }}
  feature_extractor {{
    type: "ssd_mobilenet_v2_fpn_keras"
    depth_multiplier: 0.35
    min_depth: 8
    use_depthwise: true
    override_base_feature_extractor_hyperparams: true
    conv_hyperparams {{ {_HYPERPARAMETERS} }}
    fpn {{ min_level: 3 max_level: 6 additional_layer_depth: 32 }}
  }}
  box_coder {{ faster_rcnn_box_coder {{}} }}
  matcher {{ argmax_matcher {{ force_match_for_each_row: true }} }}
  similarity_calculator {{ iou_similarity {{}} }}
  box_predictor {{
    weight_shared_convolutional_box_predictor {{
      conv_hyperparams {{ {_HYPERPARAMETERS} }}
      depth: 16
      num_layers_before_predictor: 2
      class_prediction_bias_init: -2.0
      share_prediction_tower: true
      use_depthwise: true
    }}
  }}
  anchor_generator {{
    multiscale_anchor_generator {{
      min_level: 3 max_level: 6 anchor_scale: 4 aspect_ratios: [1.0, 2.0] scales_per_octave: 1
    }}
  }}
  post_processing {{
    batch_non_max_suppression {{ score_threshold: 1e-8 max_detections_per_class: 20 max_total_detections: 20 }}
    score_converter: SIGMOID
  }}
  loss {{
    localization_loss {{ weighted_smooth_l1 {{}} }}
    classification_loss {{ weighted_sigmoid_focal {{ alpha: 0.25 }} }}
  }}
  encode_background_as_zeros: true
}}
"""


def small_ssd() -> model_pb2.DetectionModel:
    """An SSD over 64 x 64 pixels with three classes, its towers shared."""
    return text_format.Parse(_SMALL_SSD, model_pb2.DetectionModel())


# Pyramid -> the smallest side at which the coarsest of its maps (BiFPN halves exactly), or of an SSD's own, have
# something to look at.
_SIDES = {"": 288, "fpn": 160, "bifpn": 256}


# The smallest of a family whose tests would else all be slow.
_SMALLEST = "ssd_efficientnet-b0_bifpn_keras"


def is_quick(row: Architecture) -> bool:
    """Whether its tests need seconds."""
    return row.name == _SMALLEST or trains_quickly(row)


def trains_quickly(row: Architecture) -> bool:
    """Whether tests that train it need seconds."""
    # Of TensorFlow 1's networks that Keras has too the latter's tests show nearly all; the rest is left to parity.
    is_twin = f"{row.name}_keras" in ARCHITECTURES
    return row.cost is not None and row.cost.seconds_an_image < 0.25 and not is_twin


def small_model(row: Architecture, *, num_classes: int) -> model_pb2.DetectionModel:
    """A model message as the zoo's config has it, for other classes and smaller images; slow networks are narrower."""
    if row.family == "faster_rcnn":
        return _small_faster_rcnn(row, num_classes)
    named = {model.feature_extractor: model for model in reversed(MODELS)}
    alike = (model for name, model in named.items() if _kind(ARCHITECTURES[name]) == _kind(row))
    message = ssd_model(named.get(row.name) or next(alike), num_classes)
    message.ssd.feature_extractor.type = row.name
    if row.feature_maps:
        message.ssd.anchor_generator.ssd_anchor_generator.num_layers = row.feature_maps
    if row.network == "efficientnet":  # which has the width of its number, but not so its pyramid
        message.ssd.feature_extractor.bifpn.num_filters = 32
        message.ssd.feature_extractor.bifpn.num_iterations = 2
        message.ssd.box_predictor.weight_shared_convolutional_box_predictor.depth = 32
    elif not is_quick(row):
        message.ssd.feature_extractor.depth_multiplier = 0.25
    resizer = message.ssd.image_resizer.fixed_shape_resizer
    resizer.height = resizer.width = _SIDES[row.pyramid]
    return message


def _small_faster_rcnn(row: Architecture, num_classes: int) -> model_pb2.DetectionModel:
    """Few regions, and small ones: each goes through a part of the network."""
    zoo = next(model for model in MODELS if model.feature_extractor == "faster_rcnn_resnet50_keras")
    message = published_model(zoo, num_classes)
    faster_rcnn = message.faster_rcnn
    faster_rcnn.feature_extractor.type = row.name
    if row.pyramid:
        faster_rcnn.feature_extractor.conv_hyperparams.batch_norm.scale = True
        anchors = faster_rcnn.first_stage_anchor_generator.multiscale_anchor_generator
        anchors.min_level, anchors.max_level, anchors.normalize_coordinates = 2, 6, False
        anchors.aspect_ratios.append(1.0)
    faster_rcnn.first_stage_max_proposals, faster_rcnn.second_stage_batch_size = 32, 16
    faster_rcnn.initial_crop_size = 6
    resizer = faster_rcnn.image_resizer.fixed_shape_resizer
    resizer.height = resizer.width = _SIDES[row.pyramid]
    return message


def _kind(row: Architecture) -> tuple[str, str]:
    return row.family, row.pyramid
