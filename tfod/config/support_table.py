"""The fields of the schema that do not do all that they say. A field that is not listed here works.

After a change run `make docs`, which writes it into docs/config.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tfod.config.architectures import ARCHITECTURES
from tfod.config.faults.refused import INSTEAD_OF_TWO_STAGES

__all__ = ["AVAILABLE_METRICS", "MASK_METRICS", "MISSING_METRICS", "TABLE", "Limit"]

Kind = Literal["ignored", "by design", "missing"]

AVAILABLE_METRICS = (
    "coco_detection_metrics",
    "coco_mask_metrics",
    "pascal_voc_detection_metrics",
    "pascal_voc_instance_segmentation_metrics",
    "precision_at_recall_detection_metrics",
    "weighted_pascal_voc_detection_metrics",
    "weighted_pascal_voc_instance_segmentation_metrics",
)
MASK_METRICS = tuple(name for name in AVAILABLE_METRICS if "mask" in name or "segmentation" in name)
MISSING_METRICS = (
    "coco_keypoint_metrics",
    "coco_panoptic_metrics",
    "lvis_mask_metrics",
    "oid_V2_detection_metrics",
    "oid_challenge_detection_metrics",
    "oid_challenge_segmentation_metrics",
    "open_images_V2_detection_metrics",
    "open_images_metrics",
)


@dataclass(frozen=True)
class Limit:
    """What limits a field.

    kind: "ignored" has no effect here nor in the original under TensorFlow 2, "by design" none here, since the
      engine needs no such setting; "missing" is a feature that does not exist here, and so an error.
    reason: why it has no effect, or what is missing, to be read after a colon.
    instead: what to do about it; "{value}" stands for the field's, "{path}" for where it is.
    misleads: whether people expect another result of the run from it.
    when: of the block and the field's value, whether this value is concerned. Only set fields are asked about.
    condition: the same in words, to be read after "With".
    tf1: what TensorFlow 1 did with the field, to be read after its name. In a config of that time, which may well keep
      the field, this is a note.
    """

    kind: Kind
    reason: str
    instead: str
    misleads: bool = False
    when: Callable[[Any, Any], bool] = lambda block, value: True
    condition: str = ""
    tf1: str = ""


_MAY_GO = "nothing; it may be removed"
_REMOVE = "remove it"


def _ignored(reason: str, *fields: str, instead: str = _MAY_GO, **more: Any) -> dict[str, Limit]:
    return dict.fromkeys(fields, Limit("ignored", reason, instead, **more))


def _by_design(reason: str, *fields: str, instead: str = _MAY_GO, **more: Any) -> dict[str, Limit]:
    return dict.fromkeys(fields, Limit("by design", reason, instead, **more))


def _missing(feature: str, *fields: str, instead: str = _REMOVE, **more: Any) -> dict[str, Limit]:
    return dict.fromkeys(fields, Limit("missing", feature, instead, **more))


def _misleading(reason: str, field: str, instead: str, **more: Any) -> dict[str, Limit]:
    return {field: Limit("ignored", reason, instead, misleads=True, **more)}


def _unread(field: str) -> Callable[[Any, Any], bool]:
    """Whether the feature extractor's own code never looks at the field."""

    def check(extractor: Any, value: Any) -> bool:
        row = ARCHITECTURES.get(extractor.type)
        return row is not None and field in row.unread

    return check


def _has_fixed_maps(extractor: Any, value: Any) -> bool:
    row = ARCHITECTURES.get(extractor.type)
    return row is not None and (row.pyramid != "" or row.feature_maps > 0)


def _pyramid_without_effect(extractor: Any, pyramid: Any) -> bool:
    """Whether `fpn` says anything else than what is built anyway."""
    row = ARCHITECTURES.get(extractor.type)
    if row is None or row.levels_field == "fpn":
        return False
    return row.pyramid != "fpn" or (pyramid.min_level, pyramid.max_level, pyramid.additional_layer_depth) != (
        *(row.levels or ()),
        _DEPTH_OF_FIXED_PYRAMIDS,
    )


def _has_no_pyramid(extractor: Any, value: Any) -> bool:
    row = ARCHITECTURES.get(extractor.type)
    return row is not None and row.pyramid == ""


def _has_other_pyramid(extractor: Any, value: Any) -> bool:
    row = ARCHITECTURES.get(extractor.type)
    return row is not None and row.levels_field != "bifpn"


_DEPTH_OF_FIXED_PYRAMIDS = 256
_V2 = 2  # of checkpoints
_TF1 = "it belongs to TensorFlow 1"
_NEVER_WIRED = "nothing reads it"
_ONE_NMS = "there is one non-max suppression, for all of these cases"
_SAME_RESULT = "it chose another operation for the same result"
_TUNED = "tf.data tunes it while it runs"
_WHOLE_CONVOLUTIONS = "a ResNet has whole convolutions with paddings of its own"
_OVERRIDE = "override_base_feature_extractor_hyperparams"
_NEAREST = f"the nearest that is: tfod config new --model {INSTEAD_OF_TWO_STAGES} ..."
_USE_SSD = "start from an SSD of the zoo: tfod zoo list --trainable"

_MODEL = {
    **_by_design("regions are cropped alike everywhere", "FasterRcnn.use_static_shapes_for_eval"),
    **_by_design(_SAME_RESULT, "FasterRcnn.use_matmul_gather_in_matcher"),
    **_by_design(_ONE_NMS, "FasterRcnn.use_partitioned_nms_in_first_stage",
                 "FasterRcnn.use_combined_nms_in_first_stage"),
    **_by_design("masks come in the size of the network's input, which the original would bring them to",
                 "FasterRcnn.resize_masks"),
    **_ignored("averages of batch norm follow at once in any case", "FasterRcnn.inplace_batchnorm_update"),
    **_ignored("the original hands it on to no network: pyramids pad to 32 pixels",
               "FasterRcnnFeatureExtractor.pad_to_multiple"),
    **_ignored("a network without _fpn in its type has no pyramid", "FasterRcnnFeatureExtractor.fpn",
               "FasterRcnnFeatureExtractor.override_base_feature_extractor_hyperparams", when=_has_no_pyramid,
               condition="another type than a ResNet with _fpn"),
    **_missing("CenterNet", "DetectionModel.center_net", instead=_USE_SSD),
    **_missing("experimental models", "DetectionModel.experimental_model", instead=_USE_SSD),
    **_ignored(
        "it is the pyramid of EfficientNets alone", "SsdFeatureExtractor.bifpn", when=_has_other_pyramid,
        condition="another type than an EfficientNet",
    ),
    **_ignored(
        "the pyramid of a ResNet has the levels 3 to 7 and 256 channels times depth_multiplier, and networks without "
        "_fpn in their type have none",
        "SsdFeatureExtractor.fpn", when=_pyramid_without_effect, condition="a ResNet, or without _fpn in the type",
    ),
    **_ignored(
        f"{_WHOLE_CONVOLUTIONS}, a pooling pyramid none",
        "SsdFeatureExtractor.use_depthwise", when=_unread("use_depthwise"), condition="a ResNet, or ppn in the type",
    ),
    **_ignored(
        _WHOLE_CONVOLUTIONS, "SsdFeatureExtractor.use_explicit_padding", when=_unread("use_explicit_padding"),
        condition="a ResNet",
    ),
    **_ignored(
        "the levels of a pyramid are those of fpn, and some networks of TensorFlow 1 have a fixed number of maps",
        "SsdFeatureExtractor.num_layers", when=_has_fixed_maps,
        condition="fpn, ppn, embedded, mobilenet_v3 or mobiledet in the type",
    ),
    **_ignored(
        "this network's hyperparameters are always its own",
        "SsdFeatureExtractor.override_base_feature_extractor_hyperparams", when=_unread(_OVERRIDE),
        condition="embedded or mobiledet in the type",
    ),
    **_ignored(
        "the class layers begin with a bias of 0", "ConvolutionalBoxPredictor.class_prediction_bias_init",
        when=lambda block, _: block.use_depthwise, condition="use_depthwise",
    ),
    **_ignored(_TF1, "SsdFeatureExtractor.replace_preprocessor_with_placeholder",
               "SsdFeatureExtractor.spaghettinet_arch_name"),
    **_ignored(_NEVER_WIRED, "SsdFeatureExtractor.use_hardswish", "Hyperparams.regularize_depthwise", "Hyperparams.op",
               "XYPairs.training_data_type"),
    **_ignored("an SSD predicts no masks", "Ssd.mask_head_config"),
    **_ignored("averages of batch norm follow at once in any case", "Ssd.inplace_batchnorm_update"),
    **_misleading("there is no normalisation in these layers, which keep a bias", "Hyperparams.group_norm",
                  "use batch_norm or sync_batch_norm"),
    **_misleading("batch norm learns all the same", "SsdFeatureExtractor.batch_norm_trainable",
                  "--set model.ssd.freeze_batchnorm=true freezes all of it"),
    **_misleading("the layers learn their averages all the same", "BatchNorm.train",
                  "--set model.ssd.freeze_batchnorm=true freezes all of them"),
    **_missing("the box predictor of R-FCN", "BoxPredictor.rfcn_box_predictor", instead=_NEAREST),
    **_missing("Context R-CNN", "FasterRcnn.context_config", instead=_NEAREST),
    **_ignored("it belongs to TensorFlow 1; post_processing.score_converter makes scores",
               "ConvolutionalBoxPredictor.apply_sigmoid_to_scores"),
    **_missing("box codes with keypoints", "BoxCoder.keypoint_box_coder", instead="use faster_rcnn_box_coder"),
    **_missing("bipartite matching, which the original refuses under TensorFlow 2 too", "Matcher.bipartite_matcher",
               instead="use argmax_matcher"),
    **_by_design(_SAME_RESULT, "ArgMaxMatcher.use_matmul_gather",
                 "BidirectionalFeaturePyramidNetworks.use_native_resize_op"),
    **_missing("similarity by scores of ground truth", "RegionSimilarityCalculator.thresholded_iou_similarity",
               instead="use iou_similarity"),
}  # fmt: skip

_LOSSES_AND_SCORES = {
    **_misleading("all classes weigh the same", "Loss.equalization_loss", "remove it, so that nobody relies on it"),
    **_missing("weights of the expected loss, at which the original as published fails too",
               "Loss.expected_loss_weights"),
    **_ignored("it counts with expected_loss_weights only, which are missing",
               "Loss.min_num_negative_samples", "Loss.desired_negative_sampling_ratio"),
    **_ignored(
        "the training loop decides what is added up",
        *(f"{loss}.anchorwise_output" for loss in (
            "WeightedL2LocalizationLoss", "WeightedSmoothL1LocalizationLoss", "WeightedSigmoidClassificationLoss",
            "SigmoidFocalClassificationLoss", "WeightedSoftmaxClassificationLoss",
            "WeightedSoftmaxClassificationAgainstLogitsLoss", "BootstrappedSigmoidClassificationLoss")),
    ),
    **_by_design(_ONE_NMS, *(f"BatchNonMaxSuppression.{name}" for name in (
        "use_static_shapes", "use_partitioned_nms", "use_combined_nms", "use_cpu_nms"))),
    **_missing(
        "several classes of one box", "BatchNonMaxSuppression.max_classes_per_detection",
        instead="leave max_classes_per_detection at 1", when=lambda _, number: number > 1, condition="more than 1",
    ),
    **_missing("calibration by sigmoids, which the original refuses too", "CalibrationConfig.sigmoid_calibration",
               "CalibrationConfig.class_id_sigmoid_calibrations",
               instead="use function_approximation, class_id_function_approximations or "
                       "temperature_scaling_calibration"),
}  # fmt: skip

_TRAINING = {
    **_ignored(_TF1, *(f"TrainConfig.{name}" for name in (
        "batch_queue_capacity", "num_batch_queue_threads", "prefetch_queue_capacity", "replicas_to_aggregate",
        "startup_delay_steps", "summarize_gradients", "sync_replicas"))),
    **_ignored("the newest checkpoints and the best are kept",
               "TrainConfig.keep_checkpoint_every_n_hours"),
    **_ignored("training draws no boxes", "TrainConfig.retain_original_images"),
    **_ignored("it counts on TPUs only", "TrainConfig.use_bfloat16",
               instead="--set train_config.use_bfloat16=false; train with --mixed_precision for bfloat16"),
    **_by_design("rows of padding never count as objects", "TrainConfig.unpad_groundtruth_tensors"),
    **_by_design("a model has its variables as soon as it is built",
                 "TrainConfig.run_fine_tune_checkpoint_dummy_computation"),
    **_by_design("fine_tune_checkpoint_type says what is restored (the original stops at it)",
                 "TrainConfig.load_all_detection_checkpoint_vars", misleads=True,
                 instead="--set train_config.fine_tune_checkpoint_type=full restores everything",
                 when=lambda train, _: train.fine_tune_checkpoint_version == _V2,
                 condition="fine_tune_checkpoint_version: V2"),
    **_missing("boxes with several labels", "TrainConfig.merge_multiple_label_boxes"),
    **_misleading("the input reader's max_number_of_boxes counts", "TrainConfig.max_number_of_boxes",
                  "--set train_input_reader.max_number_of_boxes={value}",
                  tf1="read at most so many objects of a picture"),
    **_misleading("nothing is trained for quantisation, all is in float32", "TrainEvalPipelineConfig.graph_rewriter",
                  "remove it; a trained model is quantised by tfod export --formats tflite_int8",
                  tf1="rounded weights and activations to 8 bits while it trained"),
}  # fmt: skip

_READING = {
    **_ignored(_TF1, "InputReader.min_after_dequeue", "InputReader.queue_capacity"),
    **_ignored(_TUNED, "InputReader.num_parallel_batches", "InputReader.num_parallel_map_calls",
               "InputReader.prefetch_size"),
    **_ignored("name and display_name of the label map are both looked up", "InputReader.use_display_name"),
    **_ignored(_NEVER_WIRED, "InputReader.use_keypoint_label_map"),
    **_by_design("train_config.num_steps says how long training takes, and an evaluation reads once",
                 "InputReader.num_epochs"),
    **_by_design("pictures always come with their source id", "InputReader.include_source_id"),
    **_by_design("it counts for sequences only, which cannot be read", "InputReader.frame_index"),
    **_missing("depths of keypoints", "InputReader.load_keypoint_depth_features"),
    **_missing("DensePose", "InputReader.load_dense_pose"),
    **_missing("tracking", "InputReader.load_track_id"),
    **_missing("Context R-CNN", "InputReader.load_context_features", "InputReader.load_context_image_ids"),
    **_missing("pictures of more than three channels", "InputReader.num_additional_channels"),
    **_missing("hierarchies of classes", "InputReader.expand_labels_hierarchy"),
    **_missing("readers of one's own", "InputReader.external_input_reader", instead="use tf_record_input_reader"),
    **_missing("records of sequences", "InputReader.input_type", when=lambda _, value: value == 2,
               condition="TF_SEQUENCE_EXAMPLE", instead="write a tf.Example for each frame"),
}  # fmt: skip

_EVALUATION = {
    **_ignored(_TF1, *(f"EvalConfig.{name}" for name in (
        "eval_interval_secs", "eval_master", "keep_image_id_for_visualization_export", "save_graph", "skip_labels",
        "skip_scores", "use_dummy_loss_in_eval", "visualization_export_dir"))),
    **_ignored("ground truth is drawn beside the detections in any case", "EvalConfig.visualize_groundtruth_boxes",
               "EvalConfig.groundtruth_box_visualization_color"),
    **_ignored("metrics_set decides what is measured", "EvalConfig.eval_instance_masks"),
    **_ignored("it counts for the LVIS metrics only, which are missing", "EvalConfig.export_path"),
    **_misleading("all pictures are evaluated", "EvalConfig.num_examples",
                  "--set eval_input_reader[0].sample_1_of_n_examples=2, say, evaluates every other one",
                  tf1="evaluated so many (by eval.py; by model_main.py all)"),
    **_misleading("every evaluation that is due is made", "EvalConfig.max_evals",
                  "remove it, so that nobody relies on it", tf1="ended eval.py after so many"),
    **_misleading("ground truth is used", "EvalConfig.ignore_groundtruth",
                  "remove it; visualize_detections.py needs no ground truth"),
    **_by_design("the mAP of each class is always told", "EvalConfig.include_metrics_per_category"),
    **_by_design("which classes a picture was searched for is not read, so all were",
                 "EvalConfig.image_classes_field_map_empty_to_ones"),
    **_missing("metrics of keypoints, LVIS and Open Images", "EvalConfig.metrics_set",
               when=lambda _, name: name in MISSING_METRICS, condition=f"one of {', '.join(MISSING_METRICS)}",
               instead=f"use {', '.join(AVAILABLE_METRICS)}: --set {{path}}={AVAILABLE_METRICS[0]}"),
    **_missing("metrics of keypoints", "EvalConfig.parameterized_metric"),
    **_missing("metrics of groups of classes", "EvalConfig.super_categories"),
    **_missing("pictures of more than three channels", "EvalConfig.retain_original_image_additional_channels"),
    **_missing("evaluation of pictures in their own size", "EvalConfig.force_no_resize",
               instead="remove it, or give the model an identity_resizer"),
    **_missing("image-level labels", "EvalConfig.skip_predictions_for_unlabeled_class"),
}  # fmt: skip

_LABEL_MAPS = {
    **_by_design("hierarchies of classes are not used", "StringIntLabelMapItem.ancestor_ids",
                 "StringIntLabelMapItem.descendant_ids"),
    **_by_design("the LVIS metrics are missing", "StringIntLabelMapItem.frequency",
                 "StringIntLabelMapItem.instance_count"),
}  # fmt: skip

TABLE: dict[str, Limit] = {**_MODEL, **_LOSSES_AND_SCORES, **_TRAINING, **_READING, **_EVALUATION, **_LABEL_MAPS}
"""Message and field ("Ssd.mask_head_config") -> its limit."""
