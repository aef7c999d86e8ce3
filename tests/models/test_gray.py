"""Models of grey images: MobileNets take one channel, as in the original; networks that want three are refused."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.models.configs import small_ssd
from tfod import names
from tfod.config.check import check_file, check_pipeline
from tfod.config.pipeline import ModelConfig, PipelineConfig, write_pipeline_config
from tfod.errors import ConfigError
from tfod.export.from_config import export_model, export_tflite_graph
from tfod.models.build import build_model
from tfod.training.from_config import evaluate_checkpoints, train

SWITCH = "model.ssd.image_resizer.fixed_shape_resizer.convert_to_grayscale"


def _config(step: str = "", extractor: str = "", resizer: str = "") -> PipelineConfig:
    from google.protobuf import text_format

    config = PipelineConfig()
    config.model.CopyFrom(small_ssd())
    if extractor:
        config.model.ssd.feature_extractor.type = extractor
        shape = config.model.ssd.image_resizer.fixed_shape_resizer
        shape.height = shape.width = 256
    if resizer:
        config.model.ssd.ClearField("image_resizer")
        text_format.Parse(resizer, config.model.ssd.image_resizer)
    if step:
        text_format.Merge(f"data_augmentation_options {{ {step} }}", config.train_config)
    return config


def _augmentation_errors(config: PipelineConfig) -> list[tuple[str, str]]:
    rules = ("augmentation", "image-resizer")
    findings = [one for one in check_pipeline(config, for_training=True) if one.severity == "error"]
    return [(one.where, one.cure) for one in findings if one.rule in rules]


def test_a_mobilenet_of_grey_images_looks_learns_and_is_exported(tmp_path: Path) -> None:
    config = _config()
    config.model.ssd.image_resizer.fixed_shape_resizer.convert_to_grayscale = True
    assert _augmentation_errors(config) == []
    model = build_model(config.model)
    assert model.backbone.stem.layers[0].kernel.shape[:3] == (3, 3, 1)

    images = np.random.default_rng(1).integers(0, 255, (1, 50, 70, 3), np.uint8)
    inputs, shapes = model.preprocess(tf.constant(images))
    assert inputs.shape == (1, 64, 64, 1)
    assert shapes.numpy().tolist() == [[64, 64, 1]]
    assert model.preprocess.denormalize(inputs).shape == (1, 64, 64, 3), "it is drawn with three equal channels"
    found = model.detect(tf.constant(images))

    tf.train.Checkpoint(model=model.checkpoint_layout().full).save(str(tmp_path / "ckpt"))
    unsaid = _config("rgb_to_gray { }")  # as somebody has it who trains without the check
    export_model(unsaid, tmp_path, tmp_path / "exported")
    assert not unsaid.model.ssd.image_resizer.fixed_shape_resizer.convert_to_grayscale
    loaded = tf.saved_model.load(str(tmp_path / "exported" / "saved_model"))
    exported = loaded(tf.constant(images))
    for name in (names.DETECTION_BOXES, names.DETECTION_SCORES):
        np.testing.assert_allclose(exported[name], found[name], rtol=1e-3, atol=1e-4, err_msg=name)


def test_a_resnet_of_grey_images_is_refused_by_check_and_model() -> None:
    config = _config(extractor="ssd_resnet50_v1_fpn_keras")
    config.model.ssd.image_resizer.fixed_shape_resizer.convert_to_grayscale = True
    assert [where for where, _ in _augmentation_errors(config)] == [SWITCH]
    config.model.ssd.anchor_generator.multiscale_anchor_generator.max_level = 7
    with pytest.raises(ConfigError) as caught:
        build_model(config.model)
    assert caught.value.where == SWITCH
    assert f"--set {SWITCH}=false" in caught.value.cure


def test_a_step_that_leaves_one_channel_makes_the_model_one_of_grey_images(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.config"
    write_pipeline_config(_config("rgb_to_gray { }"), path)
    config, findings = check_file(path, for_training=True)
    assert config.model.ssd.image_resizer.fixed_shape_resizer.convert_to_grayscale
    assert [(one.severity, one.where.rpartition(", ")[2]) for one in findings if one.rule == "gray"] == [
        ("note", SWITCH)
    ]
    assert _augmentation_errors(config) == []


def test_training_from_python_without_the_check_makes_the_same_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BuiltError(Exception):
        """Carries the message that a model is to be built of."""

    def build(message: ModelConfig) -> None:
        raise BuiltError(message)

    for room in ("training", "export"):
        monkeypatch.setattr(f"tfod.{room}.from_config.build_model", build)
    for start in (
        lambda config: train(config, tmp_path),
        lambda config: evaluate_checkpoints(config, tmp_path, tmp_path, timeout=0),
        lambda config: export_model(config, tmp_path, tmp_path / "export"),
        lambda config: export_tflite_graph(config, tmp_path, tmp_path / "export", max_detections=10, by_class=False),
    ):
        with pytest.raises(BuiltError) as caught:
            start(_config("rgb_to_gray { }"))
        assert caught.value.args[0].ssd.image_resizer.fixed_shape_resizer.convert_to_grayscale


@pytest.mark.parametrize(
    ("settings", "cure"),
    [
        ({}, f"--set {SWITCH}=true"),
        ({"extractor": "ssd_resnet50_v1_fpn_keras"}, "random_rgb_to_gray { probability: 1 }"),
        ({"resizer": "identity_resizer { }"}, "random_rgb_to_gray { probability: 1 }"),
    ],
)
def test_a_model_of_three_channels_refuses_the_step(settings: dict[str, str], cure: str) -> None:
    ((where, told),) = _augmentation_errors(_config("rgb_to_gray { }", **settings))
    assert where == "train_config.data_augmentation_options[0].rgb_to_gray"
    assert cure in told
