"""A config without errors can be built: for every number of the schema the check and the part agree.

Each field of each part is set to numbers at its edges and beyond. Either both refuse, with the same words at the same
place, or both accept; and what is accepted also runs.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import tensorflow as tf

from tests.config.doors import agree, alternatives, at, changed, variants
from tfod.boxes.from_config import (
    anchors_from_config,
    box_coder_from_config,
    matcher_from_config,
    nms_from_config,
    similarity_from_config,
)
from tfod.config.check import check_pipeline
from tfod.config.faults.anchors import ANCHORS_OF_SEVERAL_MAPS
from tfod.config.faults.fault import refuse
from tfod.config.faults.image_size import input_size_faults, known_sides
from tfod.config.faults.model import smallest_side
from tfod.config.faults.numbers import number_faults
from tfod.config.pipeline import PipelineConfig
from tfod.errors import ConfigError
from tfod.losses.from_config import (
    classification_loss_from_config,
    localization_loss_from_config,
    miner_from_config,
    sampler_from_config,
)
from tfod.models.from_config import (
    conv_hyperparameters_from_config,
    image_resizer_from_config,
    score_converter_from_config,
)
from tfod.models.ssd.features_from_config import features_from_config
from tfod.models.ssd.predictor_from_config import Sizes, box_predictor_from_config
from tfod.protos import (
    box_predictor_pb2,
    hyperparams_pb2,
    image_resizer_pb2,
    losses_pb2,
    ssd_pb2,
)

MOST_PIXELS = 200_000


def _resizer(config: PipelineConfig) -> Any:
    model, where = config.model.ssd, "model.ssd.image_resizer"
    resizer = image_resizer_from_config(model.image_resizer, where)
    kind = model.image_resizer.WhichOneof("image_resizer_oneof")
    sides = known_sides(kind, getattr(model.image_resizer, kind))
    refuse(input_size_faults(kind, sides, smallest_side(model.feature_extractor.type)), where)
    return resizer


@pytest.mark.parametrize("kind", alternatives(image_resizer_pb2.ImageResizer))
def test_a_resizer_with_each_number(base: PipelineConfig, kind: str) -> None:
    image = tf.zeros([6, 9, 3])
    for told, change in [("defaults", lambda one: None), *variants(getattr(image_resizer_pb2.ImageResizer(), kind))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            config.model.ssd.feature_extractor.type = "ssd_mobilenet_v2_keras"  # no pyramid that images have to fit
            resizer = getattr(config.model.ssd.image_resizer, kind)
            resizer.SetInParent()
            change(resizer)

        resizer = agree(changed(base, choose), "model.ssd.image_resizer", _resizer, f"{kind} {told}")
        if resizer is not None and "9000" not in told and _pixels(resizer) <= MOST_PIXELS:
            resized, _ = resizer(image)
            assert resized.shape[-1] == resizer.channels, f"{kind} {told}"


def _pixels(resizer: Any) -> int:
    height, width = resizer.output_shape
    return (height or 400) * (width or 400)


def _hyperparameters(config: PipelineConfig) -> Any:
    extractor = config.model.ssd.feature_extractor
    return conv_hyperparameters_from_config(extractor.conv_hyperparams, "model.ssd.feature_extractor.conv_hyperparams")


HYPERPARAMETERS = [
    *[f"initializer.{name}" for name in alternatives(hyperparams_pb2.Initializer) if name.endswith("initializer")],
    *[f"regularizer.{name}" for name in alternatives(hyperparams_pb2.Regularizer)],
    "batch_norm",
    "sync_batch_norm",
]


@pytest.mark.parametrize("path", HYPERPARAMETERS)
def test_hyperparameters_with_each_number(base: PipelineConfig, path: str) -> None:
    for told, change in [("defaults", lambda one: None), *variants(at(hyperparams_pb2.Hyperparams(), path))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            block = at(config.model.ssd.feature_extractor.conv_hyperparams, path)
            block.SetInParent()
            change(block)

        where = "model.ssd.feature_extractor.conv_hyperparams"
        made = agree(changed(base, choose), where, _hyperparameters, f"{path} {told}")
        if made is not None:
            kernel = made.make_initializer()([1, 1, 2, 2])
            assert bool(tf.reduce_all(tf.math.is_finite(kernel))), f"{path} {told}"


@pytest.mark.parametrize("name", ["glorot_uniform", "HeNormal", "zeros", "identity", "he_norml", "", "nonsense"])
def test_initializers_by_name(base: PipelineConfig, name: str) -> None:
    def choose(config: PipelineConfig) -> None:
        config.model.ssd.feature_extractor.conv_hyperparams.initializer.keras_initializer_by_name = name

    made = agree(changed(base, choose), "model.ssd.feature_extractor", _hyperparameters, name)
    if made is not None:
        made.make_initializer()([1, 1, 2, 2])


SIZES = Sizes(depths=(8,) * 5, anchors_per_cell=(6,) * 5, code_size=4, class_slots=3)


@pytest.mark.parametrize("kind", ["weight_shared_convolutional_box_predictor", "convolutional_box_predictor"])
def test_a_box_predictor_with_each_number(base: PipelineConfig, kind: str) -> None:
    where, clip = "model.ssd.box_predictor", "box_encodings_clip_range"

    def build(config: PipelineConfig) -> Any:
        return box_predictor_from_config(config.model.ssd.box_predictor, where, SIZES, freeze_batch_norm=False)

    def choose(config: PipelineConfig, change: Callable[[Any], Any]) -> None:
        predictor = getattr(config.model.ssd.box_predictor, kind)
        predictor.SetInParent()
        change(predictor)

    empty = getattr(box_predictor_pb2.BoxPredictor(), kind)
    clips = [
        (told, lambda one, change=change: change(getattr(one, clip))) for told, change in variants(getattr(empty, clip))
    ]
    for told, change in [("defaults", lambda one: None), *variants(empty), *clips]:
        agree(changed(base, partial(choose, change=change)), where, build, f"{kind} {told}")


@pytest.mark.parametrize("extractor", ["ssd_mobilenet_v2_fpn_keras", "ssd_mobilenet_v1_keras"])
def test_a_feature_extractor_with_each_number(base: PipelineConfig, extractor: str) -> None:
    where = "model.ssd.feature_extractor"

    def build(config: PipelineConfig) -> Any:
        model = config.model.ssd.feature_extractor
        refuse(number_faults(model), where)
        return features_from_config(model, where, freeze_batch_norm=False)

    def choose(config: PipelineConfig, change: Callable[[Any], Any]) -> None:
        config.model.ssd.feature_extractor.type = extractor
        change(config.model.ssd.feature_extractor)

    empty = ssd_pb2.SsdFeatureExtractor()
    levels = [(told, lambda one, change=change: change(one.fpn)) for told, change in variants(empty.fpn)]
    for told, change in [*variants(empty), *levels]:
        if told.startswith(("min_level=7", "max_level=7", "pad_to_multiple=7")):
            continue  # refused, if at all, together with images or anchors
        agree(changed(base, partial(choose, change=change)), where, build, f"{extractor} {told}")


ANCHORS = "model.ssd.anchor_generator"


@pytest.mark.parametrize("kind", ANCHORS_OF_SEVERAL_MAPS)
def test_anchors_with_each_number(base: PipelineConfig, kind: str) -> None:
    config = PipelineConfig()
    config.CopyFrom(base)
    grid = config.model.ssd.anchor_generator.flexible_grid_anchor_generator.anchor_grid
    empty = grid.add() if kind.startswith("flexible") else getattr(config.model.ssd.anchor_generator, kind)
    for told, change in [("defaults", lambda one: None), *variants(empty, repeat=(1,))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            generator = getattr(config.model.ssd.anchor_generator, kind)
            generator.SetInParent()
            if kind.startswith("flexible"):
                for _ in range(5):
                    generator.anchor_grid.add(base_sizes=[9.0], aspect_ratios=[1.0], height_stride=8, width_stride=8)
                generator = generator.anchor_grid[0]
            elif kind.startswith("ssd"):
                generator.num_layers, generator.reduce_boxes_in_lowest_layer = 5, False
            change(generator)

        _agree_on_anchors(changed(base, choose), f"{kind} {told}")


def _agree_on_anchors(config: PipelineConfig, told: str) -> None:
    """Where only anchors and feature maps do not fit each other, the check names a field and the model the anchors."""
    findings = [one for one in check_pipeline(config, for_training=True) if one.severity == "error"]
    mine = {(one.what, one.where) for one in findings if one.where.startswith(ANCHORS)}
    unlike = {what for what, _ in mine if "feature maps" in what}
    try:
        anchors = anchors_from_config(config.model.ssd.anchor_generator, ANCHORS, kinds=ANCHORS_OF_SEVERAL_MAPS)
    except ConfigError as error:
        assert (error.what, error.where) in mine, f"{told}: the part alone refuses it"
        return
    counts = anchors.anchors_per_cell
    if len(counts) != 5 or len(set(counts)) > 1:
        assert unlike, told
        return
    assert not mine, f"{told}: the check alone refuses it"
    made = anchors([(2, 2)] * 5, 64, 64)
    assert bool(tf.reduce_all(tf.math.is_finite(made))), told


PARTS: dict[str, Callable[[Any, str], Any]] = {
    "box_coder": box_coder_from_config,
    "matcher": matcher_from_config,
    "similarity_calculator": similarity_from_config,
    "loss.classification_loss": classification_loss_from_config,
    "loss.localization_loss": localization_loss_from_config,
}


def _alternatives_of_parts() -> list[tuple[str, str]]:
    return [(path, name) for path in PARTS for name in alternatives(at(PipelineConfig().model.ssd, path))]


@pytest.mark.parametrize(("path", "kind"), _alternatives_of_parts())
def test_a_part_with_each_number(base: PipelineConfig, path: str, kind: str) -> None:
    make, empty = PARTS[path], getattr(at(PipelineConfig().model.ssd, path), kind)
    where = f"model.ssd.{path}"
    for told, change in [("defaults", lambda one: None), *variants(empty)]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            part = getattr(at(config.model.ssd, path), kind)
            part.SetInParent()
            change(part)

        agree(changed(base, choose), where, lambda config: make(at(config.model.ssd, path), where), f"{kind} {told}")


@pytest.mark.parametrize("block", ["hard_example_miner", "random_example_sampler"])
def test_mining_and_sampling_with_each_number(base: PipelineConfig, block: str) -> None:
    make = miner_from_config if block == "hard_example_miner" else sampler_from_config
    for told, change in [("defaults", lambda one: None), *variants(getattr(losses_pb2.Loss(), block))]:

        def choose(config: PipelineConfig, change: Any = change) -> None:
            config.model.ssd.loss.classification_loss.weighted_sigmoid.SetInParent()
            inner = getattr(config.model.ssd.loss, block)
            inner.SetInParent()
            change(inner)

        agree(
            changed(base, choose), "model.ssd.loss", lambda config: make(config.model.ssd.loss, "model.ssd.loss"),
            f"{block} {told}",
        )  # fmt: skip


def test_suppression_with_each_number(base: PipelineConfig) -> None:
    path, where = "post_processing.batch_non_max_suppression", "model.ssd.post_processing.batch_non_max_suppression"
    for told, change in [("defaults", lambda one: None), *variants(at(base.model.ssd, path))]:
        if told.startswith("max_classes"):  # refused with the model
            continue
        config = changed(base, lambda config, change=change: change(at(config.model.ssd, path)))
        agree(config, where, lambda config: nms_from_config(at(config.model.ssd, path), where), told)


def test_scores_with_each_number(base: PipelineConfig) -> None:
    where = "model.ssd.post_processing"
    for told, change in variants(base.model.ssd.post_processing):
        config = changed(base, lambda config, change=change: change(config.model.ssd.post_processing))
        agree(config, where, lambda config: score_converter_from_config(config.model.ssd.post_processing, where), told)
