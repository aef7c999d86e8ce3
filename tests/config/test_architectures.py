"""The one table of architectures: complete, and in step with the model builder, the zoo and the docs."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tfod.config.architectures import ARCHITECTURES, Architecture
from tfod.config.check import check_pipeline
from tfod.config.zoo_models import MODELS
from tfod.protos import ssd_pb2
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig

ROOT = Path(__file__).resolve().parents[2]
ROWS = list(ARCHITECTURES.values())
BUILDABLE = [row.name for row in ROWS if row.buildable]


def test_every_type_of_the_original_has_a_row() -> None:
    """Its three registries for TensorFlow 2 have so many types; of TensorFlow 1's there are those that can be built."""
    of_tf2 = Counter(row.family for row in ROWS if row.era == "tf2")
    own = "faster_rcnn_mobilenet_v1_035_keras"
    assert of_tf2 - Counter([ARCHITECTURES[own].family]) == {"ssd": 15, "faster_rcnn": 7, "center_net": 14}
    assert all(row.buildable for row in ROWS if row.era == "tf1")
    assert {row.era for row in ROWS if row.name.endswith("_keras")} == {"tf2"}


def test_what_the_table_calls_buildable_is_what_the_model_builder_has() -> None:
    from tfod.models.faster_rcnn.features_from_config import FASTER_RCNN_EXTRACTORS
    from tfod.models.ssd.features_from_config import FEATURE_EXTRACTORS

    assert set(BUILDABLE) == {*FASTER_RCNN_EXTRACTORS, *FEATURE_EXTRACTORS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_agrees_with_itself(row: Architecture) -> None:
    assert row.backbone.startswith(re.sub(r"_v\d$", "", row.network))
    assert row.levels_field in ("", row.pyramid)
    assert row.levels is None or row.pyramid
    assert row.cost is not None or not row.buildable, "what can be trained has a cost"
    if row.family == "ssd":
        assert (row.levels is not None) == bool(row.pyramid)
        assert set(row.unread) <= {field.name for field in ssd_pb2.SsdFeatureExtractor.DESCRIPTOR.fields}


def test_levels_of_the_config_count_where_the_network_reads_them() -> None:
    extractor = ssd_pb2.SsdFeatureExtractor()
    extractor.fpn.max_level = 6
    levels = {row.name: row.levels_in(extractor) for row in ROWS}
    assert levels["ssd_mobilenet_v2_fpn_keras"] == levels["ssd_resnet50_v1_fpn"] == (3, 6)
    assert levels["ssd_resnet50_v1_fpn_keras"] == (3, 7)
    assert levels["ssd_mobilenet_v1_keras"] is None


def test_every_model_of_the_zoo_has_a_row() -> None:
    assert {model.feature_extractor for model in MODELS} <= set(ARCHITECTURES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_check_knows_every_type_and_names_those_that_are_missing(row: Architecture) -> None:
    config = TrainEvalPipelineConfig()
    extractor = getattr(config.model, row.family).feature_extractor
    extractor.type = row.name
    if row.network.startswith("inception_v"):
        extractor.override_base_feature_extractor_hyperparams = True  # which they need
    rules = {finding.rule for finding in check_pipeline(config, for_training=False) if finding.severity == "error"}
    assert bool(rules & {"feature-extractor", "missing-feature"}) == (not row.buildable)


def test_the_docs_name_every_type_that_can_be_built() -> None:
    text = (ROOT / "docs/config.md").read_text("utf-8")
    assert [name for name in BUILDABLE if f"`{name}`" not in text] == []
