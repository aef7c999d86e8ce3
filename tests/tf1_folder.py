"""A folder as people have it from TensorFlow 1, with weights that know nothing: `python -m tests.tf1_folder FOLDER`.

It is made of a label map and records that lie there already, and holds a config, a checkpoint and a frozen graph. The
graph carries the weights, but finds what `tests.inference.graphs.bright_half` finds.
"""

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["write_tf1_folder"]

_CONFIG = """
model { ssd {
  num_classes: %d
  image_resizer { fixed_shape_resizer { height: 300 width: 300 } }
  feature_extractor {
    type: "ssd_mobilenet_v2" depth_multiplier: 0.1 min_depth: 8
    conv_hyperparams {
      regularizer { l2_regularizer { weight: 4e-05 } }
      initializer { truncated_normal_initializer { stddev: 0.03 } }
      activation: RELU_6
      batch_norm { decay: 0.9997 epsilon: 0.001 center: true scale: true train: true }
    }
  }
  box_coder { faster_rcnn_box_coder { y_scale: 10 x_scale: 10 height_scale: 5 width_scale: 5 } }
  matcher { argmax_matcher { matched_threshold: 0.5 unmatched_threshold: 0.5 ignore_thresholds: false
    negatives_lower_than_unmatched: true force_match_for_each_row: true } }
  similarity_calculator { iou_similarity { } }
  box_predictor { convolutional_box_predictor {
    min_depth: 0 max_depth: 0 num_layers_before_predictor: 0 use_dropout: false kernel_size: 1 box_code_size: 4
    apply_sigmoid_to_scores: false
    conv_hyperparams {
      regularizer { l2_regularizer { weight: 4e-05 } }
      initializer { truncated_normal_initializer { stddev: 0.03 } }
      activation: RELU_6
      batch_norm { decay: 0.9997 epsilon: 0.001 center: true scale: true train: true }
    }
  } }
  anchor_generator { ssd_anchor_generator { num_layers: 6 min_scale: 0.2 max_scale: 0.95
    aspect_ratios: 1 aspect_ratios: 2 aspect_ratios: 0.5 aspect_ratios: 3 aspect_ratios: 0.3333 } }
  post_processing {
    batch_non_max_suppression { score_threshold: 1e-8 iou_threshold: 0.6
      max_detections_per_class: 100 max_total_detections: 100 }
    score_converter: SIGMOID
  }
  normalize_loss_by_num_matches: true
  loss {
    localization_loss { weighted_smooth_l1 { } }
    classification_loss { weighted_sigmoid { } }
    hard_example_miner { num_hard_examples: 3000 iou_threshold: 0.99 loss_type: CLASSIFICATION
      max_negatives_per_positive: 3 min_negatives_per_image: 3 }
    classification_weight: 1 localization_weight: 1
  }
} }
train_config {
  batch_size: 2
  optimizer { rms_prop_optimizer {
    learning_rate { exponential_decay_learning_rate { initial_learning_rate: 0.004 decay_steps: 800720
      decay_factor: 0.95 } }
    momentum_optimizer_value: 0.9 decay: 0.9 epsilon: 1.0
  } }
  fine_tune_checkpoint: "%s/model.ckpt"
  fine_tune_checkpoint_type: "detection"
  num_steps: 200000
  data_augmentation_options { random_horizontal_flip { } }
  data_augmentation_options { ssd_random_crop { } }
}
train_input_reader {
  tf_record_input_reader { input_path: "%s/train.record" }
  label_map_path: "%s/label_map.pbtxt"
}
eval_config { num_examples: 8000 max_evals: 10 }
eval_input_reader {
  tf_record_input_reader { input_path: "%s/val.record" }
  label_map_path: "%s/label_map.pbtxt" shuffle: false num_readers: 1
}
"""


def write_tf1_folder(workspace: Path, name: str) -> None:
    """Writes the folder `name` of a workspace, in another process, as TensorFlow's graphs would stay in this one."""
    root = Path(__file__).resolve().parents[1]
    environment = {"PYTHONPATH": str(root), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-W", "ignore", "-m", "tests.tf1_folder", name]
    subprocess.run(command, cwd=workspace, env={**os.environ, **environment}, check=True)


def _main(name: str) -> None:
    import tensorflow as tf

    from tests.inference.graphs import bright_half, write_graph
    from tfod.config.label_map import read_label_map
    from tfod.config.pipeline import read_pipeline_config
    from tfod.models.build import build_model

    folder = Path(name)
    classes = len(read_label_map(folder / "label_map.pbtxt").names)
    (folder / "pipeline.config").write_text(_CONFIG % (classes, *[name] * 5), encoding="utf-8")
    named = build_model(read_pipeline_config(folder / "pipeline.config").model).checkpoint_layout().named
    values = {key: variable.numpy() for key, variable in named.variables.items()}
    tf.raw_ops.SaveV2(
        prefix=f"{name}/model.ckpt",
        tensor_names=[*values],
        shape_and_slices=[""] * len(values),
        tensors=[tf.constant(value) for value in values.values()],
    )
    (folder / "checkpoint").write_text('model_checkpoint_path: "model.ckpt"\n', encoding="utf-8")
    write_graph(folder / "frozen_inference_graph.pb", bright_half(constants=values))


if __name__ == "__main__":
    _main(sys.argv[1])
