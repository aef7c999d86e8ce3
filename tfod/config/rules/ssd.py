"""An SSD: parts that are missing, or that do not fit each other."""

from collections.abc import Iterator
from typing import Any

from tfod.config.architectures import ARCHITECTURES, Architecture
from tfod.config.diagnostics import Diagnostic, errors, warning
from tfod.config.faults.fault import Fault
from tfod.config.faults.image_size import known_sides, pyramid_fit_faults
from tfod.config.faults.losses import loss_choice_faults, mining_faults, sampler_faults
from tfod.config.faults.matching import (
    box_coder_choice_faults,
    matcher_choice_faults,
    matcher_threshold_faults,
    similarity_choice_faults,
)
from tfod.config.faults.model import (
    background_faults,
    bidirectional_pyramid_faults,
    box_code_size_faults,
    clip_range_faults,
    convolutional_predictor_faults,
    efficientnet_faults,
    explicit_padding_faults,
    inception_faults,
    num_layers_faults,
    predictor_choice_faults,
    pyramid_levels_faults,
    weight_shared_predictor_faults,
    width_faults,
)
from tfod.config.rules.anchors import check_anchors, pyramid_levels

__all__ = ["check"]

# How many numbers each box coder makes of a box.
_CODE_SIZES = {"faster_rcnn_box_coder": 4, "mean_stddev_box_coder": 4, "square_box_coder": 3}


def check(model: Any) -> Iterator[Diagnostic]:
    """Findings in `model.ssd`, which `model` is, that other architectures cannot have."""
    faults = background_faults(added=model.add_background_class, explicit=model.explicit_background_class)
    yield from errors("background", faults, "model.ssd")
    yield from _losses(model.loss)
    yield from _feature_maps(model.feature_extractor, "model.ssd.feature_extractor")
    yield from check_anchors(model)
    yield from _matching(model)
    yield from _predictor(model)
    yield from _alignment(model)


def _feature_maps(extractor: Any, where: str) -> Iterator[Diagnostic]:
    row = ARCHITECTURES.get(extractor.type)
    yield from errors("feature-extractor", width_faults(extractor.depth_multiplier, extractor.min_depth), where)
    if row is not None and not row.pyramid:
        yield from errors("feature-extractor", _faults_of_plain_maps(extractor, row), where)
    elif row is not None and row.levels_field == "fpn":
        faults = pyramid_levels_faults(extractor.fpn.min_level, extractor.fpn.max_level)
        yield from errors("feature-extractor", faults, f"{where}.fpn")
    elif row is not None and row.network == "efficientnet":
        faults = efficientnet_faults(
            depth_multiplier=extractor.depth_multiplier,
            use_depthwise=extractor.use_depthwise,
            use_explicit_padding=extractor.use_explicit_padding,
        )
        yield from errors("feature-extractor", faults, where)
        if extractor.HasField("bifpn"):
            faults = bidirectional_pyramid_faults(
                min_level=extractor.bifpn.min_level,
                max_level=extractor.bifpn.max_level,
                num_iterations=extractor.bifpn.num_iterations,
                combine_method=extractor.bifpn.combine_method,
            )
            yield from errors("feature-extractor", faults, f"{where}.bifpn")


def _faults_of_plain_maps(extractor: Any, row: Architecture) -> Iterator[Fault]:
    if not row.feature_maps:
        yield from num_layers_faults(extractor.num_layers)
    if row.network in ("inception_v2", "inception_v3"):
        yield from inception_faults(row.name, overrides=extractor.override_base_feature_extractor_hyperparams)
    if row.network in ("mobilenet_v3", "mobiledet"):
        yield from explicit_padding_faults(row.name, use_explicit_padding=extractor.use_explicit_padding)


def _losses(loss: Any) -> Iterator[Diagnostic]:
    where = "model.ssd.loss"
    classification = loss.classification_loss.WhichOneof("classification_loss")
    localization = loss.localization_loss.WhichOneof("localization_loss")
    yield from errors("loss", loss_choice_faults("localization", localization), f"{where}.localization_loss")
    yield from errors("loss", loss_choice_faults("classification", classification), f"{where}.classification_loss")
    if loss.HasField("hard_example_miner"):
        yield from errors("loss", mining_faults(classification), where)
    if loss.HasField("random_example_sampler"):
        sampler = loss.random_example_sampler
        faults = sampler_faults(sampler.positive_sample_fraction)
        yield from errors("loss", faults, f"{where}.random_example_sampler")


def _matching(model: Any) -> Iterator[Diagnostic]:
    coder = model.box_coder.WhichOneof("box_coder_oneof")
    yield from errors("box-coder", box_coder_choice_faults(coder), "model.ssd.box_coder")
    matcher = model.matcher.WhichOneof("matcher_oneof")
    yield from errors("matcher", matcher_choice_faults(matcher), "model.ssd.matcher")
    similarity = model.similarity_calculator.WhichOneof("region_similarity")
    yield from errors("similarity", similarity_choice_faults(similarity), "model.ssd.similarity_calculator")
    own = model.matcher.argmax_matcher
    if matcher == "argmax_matcher" and not own.ignore_thresholds:
        faults = matcher_threshold_faults(matched=own.matched_threshold, unmatched=own.unmatched_threshold)
        yield from errors("matcher", faults, "model.ssd.matcher.argmax_matcher")


def _predictor(model: Any) -> Iterator[Diagnostic]:
    predictor = model.box_predictor
    kind = predictor.WhichOneof("box_predictor_oneof")
    where = "model.ssd.box_predictor"
    if kind is None:
        yield from errors("box-predictor", predictor_choice_faults(kind), where)
        return
    own = getattr(predictor, kind)
    if "box_encodings_clip_range" in own.DESCRIPTOR.fields_by_name and own.HasField("box_encodings_clip_range"):
        faults = clip_range_faults(own.box_encodings_clip_range)
        yield from errors("box-predictor", faults, f"{where}.{kind}.box_encodings_clip_range")
    code_size = _CODE_SIZES.get(model.box_coder.WhichOneof("box_coder_oneof"))
    if code_size is not None:
        faults = box_code_size_faults(getattr(predictor, kind).box_code_size, code_size)
        yield from errors("box-predictor", faults, f"{where}.{kind}")
    if kind == "convolutional_box_predictor":
        own = predictor.convolutional_box_predictor
        faults = convolutional_predictor_faults(
            min_depth=own.min_depth,
            max_depth=own.max_depth,
            use_depthwise=own.use_depthwise,
            kernel_size=own.kernel_size,
        )
        yield from errors("box-predictor", faults, f"{where}.{kind}")
    elif kind == "weight_shared_convolutional_box_predictor":
        shared, where = predictor.weight_shared_convolutional_box_predictor, f"{where}.{kind}"
        faults = weight_shared_predictor_faults(
            depth=shared.depth,
            num_layers=shared.num_layers_before_predictor,
            use_depthwise=shared.use_depthwise,
            kernel_size=shared.kernel_size,
        )
        yield from errors("box-predictor", faults, where)
        if shared.conv_hyperparams.HasField("sync_batch_norm"):
            yield warning(
                "box-predictor",
                "with sync_batch_norm a weight-shared predictor has no batch norm at all, as in the original",
                f"{where}.conv_hyperparams.sync_batch_norm",
                "rename sync_batch_norm to batch_norm",
            )


def _alignment(model: Any) -> Iterator[Diagnostic]:
    levels, resizer = pyramid_levels(model.feature_extractor), model.image_resizer
    if levels is None:
        return
    kind = resizer.WhichOneof("image_resizer_oneof")
    sides = known_sides(kind, getattr(resizer, kind)) if kind else {}
    last = ARCHITECTURES[model.feature_extractor.type].coarsest_doubled(levels)
    faults = pyramid_fit_faults(kind, sides, model.feature_extractor.pad_to_multiple, (levels[0], last))
    yield from errors("pyramid", faults, "model.ssd")
