"""Anchors, box coders, matchers, similarities and suppression from the messages that describe them.

`where` is always the message's path in the config, as "model.ssd.matcher"; errors name it.
"""

from collections.abc import Collection

from tfod.boxes.anchors import Anchors, FlexibleGridAnchors, GridAnchors, MultiscaleAnchors, SSDAnchors
from tfod.boxes.coders import BoxCoder, FasterRcnnBoxCoder, MeanStddevBoxCoder, SquareBoxCoder
from tfod.boxes.geometry import iou
from tfod.boxes.matching import ArgMaxMatcher
from tfod.boxes.nms import MulticlassNMS
from tfod.boxes.similarity import Similarity, intersection_over_anchor, negative_squared_distance
from tfod.config.faults.anchors import (
    EVERY_KIND_OF_ANCHORS,
    anchor_choice_faults,
    flexible_anchor_faults,
    grid_anchor_faults,
    multiscale_anchor_faults,
    ssd_anchor_faults,
)
from tfod.config.faults.fault import refuse
from tfod.config.faults.matching import (
    box_coder_choice_faults,
    matcher_choice_faults,
    matcher_threshold_faults,
    similarity_choice_faults,
)
from tfod.config.faults.numbers import number_faults, refuse_unusable
from tfod.config.faults.suppression import suppression_faults
from tfod.protos import (
    anchor_generator_pb2,
    box_coder_pb2,
    flexible_grid_anchor_generator_pb2,
    grid_anchor_generator_pb2,
    matcher_pb2,
    multiscale_anchor_generator_pb2,
    post_processing_pb2,
    region_similarity_calculator_pb2,
    ssd_anchor_generator_pb2,
)

__all__ = [
    "anchors_from_config",
    "box_coder_from_config",
    "matcher_from_config",
    "nms_from_config",
    "similarity_from_config",
]


def anchors_from_config(
    config: anchor_generator_pb2.AnchorGenerator, where: str, *, kinds: Collection[str] = EVERY_KIND_OF_ANCHORS
) -> Anchors:
    """The anchors that an `anchor_generator` describes.

    Raises ConfigError for a kind that is not among `kinds` (those that the detector can use), for anchors without
    boxes, and for lists of different lengths.
    """
    kind = config.WhichOneof("anchor_generator_oneof")
    refuse(number_faults(config), where)
    refuse(anchor_choice_faults(kind, kinds), where)
    where = f"{where}.{kind}"
    if kind == "multiscale_anchor_generator":
        return _multiscale_anchors(config.multiscale_anchor_generator, where)
    if kind == "ssd_anchor_generator":
        return _ssd_anchors(config.ssd_anchor_generator, where)
    if kind == "flexible_grid_anchor_generator":
        return _flexible_anchors(config.flexible_grid_anchor_generator, where)
    return _grid_anchors(config.grid_anchor_generator, where)


def _multiscale_anchors(
    config: multiscale_anchor_generator_pb2.MultiscaleAnchorGenerator, where: str
) -> MultiscaleAnchors:
    refuse(multiscale_anchor_faults(len(config.aspect_ratios), config.scales_per_octave), where)
    return MultiscaleAnchors(
        min_level=config.min_level,
        max_level=config.max_level,
        anchor_scale=config.anchor_scale,
        aspect_ratios=tuple(config.aspect_ratios),
        scales_per_octave=config.scales_per_octave,
        normalize=config.normalize_coordinates,
    )


def _ssd_anchors(config: ssd_anchor_generator_pb2.SsdAnchorGenerator, where: str) -> SSDAnchors:
    layers, span = config.num_layers, config.max_scale - config.min_scale
    refuse(ssd_anchor_faults(config), where)
    evenly = [config.min_scale + span * layer / max(layers - 1, 1) for layer in range(layers)]
    return SSDAnchors.from_scales(
        list(config.scales) or evenly,
        config.aspect_ratios,
        interpolated_ratio=config.interpolated_scale_aspect_ratio,
        reduce_lowest=config.reduce_boxes_in_lowest_layer,
        base_size=(config.base_anchor_height, config.base_anchor_width),
        strides=tuple(zip(config.height_stride, config.width_stride, strict=False)),
        offsets=tuple(zip(config.height_offset, config.width_offset, strict=False)),
    )


def _flexible_anchors(
    config: flexible_grid_anchor_generator_pb2.FlexibleGridAnchorGenerator, where: str
) -> FlexibleGridAnchors:
    grids = config.anchor_grid
    refuse(flexible_anchor_faults([(len(grid.base_sizes), len(grid.aspect_ratios)) for grid in grids]), where)
    return FlexibleGridAnchors(
        sizes=tuple(tuple(grid.base_sizes) for grid in grids),
        ratios=tuple(tuple(grid.aspect_ratios) for grid in grids),
        strides=tuple((grid.height_stride, grid.width_stride) for grid in grids),
        offsets=tuple((grid.height_offset, grid.width_offset) for grid in grids),
        normalize=config.normalize_coordinates,
    )


def _grid_anchors(config: grid_anchor_generator_pb2.GridAnchorGenerator, where: str) -> GridAnchors:
    scales, aspect_ratios = tuple(config.scales), tuple(config.aspect_ratios)
    refuse(grid_anchor_faults(len(scales), len(aspect_ratios)), where)
    return GridAnchors(
        scales=scales,
        aspect_ratios=aspect_ratios,
        base_size=(config.height, config.width),
        stride=(config.height_stride, config.width_stride),
        offset=(config.height_offset, config.width_offset),
    )


def box_coder_from_config(config: box_coder_pb2.BoxCoder, where: str) -> BoxCoder:
    """The coder that a `box_coder` describes. Raises ConfigError for the one with keypoints, and for none."""
    refuse_unusable(config, where)
    kind = config.WhichOneof("box_coder_oneof")
    refuse(box_coder_choice_faults(kind), where)
    if kind == "faster_rcnn_box_coder":
        faster_rcnn = config.faster_rcnn_box_coder
        scales = faster_rcnn.y_scale, faster_rcnn.x_scale, faster_rcnn.height_scale, faster_rcnn.width_scale
        return FasterRcnnBoxCoder(*scales)
    if kind == "mean_stddev_box_coder":
        return MeanStddevBoxCoder(config.mean_stddev_box_coder.stddev)
    square = config.square_box_coder
    return SquareBoxCoder(square.y_scale, square.x_scale, square.length_scale)


def matcher_from_config(config: matcher_pb2.Matcher, where: str) -> ArgMaxMatcher:
    """The matcher that a `matcher` describes.

    Raises ConfigError for the bipartite one, for none, and for thresholds in the wrong order.
    """
    refuse_unusable(config, where)
    refuse(matcher_choice_faults(config.WhichOneof("matcher_oneof")), where)
    message = config.argmax_matcher
    matched, unmatched = message.matched_threshold, message.unmatched_threshold
    if message.ignore_thresholds:
        matched = unmatched = 0.0
    refuse(matcher_threshold_faults(matched=matched, unmatched=unmatched), f"{where}.argmax_matcher")
    return ArgMaxMatcher(
        matched_threshold=matched,
        unmatched_threshold=unmatched,
        negatives_lower_than_unmatched=message.negatives_lower_than_unmatched,
        force_match_for_each_row=message.force_match_for_each_row,
    )


def similarity_from_config(
    config: region_similarity_calculator_pb2.RegionSimilarityCalculator, where: str
) -> Similarity:
    """The measure that a `similarity_calculator` names.

    Raises ConfigError for the one that needs scores of ground truth, and for none.
    """
    refuse_unusable(config, where)
    kind = config.WhichOneof("region_similarity")
    refuse(similarity_choice_faults(kind), where)
    measures: dict[str | None, Similarity] = {
        "iou_similarity": iou,
        "ioa_similarity": intersection_over_anchor,
        "neg_sq_dist_similarity": negative_squared_distance,
    }
    return measures[kind]


def nms_from_config(config: post_processing_pb2.BatchNonMaxSuppression, where: str) -> MulticlassNMS:
    """The suppression that a `batch_non_max_suppression` describes. Raises ConfigError for impossible numbers.

    `use_static_shapes`, `use_partitioned_nms`, `use_combined_nms`, `use_hard_nms` and `use_cpu_nms` choose
    between implementations in the original; here there is one.
    """
    refuse(number_faults(config), where)
    refuse(suppression_faults(config), where)
    agnostic = config.use_class_agnostic_nms
    return MulticlassNMS(
        score_threshold=config.score_threshold,
        iou_threshold=config.iou_threshold,
        # One suppression for all classes together is limited as all classes together.
        max_per_class=config.max_total_detections if agnostic else config.max_detections_per_class,
        max_total=config.max_total_detections,
        soft_nms_sigma=0.0 if config.use_hard_nms else config.soft_nms_sigma,
        class_agnostic=agnostic,
        change_coordinate_frame=config.change_coordinate_frame,
    )
