"""An SSD from the message that describes it."""

from tfod.boxes.anchors import Anchors
from tfod.boxes.coders import BoxCoder
from tfod.boxes.from_config import (
    anchors_from_config,
    box_coder_from_config,
    matcher_from_config,
    nms_from_config,
    similarity_from_config,
)
from tfod.boxes.targets import TargetAssigner
from tfod.config.architectures import ARCHITECTURES
from tfod.config.faults.anchors import ANCHORS_OF_SEVERAL_MAPS, feature_map_faults, shared_predictor_faults
from tfod.config.faults.fault import refuse
from tfod.config.faults.image_size import input_size_faults, known_sides, pyramid_fit_faults
from tfod.config.faults.model import background_faults, gray_input_faults, num_classes_faults
from tfod.losses.from_config import (
    classification_loss_from_config,
    localization_loss_from_config,
    miner_from_config,
    sampler_from_config,
)
from tfod.models.from_config import image_resizer_from_config, score_converter_from_config
from tfod.models.layers.padding import Fit
from tfod.models.preprocess import Preprocess
from tfod.models.resizer import ImageResizer
from tfod.models.ssd.detector import SSD
from tfod.models.ssd.features_from_config import features_from_config
from tfod.models.ssd.loss import SSDLoss
from tfod.models.ssd.postprocess import SSDPostprocessor
from tfod.models.ssd.predictor_from_config import Sizes, box_predictor_from_config
from tfod.protos import ssd_pb2

__all__ = ["ssd_from_config"]


def ssd_from_config(config: ssd_pb2.Ssd) -> SSD:
    """The model that `model.ssd` describes. Raises ConfigError for what is not available."""
    refuse(num_classes_faults(config.num_classes), "model.ssd")
    refuse(background_faults(added=config.add_background_class, explicit=config.explicit_background_class), "model.ssd")
    anchors = anchors_from_config(config.anchor_generator, "model.ssd.anchor_generator", kinds=ANCHORS_OF_SEVERAL_MAPS)
    box_coder = box_coder_from_config(config.box_coder, "model.ssd.box_coder")
    features = features_from_config(
        config.feature_extractor, "model.ssd.feature_extractor", freeze_batch_norm=config.freeze_batchnorm
    )
    _refuse_unlike_anchors(config, anchors, len(features.neck.depths))
    resizer = image_resizer_from_config(config.image_resizer, "model.ssd.image_resizer")
    _refuse_images(config, resizer, features.minimum_side)
    return SSD(
        num_classes=config.num_classes,
        # Resizing first would be cheaper and nearly the same, but where an image has flat areas, activations sit on
        # the kinks of ReLU6, and rounding in the eighth digit moves gradients by percents.
        preprocess=Preprocess(resizer, features.pixels, normalize_first=True),
        backbone=features.backbone,
        neck=features.neck,
        fit=Fit(features.minimum_side, config.feature_extractor.pad_to_multiple),
        box_predictor=box_predictor_from_config(
            config.box_predictor,
            "model.ssd.box_predictor",
            Sizes(
                depths=features.neck.depths,
                anchors_per_cell=anchors.anchors_per_cell,
                code_size=box_coder.code_size,
                class_slots=config.num_classes + int(config.add_background_class),
            ),
            freeze_batch_norm=config.freeze_batchnorm,
            slim=ARCHITECTURES[config.feature_extractor.type].is_slim,
        ),
        anchors=anchors,
        loss=_loss(config, box_coder),
        postprocessor=SSDPostprocessor(
            box_coder,
            score_converter_from_config(config.post_processing, "model.ssd.post_processing"),
            nms_from_config(
                config.post_processing.batch_non_max_suppression,
                "model.ssd.post_processing.batch_non_max_suppression",
            ),
            first_class=1 if config.add_background_class or config.explicit_background_class else 0,
        ),
        predicts_raw_boxes=config.return_raw_detections_during_predict,
    )


def _loss(config: ssd_pb2.Ssd, box_coder: BoxCoder) -> SSDLoss:
    assigner = TargetAssigner(
        similarity_from_config(config.similarity_calculator, "model.ssd.similarity_calculator"),
        matcher_from_config(config.matcher, "model.ssd.matcher"),
        box_coder,
        background_column=config.add_background_class,
        background_as_zeros=config.encode_background_as_zeros,
        negative_class_weight=config.negative_class_weight,
    )
    return SSDLoss(
        assign_targets=assigner,
        classification=classification_loss_from_config(
            config.loss.classification_loss, "model.ssd.loss.classification_loss"
        ),
        localization=localization_loss_from_config(config.loss.localization_loss, "model.ssd.loss.localization_loss"),
        classification_weight=config.loss.classification_weight,
        localization_weight=config.loss.localization_weight,
        normalize_by_matches=config.normalize_loss_by_num_matches,
        normalize_by_code_size=config.normalize_loc_loss_by_codesize,
        miner=miner_from_config(config.loss, "model.ssd.loss"),
        sampler=sampler_from_config(config.loss, "model.ssd.loss"),
        implicit_weight=config.implicit_example_weight if config.use_confidences_as_targets else None,
    )


def _refuse_images(config: ssd_pb2.Ssd, resizer: ImageResizer, minimum_side: int) -> None:
    kind, where = config.image_resizer.WhichOneof("image_resizer_oneof") or "", "model.ssd.image_resizer"
    refuse(gray_input_faults(kind, resizer.grayscale, config.feature_extractor.type), where)
    sides = known_sides(kind, getattr(config.image_resizer, kind))
    refuse(input_size_faults(kind, sides, minimum_side), where)
    row = ARCHITECTURES[config.feature_extractor.type]
    if levels := row.levels_in(config.feature_extractor):
        doubled = levels[0], row.coarsest_doubled(levels)
        refuse(pyramid_fit_faults(kind, sides, config.feature_extractor.pad_to_multiple, doubled), "model.ssd")


def _refuse_unlike_anchors(config: ssd_pb2.Ssd, anchors: Anchors, feature_maps: int) -> None:
    counts, where = anchors.anchors_per_cell, "model.ssd.anchor_generator"
    refuse(feature_map_faults(feature_maps, len(counts)), where)
    if config.box_predictor.HasField("weight_shared_convolutional_box_predictor"):
        refuse(shared_predictor_faults(counts, config.anchor_generator.WhichOneof("anchor_generator_oneof")), where)
