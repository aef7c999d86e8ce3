"""What is wrong with the settings of a detector of two stages."""

from collections.abc import Iterator
from typing import Any

from tfod.config.architectures import Architecture
from tfod.config.faults.fault import Fault

__all__ = [
    "ANCHORS_IN_PIXELS",
    "anchor_frame_faults",
    "mask_faults",
    "own_hyperparameters_faults",
    "proposal_faults",
    "region_faults",
    "second_predictor_faults",
    "stages_faults",
    "stride_faults",
]

ANCHORS_IN_PIXELS = ("grid_anchor_generator", "multiscale_anchor_generator", "flexible_grid_anchor_generator")
"""The kinds of anchors that a first stage can have."""
_STRIDE = 16  # pixels
_STRIDES = (8, 16)


def stages_faults(number_of_stages: int) -> Iterator[Fault]:
    """Block: `faster_rcnn`."""
    if not 1 <= number_of_stages <= 3:
        cure = "1 proposes, 2 finds classes and boxes, 3 masks too: --set {field}=2"
        yield Fault(f"number_of_stages is {number_of_stages}", "number_of_stages", cure)


def stride_faults(stride: int, row: Architecture) -> Iterator[Fault]:
    """`stride`: of the first stage's features, in pixels; `row`: that of the type. Block: `feature_extractor`."""
    one = row.network == "resnet_v1" and row.era == "tf2" and not row.pyramid
    if stride not in ((_STRIDE,) if one else _STRIDES):
        cure = f"--set {{field}}={_STRIDE}" + (", which this network has" if one else "")
        yield Fault(f"first_stage_features_stride is {stride}", "first_stage_features_stride", cure)


def own_hyperparameters_faults(row: Architecture, *, given: bool) -> Iterator[Fault]:
    """`given`: whether there is a block `conv_hyperparams`; `row`: that of the type. Block: `feature_extractor`.

    As in the original, which stops in both cases; with TF-Slim it does not look at the block.
    """
    if row.pyramid and not given:
        cure = "--set '{field}={ initializer { truncated_normal_initializer { stddev: 0.03 } } batch_norm {} }'"
        yield Fault("the convolutions of the pyramid have no hyperparameters", "conv_hyperparams", cure)
    if given and not row.pyramid and row.era == "tf2":
        yield Fault("a network without a pyramid has no hyperparameters but its own", "conv_hyperparams", "remove it")


def anchor_frame_faults(normalize: bool) -> Iterator[Fault]:
    """Whether anchors are relative to the image. Block: that of the generator."""
    if normalize:
        what = "the anchors of a first stage are in pixels, and these are relative to the image"
        yield Fault(what, "normalize_coordinates", "--set {field}=false")


def proposal_faults(*, most: int, batch_size: int, mines: bool) -> Iterator[Fault]:
    """`most`: proposals of an image; `batch_size`: of these those that the second stage learns from; `mines`: whether
    it learns from the hardest instead. Block: `faster_rcnn`."""
    if most < 1:
        yield Fault(f"first_stage_max_proposals is {most}", "first_stage_max_proposals", "--set {field}=300")
    elif batch_size > most and not mines:
        what = f"of {most} proposals of an image {batch_size} cannot be drawn"
        yield Fault(what, "second_stage_batch_size", f"--set {{field}}={most}")


def region_faults(*, side: int, kernel_size: int, stride: int) -> Iterator[Fault]:
    """How regions are cropped and pooled. Block: `faster_rcnn`."""
    if side < 2:
        cure = "--set {field}=14, or 17 for an Inception ResNet"
        yield Fault(f"regions of {side} x {side} features have nothing to see", "initial_crop_size", cure)
    elif not 1 <= kernel_size <= side:
        what = f"of regions of {side} x {side} features none are pooled by {kernel_size} x {kernel_size}"
        yield Fault(what, "maxpool_kernel_size", "--set {field}=2, or 1 for no pooling")
    if stride < 1:
        yield Fault(f"maxpool_stride is {stride}", "maxpool_stride", "--set {field}=2, or 1 for no pooling")


def second_predictor_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the predictor that is named for the second stage. Block: `second_stage_box_predictor`."""
    if kind != "mask_rcnn_box_predictor":
        what = f"a second stage cannot have the box predictor {kind or '(none)'}"
        yield Fault(what, "", "--set '{field}={ mask_rcnn_box_predictor { fc_hyperparams {} } }'")


def mask_faults(predictor: Any, *, stages: int, has_convolutions: bool) -> Iterator[Fault]:
    """`predictor`: what has the fields of a `mask_rcnn_box_predictor`; `has_convolutions`: whether it has
    `conv_hyperparams`. Block: `mask_rcnn_box_predictor`."""
    if predictor.predict_keypoints:
        yield Fault("keypoints are not predicted, in the original neither", "predict_keypoints", "--set {field}=false")
    if stages < 3:
        return
    if not predictor.predict_instance_masks:
        what = "the third stage has nothing to predict"
        yield Fault(what, "predict_instance_masks", "--set {field}=true, or model.faster_rcnn.number_of_stages=2")
        return
    if not has_convolutions:
        cure = "--set '{field}={ initializer { truncated_normal_initializer { stddev: 0.01 } } }'"
        yield Fault("the convolutions of the masks have no hyperparameters", "conv_hyperparams", cure)
    for name in ("mask_height", "mask_width"):
        if getattr(predictor, name) < 2:
            yield Fault(f"{name} is {getattr(predictor, name)}", name, "--set {field}=33")
    if predictor.mask_prediction_num_conv_layers < 1:
        what = "without a convolution there are no masks"
        yield Fault(what, "mask_prediction_num_conv_layers", "--set {field}=2")
