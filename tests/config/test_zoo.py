"""The zoo's models: each by every name that people use, and the model part of the SSD configs as the zoo has it."""

import re
from pathlib import Path

import pytest

from tfod.config.pipeline import read_pipeline_config
from tfod.config.zoo import ALL_MODELS, find_model, nearest_names, search_models
from tfod.config.zoo_models import MODELS, ZooModel
from tfod.config.zoo_models_tf1 import TF1_MODELS
from tfod.config.zoo_ssd import published_model, ssd_model
from tfod.errors import ConfigError

SSD = [model for model in MODELS if model.feature_extractor.startswith("ssd_")]
REST = [model for model in MODELS if model not in SSD]


def test_every_name_means_one_model() -> None:
    names = [name for model in ALL_MODELS for name in model.names]
    assert len(names) == len(set(names))
    for model in ALL_MODELS:
        assert re.fullmatch(r"20\d{6}/[\w-]+" if model.era == "tf2" else r"(tf1/)?[\w.]+", model.archive)
        for name in (*model.names, model.name.upper(), f"{model.name}.tar.gz", f" {model.short_name}.config "):
            assert find_model(name) is model


@pytest.mark.parametrize(
    ("name", "archive"),
    [
        ("ssd_mobilenet_v2_fpnlite_320x320", "20200711/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"),
        ("ssd_efficientdet_d0_512x512_coco17_tpu-8", "20200711/efficientdet_d0_coco17_tpu-32"),
        ("ssd_efficientdet_d0_512x512", "20200711/efficientdet_d0_coco17_tpu-32"),
        ("efficientdet_d0", "20200711/efficientdet_d0_coco17_tpu-32"),
        ("centernet_hourglass104_512x512", "20200713/centernet_hg104_512x512_coco17_tpu-8"),
        ("centernet_mobilenetv2fpn_512x512_kpts", "20210210/centernet_mobilenetv2fpn_512x512_coco17_kpts"),
        ("faster_rcnn_resnet50_v1_800x1333", "20200711/faster_rcnn_resnet50_v1_800x1333_coco17_gpu-8"),
        ("ssd_mobilenet_v1_coco", "ssd_mobilenet_v1_coco_2018_01_28"),
        ("ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync",
         "ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync_2018_07_03"),
        ("faster_rcnn_nas_coco.config", "faster_rcnn_nas_coco_2018_01_28"),
        ("spaghettinet_edgetpu_s_2021_10_13.tar.gz", "tf1/spaghettinet_edgetpu_s_2021_10_13"),
    ],
)  # fmt: skip
def test_names_long_and_short(name: str, archive: str) -> None:
    assert find_model(name).archive == archive


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("ssd_mobilenet_v2_fpnlite_320", "did you mean ssd_mobilenet_v2_fpnlite_320x320?"),
        ("ssd_mobilnet_v1_fpn_640x640", "did you mean ssd_mobilenet_v1_fpn_640x640 or"),
        ("efficientdet-d3", "did you mean efficientdet_d3 or"),
        ("yolo", "tfod zoo list shows all names"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_nearest(name: str, cure: str) -> None:
    with pytest.raises(ConfigError, match=f"the zoo has no model '{name}'") as caught:
        find_model(name)
    assert caught.value.cure.startswith(cure)
    assert len(nearest_names(name)) <= 3


def test_search() -> None:
    assert search_models([]) == ALL_MODELS
    assert [model.short_name for model in search_models(["FPNlite"])] == [
        "ssd_mobilenet_v2_fpnlite_320x320",
        "ssd_mobilenet_v2_fpnlite_640x640",
    ]
    assert [model.short_name for model in search_models(["resnet50", "1024", "ssd"])] == [
        "ssd_resnet50_v1_fpn_1024x1024"
    ]
    assert search_models(["hourglass104_512x512_coco17"]) == (find_model("centernet_hg104_512x512"),)


@pytest.mark.parametrize("model", SSD, ids=lambda model: model.short_name)
def test_the_model_part_is_that_of_the_zoo(model: ZooModel, shared: Path) -> None:
    path = shared / "zoo_configs" / f"{model.config_name or model.name}.config"
    expected = read_pipeline_config(path).model

    assert ssd_model(model, num_classes=90) == expected
    expected.ssd.num_classes = 7
    assert ssd_model(model, num_classes=7) == expected


@pytest.mark.parametrize(
    "model",
    [model for model in MODELS if model.name.startswith(("faster_rcnn_resnet", "mask_rcnn"))],
    ids=lambda model: model.short_name,
)
def test_the_model_part_of_two_stages_is_that_of_the_zoo(model: ZooModel, shared: Path) -> None:
    expected = read_pipeline_config(shared / "zoo_configs" / f"{model.config_name or model.name}.config").model
    assert published_model(model, num_classes=90) == expected


def test_the_model_part_of_tensorflow_1_is_that_of_its_zoo(shared: Path) -> None:
    compared = 0
    for model in TF1_MODELS:
        path = shared / "zoo_configs_tf1" / f"{re.sub(r'_20.*', '', model.name)}.config"
        if not model.trainable or not path.exists():
            continue
        expected = read_pipeline_config(path).model
        try:
            ours = ssd_model(model, num_classes=expected.ssd.num_classes)
        except ConfigError as error:
            assert error.cure == f"tfod zoo download {model.short_name}, which brings its config"
        else:
            assert ours == expected, model.short_name
            compared += 1
    assert compared == 11


@pytest.mark.parametrize("model", REST, ids=lambda model: model.short_name)
def test_of_other_architectures_only_the_archive_knows(model: ZooModel) -> None:
    with pytest.raises(ConfigError, match="only the zoo's archive holds the config") as caught:
        ssd_model(model, num_classes=90)
    assert caught.value.cure == f"tfod zoo download {model.short_name}, which brings its config"


def test_input_sizes_are_those_of_the_configs(shared: Path) -> None:
    compared = 0
    for model in ALL_MODELS:
        folder = shared / ("zoo_configs" if model.era == "tf2" else "zoo_configs_tf1")
        path = next((path for name in model.names if (path := folder / f"{name}.config").exists()), None)
        if path is None:
            continue
        message = read_pipeline_config(path).model
        detector = getattr(message, str(message.WhichOneof("model")))
        fixed, padded = detector.image_resizer.fixed_shape_resizer, detector.image_resizer.keep_aspect_ratio_resizer
        kept = detector.image_resizer.HasField("keep_aspect_ratio_resizer")
        sides = (padded.min_dimension, padded.max_dimension) if kept else (fixed.height, fixed.width)
        assert (model.input_size.least, model.input_size.most) == sides
        assert model.input_size.padded == (kept and padded.pad_to_max_dimension)
        assert detector.feature_extractor.type == model.feature_extractor
        compared += 1
    assert compared == 66
