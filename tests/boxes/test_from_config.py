"""Anchors, coders, matchers, similarities and suppression from messages; and what cannot be made, with its place."""

from typing import Any

import pytest
from google.protobuf import text_format

from tfod.boxes.anchors import FlexibleGridAnchors, GridAnchors, MultiscaleAnchors, SSDAnchors
from tfod.boxes.coders import FasterRcnnBoxCoder, MeanStddevBoxCoder, SquareBoxCoder
from tfod.boxes.from_config import (
    anchors_from_config,
    box_coder_from_config,
    matcher_from_config,
    nms_from_config,
    similarity_from_config,
)
from tfod.boxes.geometry import iou
from tfod.boxes.matching import ArgMaxMatcher
from tfod.boxes.nms import MulticlassNMS
from tfod.boxes.similarity import intersection_over_anchor, negative_squared_distance
from tfod.config.faults.anchors import ANCHORS_OF_SEVERAL_MAPS
from tfod.errors import ConfigError
from tfod.protos.anchor_generator_pb2 import AnchorGenerator
from tfod.protos.box_coder_pb2 import BoxCoder
from tfod.protos.matcher_pb2 import Matcher
from tfod.protos.post_processing_pb2 import BatchNonMaxSuppression
from tfod.protos.region_similarity_calculator_pb2 import RegionSimilarityCalculator

WHERE = "model.part"


def parsed(text: str, message: Any) -> Any:
    return text_format.Parse(text, message())


def anchors(text: str, **options: Any) -> Any:
    return anchors_from_config(parsed(text, AnchorGenerator), WHERE, **options)


def test_multiscale_anchors() -> None:
    made = anchors("multiscale_anchor_generator { min_level: 4 anchor_scale: 3 aspect_ratios: [1, 2] }")
    assert made == MultiscaleAnchors(4, 7, 3.0, (1.0, 2.0), 2)


def test_the_scales_of_ssd_are_even_and_the_finest_map_has_three_boxes() -> None:
    made = anchors("ssd_anchor_generator { aspect_ratios: [1.0, 2.0, 0.5, 3.0, 0.3333] }")
    assert made.anchors_per_cell == (3, 6, 6, 6, 6, 6)
    assert [boxes[0][0] for boxes in made.boxes] == pytest.approx([0.1, 0.35, 0.5, 0.65, 0.8, 0.95])
    grids = [(19, 19), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)]
    assert made(grids, 300, 300).shape == (1917, 4)


def test_all_settings_of_ssd_anchors() -> None:
    made = anchors(
        "ssd_anchor_generator { num_layers: 1 scales: 0.5 aspect_ratios: 2.0 reduce_boxes_in_lowest_layer: false"
        " interpolated_scale_aspect_ratio: 0 height_stride: 10 width_stride: 20 height_offset: 4 width_offset: 2"
        " base_anchor_height: 0.5 }"
    )
    assert made == SSDAnchors((((0.5, 2.0),),), (0.5, 1.0), ((10, 20),), ((4, 2),))


def test_flexible_anchors() -> None:
    grid = "base_sizes: [2, 4] aspect_ratios: [1, 4] height_stride: 5 width_stride: 10 height_offset: 1"
    made = anchors(f"flexible_grid_anchor_generator {{ normalize_coordinates: false anchor_grid {{ {grid} }} }}")
    assert made == FlexibleGridAnchors(((2.0, 4.0),), ((1.0, 4.0),), ((5, 10),), ((1, 0),), normalize=False)


def test_grid_anchors() -> None:
    assert anchors("grid_anchor_generator { scales: 1 aspect_ratios: [1, 2] }") == GridAnchors((1.0,), (1.0, 2.0))
    made = anchors(
        "grid_anchor_generator { scales: [1, 2] aspect_ratios: 1 height: 8 width: 9 height_stride: 4 width_stride: 5"
        " height_offset: 2 width_offset: 3 }"
    )
    assert made == GridAnchors((1.0, 2.0), (1.0,), (8, 9), (4, 5), (2, 3))


@pytest.mark.parametrize(
    ("text", "what", "field"),
    [
        ("", "no anchors are chosen", ""),
        ("ssd_anchor_generator { scales: 0.5 }", "scales has length 1, but there are 6 layers",
         ".ssd_anchor_generator.scales[0]"),
        ("ssd_anchor_generator { height_stride: 8 width_stride: 8 }",
         "height_stride has length 1, but there are 6 layers", ".ssd_anchor_generator.height_stride[0]"),
        ("flexible_grid_anchor_generator { anchor_grid { base_sizes: 2 } }",
         "there are 1 base_sizes and 0 aspect_ratios", ".flexible_grid_anchor_generator.anchor_grid[0]"),
        ("grid_anchor_generator { aspect_ratios: 1 }", "without scales there is no anchor",
         ".grid_anchor_generator.scales"),
        ("multiscale_anchor_generator {}", "without aspect_ratios there is no anchor",
         ".multiscale_anchor_generator.aspect_ratios"),
    ],
)  # fmt: skip
def test_anchors_that_cannot_be_made_are_errors(text: str, what: str, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        anchors(text)
    assert (caught.value.what, caught.value.where) == (what, WHERE + field)


def test_an_ssd_has_no_anchors_of_a_single_grid() -> None:
    with pytest.raises(ConfigError, match="grid_anchor_generator are not possible here") as caught:
        anchors("grid_anchor_generator { scales: 1 aspect_ratios: 1 }", kinds=ANCHORS_OF_SEVERAL_MAPS)
    assert "ssd_anchor_generator or multiscale_anchor_generator" in caught.value.cure


def test_box_coders() -> None:
    def coder(text: str) -> Any:
        return box_coder_from_config(parsed(text, BoxCoder), WHERE)

    assert coder("faster_rcnn_box_coder { y_scale: 1 }") == FasterRcnnBoxCoder(1.0)
    assert coder("square_box_coder { length_scale: 2 }") == SquareBoxCoder(length_scale=2.0)
    assert coder("mean_stddev_box_coder { stddev: 0.5 }") == MeanStddevBoxCoder(0.5)
    with pytest.raises(ConfigError, match="box codes with keypoints"):
        coder("keypoint_box_coder {}")
    with pytest.raises(ConfigError, match="no box coder is chosen"):
        coder("")


def test_matchers() -> None:
    def matcher(text: str) -> Any:
        return matcher_from_config(parsed(text, Matcher), WHERE)

    assert matcher("argmax_matcher { unmatched_threshold: 0.25 }") == ArgMaxMatcher(0.5, 0.25)
    everything = matcher("argmax_matcher { ignore_thresholds: true force_match_for_each_row: true }")
    assert everything == ArgMaxMatcher(0.0, 0.0, force_match_for_each_row=True)
    with pytest.raises(ConfigError, match="bipartite matching"):
        matcher("bipartite_matcher {}")
    with pytest.raises(ConfigError, match="no matcher is chosen"):
        matcher("")
    with pytest.raises(ConfigError, match=r"unmatched_threshold 0\.75 is above matched_threshold 0\.5") as caught:
        matcher("argmax_matcher { unmatched_threshold: 0.75 }")
    assert caught.value.where == "model.part.argmax_matcher.unmatched_threshold"


def test_similarities() -> None:
    def similarity(text: str) -> Any:
        return similarity_from_config(parsed(text, RegionSimilarityCalculator), WHERE)

    assert similarity("iou_similarity {}") is iou
    assert similarity("ioa_similarity {}") is intersection_over_anchor
    assert similarity("neg_sq_dist_similarity {}") is negative_squared_distance
    with pytest.raises(ConfigError, match="scores of ground truth"):
        similarity("thresholded_iou_similarity {}")
    with pytest.raises(ConfigError, match="no similarity is chosen"):
        similarity("")


def test_suppression() -> None:
    def suppression(text: str) -> Any:
        return nms_from_config(parsed(text, BatchNonMaxSuppression), WHERE)

    made = suppression("iou_threshold: 0.5 max_detections_per_class: 8 max_total_detections: 9 soft_nms_sigma: 0.25")
    assert made == MulticlassNMS(0.0, 0.5, 8, 9, 0.25)
    agnostic = suppression("iou_threshold: 0.5 max_detections_per_class: 8 use_class_agnostic_nms: true")
    assert agnostic == MulticlassNMS(0.0, 0.5, 100, 100, class_agnostic=True)


@pytest.mark.parametrize(
    ("text", "what", "field"),
    [
        ("max_detections_per_class: 50 max_total_detections: 20",
         "max_detections_per_class 50 is above max_total_detections 20", "max_detections_per_class"),
        ("iou_threshold: 60", "iou_threshold is 60", "iou_threshold"),
        ("soft_nms_sigma: -1", "soft_nms_sigma is -1", "soft_nms_sigma"),
    ],
)  # fmt: skip
def test_impossible_suppression_is_an_error(text: str, what: str, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        nms_from_config(parsed(text, BatchNonMaxSuppression), WHERE)
    assert (caught.value.what, caught.value.where) == (what, f"{WHERE}.{field}")
