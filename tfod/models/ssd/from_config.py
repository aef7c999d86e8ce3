"""An SSD from the message that describes it."""

from functools import partial

import tensorflow as tf

from tfod.augment.resize import ImageResizer
from tfod.boxes.anchors import anchors_from_config
from tfod.boxes.coders import box_coder_from_config
from tfod.boxes.matching import matcher_from_config
from tfod.boxes.nms import nms_from_config
from tfod.boxes.targets import TargetAssigner
from tfod.errors import ConfigError
from tfod.losses.from_config import classification_loss_from_config, localization_loss_from_config
from tfod.models.heads.weight_shared import WeightSharedPredictor, WeightSharedSettings
from tfod.models.hyperparameters import ConvHyperparameters
from tfod.models.ssd.detector import SSD, ScoreConverter
from tfod.models.ssd.feature_extractors import MobileNetV2Fpn, feature_extractor_from_config
from tfod.models.ssd.loss import SSDLoss
from tfod.protos import box_predictor_pb2, post_processing_pb2, ssd_pb2

__all__ = ["ssd_from_config"]


def ssd_from_config(config: ssd_pb2.Ssd) -> SSD:
    """The model that `model.ssd` describes. Raises ConfigError for what is not available."""
    _refuse_missing_features(config)
    anchors = anchors_from_config(config.anchor_generator)
    box_coder = box_coder_from_config(config.box_coder)
    feature_extractor = feature_extractor_from_config(
        config.feature_extractor, freeze_batch_norm=config.freeze_batchnorm
    )
    class_slots = config.num_classes + int(config.add_background_class)
    return SSD(
        num_classes=config.num_classes,
        resizer=ImageResizer.from_config(config.image_resizer),
        feature_extractor=feature_extractor,
        box_predictor=_box_predictor(
            config.box_predictor,
            feature_extractor,
            anchors_per_cell=anchors.anchors_per_cell,
            class_slots=class_slots,
            freeze_batch_norm=config.freeze_batchnorm,
        ),
        anchors=anchors,
        box_coder=box_coder,
        loss=_loss(
            config,
            TargetAssigner(
                matcher_from_config(config.matcher),
                box_coder,
                background_column=config.add_background_class,
                background_as_zeros=config.encode_background_as_zeros,
                negative_class_weight=config.negative_class_weight,
            ),
        ),
        score_converter=_score_converter(config.post_processing),
        nms=nms_from_config(config.post_processing.batch_non_max_suppression),
        background_column=config.add_background_class,
    )


def _box_predictor(
    config: box_predictor_pb2.BoxPredictor,
    feature_extractor: MobileNetV2Fpn,
    *,
    anchors_per_cell: int,
    class_slots: int,
    freeze_batch_norm: bool,
) -> WeightSharedPredictor:
    kind = config.WhichOneof("box_predictor_oneof")
    if kind != "weight_shared_convolutional_box_predictor":
        raise ConfigError(
            f"the box predictor {kind or '(none)'} is not available",
            "model.ssd.box_predictor",
            "use weight_shared_convolutional_box_predictor",
        )
    message = config.weight_shared_convolutional_box_predictor
    return WeightSharedPredictor(
        ConvHyperparameters.from_config(message.conv_hyperparams, freeze_batch_norm=freeze_batch_norm),
        WeightSharedSettings.from_config(message),
        num_levels=len(feature_extractor.levels),
        anchors_per_cell=anchors_per_cell,
        class_slots=class_slots,
    )


def _loss(config: ssd_pb2.Ssd, assigner: TargetAssigner) -> SSDLoss:
    return SSDLoss(
        assign_targets=assigner,
        classification=classification_loss_from_config(config.loss.classification_loss),
        localization=localization_loss_from_config(config.loss.localization_loss),
        classification_weight=config.loss.classification_weight,
        localization_weight=config.loss.localization_weight,
        normalize_by_matches=config.normalize_loss_by_num_matches,
        normalize_by_code_size=config.normalize_loc_loss_by_codesize,
    )


def _convert(activation: ScoreConverter, logit_scale: float, logits: tf.Tensor) -> tf.Tensor:
    return activation(logits if logit_scale == 1.0 else logits / logit_scale)


def _score_converter(config: post_processing_pb2.PostProcessing) -> ScoreConverter:
    activations = {
        post_processing_pb2.PostProcessing.IDENTITY: tf.identity,
        post_processing_pb2.PostProcessing.SIGMOID: tf.sigmoid,
        post_processing_pb2.PostProcessing.SOFTMAX: tf.nn.softmax,
    }
    return partial(_convert, activations[config.score_converter], config.logit_scale)


def _refuse_missing_features(config: ssd_pb2.Ssd) -> None:
    similarity = config.similarity_calculator.WhichOneof("region_similarity")
    absent = {
        "loss.hard_example_miner": config.loss.HasField("hard_example_miner"),
        "loss.random_example_sampler": config.loss.HasField("random_example_sampler"),
        "loss.equalization_loss": config.loss.equalization_loss.weight > 0,
        "loss.expected_loss_weights": config.loss.expected_loss_weights != 0,
        "post_processing.calibration_config": config.post_processing.HasField("calibration_config"),
        "explicit_background_class": config.explicit_background_class,
        "use_confidences_as_targets": config.use_confidences_as_targets,
        f"similarity_calculator.{similarity}": similarity not in (None, "iou_similarity"),
    }
    for field, is_asked_for in absent.items():
        if is_asked_for:
            raise ConfigError(f"{field} is not available", f"model.ssd.{field}", "leave it out")
