"""Fields that are read and change nothing: relics of TensorFlow 1, and fields that nobody ever wired up."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tfod.config.findings import Finding, note, warning
from tfod.config.rules.walk import blocks
from tfod.config.text import is_repeated
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

__all__ = ["check"]

# Block type -> its fields without effect, in the original for TensorFlow 2 and here.
_UNUSED = {
    "TrainConfig": (
        "batch_queue_capacity", "keep_checkpoint_every_n_hours", "num_batch_queue_threads",
        "prefetch_queue_capacity", "replicas_to_aggregate", "startup_delay_steps", "summarize_gradients",
        "sync_replicas",
    ),
    "EvalConfig": (
        "eval_instance_masks", "eval_interval_secs", "eval_master", "groundtruth_box_visualization_color",
        "keep_image_id_for_visualization_export", "save_graph", "skip_labels", "skip_scores",
        "use_dummy_loss_in_eval", "visualization_export_dir", "visualize_groundtruth_boxes",
    ),
    "InputReader": (
        "min_after_dequeue", "num_parallel_batches", "num_parallel_map_calls", "prefetch_size",
        "queue_capacity", "use_display_name", "use_keypoint_label_map",
    ),
    "Hyperparams": ("regularize_depthwise",),
    "Ssd": ("mask_head_config",),
    "SsdFeatureExtractor": (
        "replace_preprocessor_with_placeholder", "spaghettinet_arch_name", "use_hardswish",
    ),
    "ConvolutionalBoxPredictor": ("apply_sigmoid_to_scores",),
    "MaskRCNNBoxPredictor": ("predict_keypoints",),
    "FasterRcnnFeatureExtractor": ("pad_to_multiple",),
    "CenterNetFeatureExtractor": ("use_depthwise",),
}  # fmt: skip

# The same for fields from which people expect another result of the run: what they think -> what is so.
_MISSED = {
    ("TrainConfig", "freeze_variables"): "nothing is frozen",
    ("TrainConfig", "update_trainable_variables"): "everything is trained",
    ("TrainConfig", "bias_grad_multiplier"): "biases learn as fast as other weights",
    ("EvalConfig", "num_examples"): "all pictures are evaluated",
    ("EvalConfig", "max_evals"): "every evaluation that is due is made",
    ("EvalConfig", "ignore_groundtruth"): "ground truth is used",
    ("TrainEvalPipelineConfig", "graph_rewriter"): "nothing is trained for quantisation",
    ("Hyperparams", "group_norm"): "there is no normalisation in these layers",
}


def check(config: TrainEvalPipelineConfig) -> Iterator[Finding]:
    """One note for each block with such fields; a warning for each field that people rely on."""
    unused: dict[str, list[str]] = defaultdict(list)
    for path, block in blocks(config):
        kind = block.DESCRIPTOR.name
        for field, value in block.ListFields():
            is_default = not is_repeated(field) and field.message_type is None and value == field.default_value
            if is_default:
                continue
            if field.name in _UNUSED.get(kind, ()):
                unused[path].append(field.name)
            if effect := _MISSED.get((kind, field.name)):
                what = f"{field.name} has no effect: {effect}"
                yield warning("no-effect", what, path + field.name, "remove it, so that nobody relies on it")
    for path, names in unused.items():
        what = f"without effect: {', '.join(names)}"
        yield note("no-effect", what, path + names[0], "nothing; they may be removed")
    yield from _special_cases(config)


def _special_cases(config: TrainEvalPipelineConfig) -> Iterator[Finding]:
    train: Any = config.train_config
    if train.use_bfloat16:
        what, where = "use_bfloat16 counts on TPUs only; training uses float32", "train_config.use_bfloat16"
        yield note("no-effect", what, where, f"nothing, or --set {where}=false")
    limit = config.train_input_reader.max_number_of_boxes
    if train.HasField("max_number_of_boxes") and train.max_number_of_boxes != limit:
        yield warning(
            "no-effect",
            f"at most {limit} boxes of a picture are used, as train_input_reader says; "
            f"train_config's {train.max_number_of_boxes} has no effect",
            "train_config.max_number_of_boxes",
            f"--set train_input_reader.max_number_of_boxes={train.max_number_of_boxes}",
        )
