"""The model part of the zoo's Faster R-CNN configs, put together from what they have in common."""

from google.protobuf import text_format

from tfod.config.zoo_models import ZooModel
from tfod.config.zoo_parts import only_in_archive, published_resizer
from tfod.protos.faster_rcnn_pb2 import FasterRcnn
from tfod.protos.model_pb2 import DetectionModel

__all__ = ["faster_rcnn_model"]

_ALL = """
first_stage_anchor_generator {
  grid_anchor_generator {
    scales: [0.25, 0.5, 1.0, 2.0] aspect_ratios: [0.5, 1.0, 2.0] height_stride: 16 width_stride: 16
  }
}
first_stage_box_predictor_conv_hyperparams {
  op: CONV
  regularizer { l2_regularizer { weight: 0.0 } }
  initializer { truncated_normal_initializer { stddev: 0.01 } }
}
first_stage_nms_score_threshold: 0.0
first_stage_nms_iou_threshold: 0.7
first_stage_max_proposals: 300
first_stage_localization_loss_weight: 2.0
first_stage_objectness_loss_weight: 1.0
initial_crop_size: 14
maxpool_kernel_size: 2
maxpool_stride: 2
second_stage_box_predictor {
  mask_rcnn_box_predictor {
    use_dropout: false
    dropout_keep_probability: 1.0
    fc_hyperparams {
      op: FC
      regularizer { l2_regularizer { weight: 0.0 } }
      initializer { variance_scaling_initializer { factor: 1.0 uniform: true mode: FAN_AVG } }
    }
  }
}
second_stage_post_processing {
  batch_non_max_suppression {
    score_threshold: 0.0 iou_threshold: 0.6 max_detections_per_class: 100 max_total_detections: 300
  }
  score_converter: SOFTMAX
}
second_stage_localization_loss_weight: 2.0
second_stage_classification_loss_weight: 1.0
"""
# Of those that were trained on TPUs, in large batches, which batch norm followed.
_OF_TPUS = """
feature_extractor { batch_norm_trainable: true }
second_stage_box_predictor { mask_rcnn_box_predictor { share_box_across_classes: true } }
use_static_shapes: true
use_matmul_crop_and_resize: true
clip_anchors_to_image: true
use_static_balanced_label_sampler: true
use_matmul_gather_in_matcher: true
"""
_OF_INCEPTION = "initial_crop_size: 17 maxpool_kernel_size: 1 maxpool_stride: 1"
_MASKS = """
number_of_stages: 3
second_stage_box_predictor {
  mask_rcnn_box_predictor {
    mask_height: 33
    mask_width: 33
    mask_prediction_conv_depth: 0
    mask_prediction_num_conv_layers: 4
    conv_hyperparams {
      op: CONV
      regularizer { l2_regularizer { weight: 0.0 } }
      initializer { truncated_normal_initializer { stddev: 0.01 } }
    }
    predict_instance_masks: true
  }
}
second_stage_mask_prediction_loss_weight: 4.0
resize_masks: false
"""
_OF_GPUS = """
second_stage_post_processing { batch_non_max_suppression { max_total_detections: 100 } }
"""


def faster_rcnn_model(model: ZooModel, num_classes: int) -> DetectionModel:
    """The `model` message of the zoo's config for this model, with another number of classes.

    Raises ConfigError for an architecture of which only the archive knows the config.
    """
    row = model.architecture
    if (row.family, row.era) != ("faster_rcnn", "tf2"):
        raise only_in_archive(model)
    faster_rcnn = FasterRcnn(num_classes=num_classes)
    faster_rcnn.image_resizer.CopyFrom(published_resizer(model.input_size))
    faster_rcnn.feature_extractor.type = model.feature_extractor
    parts = [_ALL, _OF_TPUS if "_tpu-" in model.name else _OF_GPUS]
    if row.network == "inception_resnet_v2":
        parts.append(_OF_INCEPTION)
    if model.has_masks:
        parts.append(_MASKS)
    for text in parts:
        text_format.Merge(text, faster_rcnn)
    return DetectionModel(faster_rcnn=faster_rcnn)
