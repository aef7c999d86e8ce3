"""A Faster R-CNN or Mask R-CNN from the message that describes it."""

from dataclasses import replace

import tensorflow as tf

from tfod.boxes.anchors import Anchors
from tfod.boxes.coders import FasterRcnnBoxCoder
from tfod.boxes.from_config import anchors_from_config, nms_from_config
from tfod.boxes.geometry import iou
from tfod.boxes.matching import ArgMaxMatcher
from tfod.boxes.nms import MulticlassNMS
from tfod.boxes.sampling import BalancedSampler, FullSampler, Sampler
from tfod.boxes.targets import TargetAssigner
from tfod.config.architectures import ARCHITECTURES
from tfod.config.faults.anchors import feature_map_faults
from tfod.config.faults.faster_rcnn import (
    ANCHORS_IN_PIXELS,
    anchor_frame_faults,
    mask_faults,
    proposal_faults,
    region_faults,
    second_predictor_faults,
    stages_faults,
)
from tfod.config.faults.fault import refuse
from tfod.config.faults.image_size import input_size_faults, known_sides
from tfod.config.faults.losses import second_stage_loss_faults
from tfod.config.faults.model import box_code_size_faults, gray_input_faults, num_classes_faults, smallest_side
from tfod.config.faults.refused import refused_faults
from tfod.losses.classification import ClassificationLoss, SoftmaxLoss
from tfod.losses.from_config import classification_loss_from_config, hard_example_miner_from_config
from tfod.losses.mining import HardExampleMiner
from tfod.models.faster_rcnn.detector import FasterRCNN, FirstStage, SecondStage
from tfod.models.faster_rcnn.features_from_config import TwoParts, two_parts_from_config
from tfod.models.faster_rcnn.loss import BoxClassifierLoss, MaskLoss, ProposalLoss
from tfod.models.faster_rcnn.masks import MaskHead, MaskSettings
from tfod.models.faster_rcnn.postprocess import RegionPostprocessor
from tfod.models.faster_rcnn.proposals import ProposalNetwork, ProposalSampler, Proposer
from tfod.models.faster_rcnn.second_stage import BoxHeads, RegionPooling
from tfod.models.from_config import (
    conv_hyperparameters_from_config,
    image_resizer_from_config,
    score_converter_from_config,
)
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.preprocess import Preprocess
from tfod.models.resizer import ImageResizer
from tfod.protos import box_predictor_pb2, faster_rcnn_pb2

__all__ = ["faster_rcnn_from_config"]

_Config = faster_rcnn_pb2.FasterRcnn

_WHERE = "model.faster_rcnn"
# Which both stages have, whatever a config says.
_BOX_CODER = FasterRcnnBoxCoder(10.0, 10.0, 5.0, 5.0)
_PROPOSAL_MATCHER = ArgMaxMatcher(0.7, 0.3, force_match_for_each_row=True)
_REGION_MATCHER = ArgMaxMatcher(0.5, 0.5)
# Nothing is examined first: as many boxes are kept as there are proposals, for which the best are seldom enough.
_ALL: tuple[int, ...] = ()
_OUTPUTS = {
    "output_final_box_features": "detection_features",
    "output_final_box_rpn_features": "cropped_rpn_box_features",
}


def faster_rcnn_from_config(config: _Config) -> FasterRCNN:
    """The model that `model.faster_rcnn` describes. Raises ConfigError for what is not available."""
    extractor = config.feature_extractor
    refuse(refused_faults(extractor.type), f"{_WHERE}.feature_extractor")
    refuse(num_classes_faults(config.num_classes), _WHERE)
    refuse(stages_faults(config.number_of_stages), _WHERE)
    parts = two_parts_from_config(extractor, f"{_WHERE}.feature_extractor")
    resizer = image_resizer_from_config(config.image_resizer, f"{_WHERE}.image_resizer")
    _refuse_images(config, resizer)
    return FasterRCNN(
        num_classes=config.num_classes,
        preprocess=Preprocess(resizer, parts.pixels, normalize_first=False),
        first=_first_stage(config, parts),
        second=_second_stage(config, parts) if config.number_of_stages > 1 else None,
    )


def _first_stage(config: _Config, parts: TwoParts) -> FirstStage:
    anchors = _anchors(config, parts.maps)
    hyperparameters = conv_hyperparameters_from_config(
        config.first_stage_box_predictor_conv_hyperparams,
        f"{_WHERE}.first_stage_box_predictor_conv_hyperparams",
        slim=ARCHITECTURES[config.feature_extractor.type].is_slim,
    )
    most = config.first_stage_max_proposals
    return FirstStage(
        features=parts.image_features,
        anchors=anchors,
        network=ProposalNetwork(
            hyperparameters,
            depth=config.first_stage_box_predictor_depth,
            kernel_size=config.first_stage_box_predictor_kernel_size,
            dilation=config.first_stage_atrous_rate,
            anchors_per_cell=anchors.anchors_per_cell,
        ),
        proposer=Proposer(
            _BOX_CODER,
            MulticlassNMS(
                score_threshold=config.first_stage_nms_score_threshold,
                iou_threshold=config.first_stage_nms_iou_threshold,
                max_per_class=most,
                max_total=most,
                change_coordinate_frame=False,
                candidates=_ALL,
            ),
            corner_first=ARCHITECTURES[config.feature_extractor.type].is_slim,
        ),
        loss=ProposalLoss(
            TargetAssigner(iou, _PROPOSAL_MATCHER, _BOX_CODER),
            _sampler(config, config.first_stage_minibatch_size, config.first_stage_positive_balance_fraction),
            localization_weight=config.first_stage_localization_loss_weight,
            objectness_weight=config.first_stage_objectness_loss_weight,
        ),
        clips_anchors=config.clip_anchors_to_image,
    )


def _anchors(config: _Config, maps: int) -> Anchors:
    generator, where = config.first_stage_anchor_generator, f"{_WHERE}.first_stage_anchor_generator"
    anchors = anchors_from_config(generator, where, kinds=ANCHORS_IN_PIXELS)
    kind = generator.WhichOneof("anchor_generator_oneof")
    refuse(anchor_frame_faults(anchors.normalize), f"{where}.{kind}")
    refuse(feature_map_faults(maps, len(anchors.anchors_per_cell)), where)
    return anchors


def _sampler(config: _Config, size: int, positive_fraction: float) -> Sampler:
    static = config.use_static_balanced_label_sampler and config.use_static_shapes
    return (FullSampler if static else BalancedSampler)(size, positive_fraction)


def _second_stage(config: _Config, parts: TwoParts) -> SecondStage:
    most, batch_size = config.first_stage_max_proposals, config.second_stage_batch_size
    mines = config.HasField("hard_example_miner")
    refuse(proposal_faults(most=most, batch_size=batch_size, mines=mines), _WHERE)
    side, kernel_size, stride = config.initial_crop_size, config.maxpool_kernel_size, config.maxpool_stride
    refuse(region_faults(side=side, kernel_size=kernel_size, stride=stride), _WHERE)
    targets = TargetAssigner(iou, _REGION_MATCHER, _BOX_CODER)
    pooling = RegionPooling(side, kernel_size, stride, fades=config.use_matmul_crop_and_resize)
    sampler = _sampler(config, batch_size, config.second_stage_balance_fraction)
    processing, where = config.second_stage_post_processing, f"{_WHERE}.second_stage_post_processing"
    nms = nms_from_config(processing.batch_non_max_suppression, f"{where}.batch_non_max_suppression")
    nms = replace(nms, candidates=_ALL)
    heads, masks = _heads(config, parts, pooling, targets)
    return SecondStage(
        pooling=pooling,
        features=parts.region_features,
        heads=heads,
        postprocessor=RegionPostprocessor(
            _BOX_CODER, score_converter_from_config(processing, where), replace(nms, change_coordinate_frame=True)
        ),
        loss=BoxClassifierLoss(
            targets,
            _classification_loss(config),
            localization_weight=config.second_stage_localization_loss_weight,
            classification_weight=config.second_stage_classification_loss_weight,
            miner=_miner(config) if mines else None,
        ),
        sampler=None if mines else ProposalSampler(targets, sampler, batch_size, fills=config.use_static_shapes),
        masks=masks,
        outputs=frozenset(output for field, output in _OUTPUTS.items() if getattr(config, field)),
        raw_boxes=config.return_raw_detections_during_predict,
    )


def _heads(
    config: _Config, parts: TwoParts, pooling: RegionPooling, targets: TargetAssigner
) -> tuple[BoxHeads, tuple[MaskHead, MaskLoss] | None]:
    where = f"{_WHERE}.second_stage_box_predictor"
    kind = config.second_stage_box_predictor.WhichOneof("box_predictor_oneof")
    refuse(second_predictor_faults(kind), where)
    own, where = config.second_stage_box_predictor.mask_rcnn_box_predictor, f"{where}.{kind}"
    refuse(box_code_size_faults(own.box_code_size, _BOX_CODER.code_size), where)
    stages = config.number_of_stages
    refuse(mask_faults(own, stages=stages, has_convolutions=own.HasField("conv_hyperparams")), where)
    slim = ARCHITECTURES[config.feature_extractor.type].is_slim
    heads = BoxHeads(
        conv_hyperparameters_from_config(own.fc_hyperparams, f"{where}.fc_hyperparams", slim=slim),
        num_classes=config.num_classes,
        shares_box=own.share_box_across_classes,
        dropout=1.0 - own.dropout_keep_probability if own.use_dropout else 0.0,
    )
    if stages < 3:
        return heads, None
    loss = MaskLoss(
        targets, weight=config.second_stage_mask_prediction_loss_weight, fades=config.use_matmul_crop_and_resize
    )
    regions = pooling.pooled(tf.zeros([1, pooling.side, pooling.side, parts.channels]))
    shape = parts.region_features(regions, training=False).shape
    hyperparameters = conv_hyperparameters_from_config(own.conv_hyperparams, f"{where}.conv_hyperparams", slim=slim)
    return heads, (_mask_head(own, hyperparameters, config.num_classes, shape), loss)


def _mask_head(
    own: box_predictor_pb2.MaskRCNNBoxPredictor,
    hyperparameters: ConvHyperparameters,
    num_classes: int,
    shape: tf.TensorShape,
) -> MaskHead:
    """The head over region features of the `shape` `[1, S, S, D]`."""
    settings = MaskSettings(
        height=own.mask_height,
        width=own.mask_width,
        num_layers=own.mask_prediction_num_conv_layers,
        depth=own.mask_prediction_conv_depth,
        class_agnostic=own.masks_are_class_agnostic,
        convolves_first=own.convolve_then_upsample_masks,
    )
    return MaskHead(hyperparameters, settings, num_classes=num_classes, side=shape[1], channels=shape[3])


def _classification_loss(config: _Config) -> ClassificationLoss:
    loss, where = config.second_stage_classification_loss, f"{_WHERE}.second_stage_classification_loss"
    kind = loss.WhichOneof("classification_loss")
    if kind is None:
        return SoftmaxLoss()
    refuse(second_stage_loss_faults(kind), where)
    return classification_loss_from_config(loss, where)


def _miner(config: _Config) -> HardExampleMiner:
    weights = config.second_stage_classification_loss_weight, config.second_stage_localization_loss_weight
    return hard_example_miner_from_config(config.hard_example_miner, *weights)


def _refuse_images(config: _Config, resizer: ImageResizer) -> None:
    kind, where = config.image_resizer.WhichOneof("image_resizer_oneof") or "", f"{_WHERE}.image_resizer"
    extractor = config.feature_extractor.type
    refuse(gray_input_faults(kind, resizer.grayscale, extractor), where)
    refuse(
        input_size_faults(kind, known_sides(kind, getattr(config.image_resizer, kind)), smallest_side(extractor)), where
    )
