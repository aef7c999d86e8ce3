"""A sound config and the files that it names, for tests that make something of it wrong."""

import io
from collections.abc import Callable
from pathlib import Path

from tfod.config.check import Diagnostic
from tfod.records.frames import write_frame

CONFIG = """
model {
  ssd {
    num_classes: 2
    image_resizer { fixed_shape_resizer { height: 320 width: 320 } }
    feature_extractor {
      type: "ssd_mobilenet_v2_fpn_keras"
      conv_hyperparams { batch_norm { decay: 0.97 } }
      fpn { min_level: 3 max_level: 7 }
    }
    box_predictor {
      weight_shared_convolutional_box_predictor {
        depth: 128
        num_layers_before_predictor: 4
        conv_hyperparams { batch_norm { decay: 0.97 } }
      }
    }
    anchor_generator { multiscale_anchor_generator { aspect_ratios: [1.0, 2.0, 0.5] } }
    box_coder { faster_rcnn_box_coder { } }
    matcher { argmax_matcher { } }
    similarity_calculator { iou_similarity { } }
    post_processing { batch_non_max_suppression { } }
    loss {
      localization_loss { weighted_smooth_l1 { } }
      classification_loss { weighted_sigmoid_focal { } }
    }
  }
}
train_config {
  batch_size: 8
  num_steps: 400
  data_augmentation_options { random_crop_image { min_area: 0.5 } }
  optimizer {
    momentum_optimizer {
      learning_rate {
        cosine_decay_learning_rate {
          learning_rate_base: 0.02 total_steps: 400 warmup_learning_rate: 0.005 warmup_steps: 50
        }
      }
    }
    use_moving_average: false
  }
  fine_tune_checkpoint: "zoo/ckpt-0"
  fine_tune_checkpoint_type: "detection"
  fine_tune_checkpoint_version: V2
}
train_input_reader {
  label_map_path: "label_map.pbtxt"
  tf_record_input_reader { input_path: "train.record-?????-of-00002" }
}
eval_config { metrics_set: "coco_detection_metrics" batch_size: 1 }
eval_input_reader {
  label_map_path: "label_map.pbtxt"
  tf_record_input_reader { input_path: "val.record" }
}
"""
RATE = "train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate"
SSD = "model.ssd"
NMS = f"{SSD}.post_processing.batch_non_max_suppression"
PREDICTOR = f"{SSD}.box_predictor.weight_shared_convolutional_box_predictor"
CHECKPOINT = "train_config.fine_tune_checkpoint"
TRAIN_PATH = "train_input_reader.tf_record_input_reader.input_path"
EVAL_PATH = "eval_input_reader[0].tf_record_input_reader.input_path"
DETECTOR_KEYS = b"_CHECKPOINTABLE_OBJECT_GRAPH model/_box_predictor model/_feature_extractor/"
LABEL_MAP = "item { id: 1 name: 'cat' }\nitem { id: 2 name: 'dog' }\n"
TRAIN, LABELS = '"train.record-?????-of-00002"', '"label_map.pbtxt"'
STEP = "data_augmentation_options { random_crop_image { min_area: 0.5 } }"

Check = Callable[..., list[Diagnostic]]


def records(count: int) -> bytes:
    """TFRecord framing of examples with nothing in them."""
    file = io.BytesIO()
    write_frame(file, b"\x0a\x03\x0a\x01a")
    return file.getvalue() * count


def write_sound_config(folder: Path) -> None:
    """Writes `pipeline.config` and the files that it names; one of the shards is empty."""
    (folder / "pipeline.config").write_text(CONFIG)
    (folder / "label_map.pbtxt").write_text(LABEL_MAP)
    for name, count in (("train.record-00000-of-00002", 3), ("train.record-00001-of-00002", 0), ("val.record", 3)):
        (folder / name).write_bytes(records(count))
    (folder / "zoo").mkdir()
    (folder / "zoo/ckpt-0.index").write_bytes(DETECTOR_KEYS)
    (folder / "zoo/ckpt-0.data-00000-of-00001").write_bytes(b"...")
