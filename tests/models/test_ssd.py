from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tests.models.configs import small_ssd
from tests.models.detections import assert_same_detections
from tests.models.learning import LABELS, learn
from tfod import names
from tfod.checkpoints.keys import variable_keys
from tfod.errors import ConfigError
from tfod.models.build import build_model
from tfod.protos import model_pb2


def images(count: int = 2, height: int = 80, width: int = 60) -> tf.Tensor:
    pixels = np.random.default_rng(count).integers(0, 256, [count, height, width, 3])
    return tf.constant(pixels.astype(np.float32))


def set_field(message: Any, path: str, value: object) -> None:
    *parents, field = path.split(".")
    for parent in parents:
        message = getattr(message, parent)
    setattr(message, field, value)


def shaken(config: model_pb2.DetectionModel) -> Any:
    """A model whose normalisation has statistics unlike the initial ones."""
    model = build_model(config)
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if variable.shape.rank == 1:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


@pytest.fixture(scope="module")
def model() -> Any:
    return shaken(small_ssd())


def detect(model: Any, pixels: tf.Tensor) -> dict[str, tf.Tensor]:
    inputs, shapes = model.preprocess(pixels)
    return model.postprocess(model.predict(inputs, shapes, training=False), shapes)


def test_shapes(model: Any) -> None:
    inputs, shapes = model.preprocess(images())
    prediction = model.predict(inputs, shapes, training=False)
    anchors = (8 * 8 + 4 * 4 + 2 * 2 + 1) * 2
    assert inputs.shape == (2, 64, 64, 3)
    assert shapes.numpy().tolist() == [[64, 64, 3]] * 2
    assert prediction[names.BOX_ENCODINGS].shape == (2, anchors, 4)
    assert prediction[names.CLASS_PREDICTIONS].shape == (2, anchors, 4)  # three classes and the background
    assert prediction[names.ANCHORS].shape == (anchors, 4)


def test_inputs_lie_between_minus_one_and_one_and_go_back(model: Any) -> None:
    inputs, _ = model.preprocess(images(height=64, width=64))
    np.testing.assert_allclose(model.preprocess.denormalize(inputs), images(height=64, width=64), atol=1e-3)
    assert float(tf.reduce_max(tf.abs(inputs))) <= 1


def test_padding_is_zero_after_normalisation() -> None:
    config = small_ssd()
    resizer = config.ssd.image_resizer.keep_aspect_ratio_resizer
    resizer.min_dimension = resizer.max_dimension = 64
    resizer.pad_to_max_dimension = True
    inputs, shapes = build_model(config).preprocess(images(height=100, width=50))
    assert shapes.numpy().tolist() == [[64, 32, 3]] * 2
    assert not inputs[:, :, 32:].numpy().any()
    assert inputs[:, :, :32].numpy().any()


def test_a_batch_gives_what_its_images_give(model: Any) -> None:
    together = detect(model, images())
    for number in range(2):
        alone = detect(model, images()[number : number + 1])
        assert_same_detections({name: value[number:][:1] for name, value in together.items()}, alone)


def test_two_images_are_learnt() -> None:
    keras.utils.set_random_seed(1)
    losses = learn(build_model(small_ssd()), images(), 61, 3e-3)
    assert losses[-1] < 0.25 * losses[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_classes", 3),  # as it is
        ("add_background_class", False),
        ("feature_extractor.use_depthwise", False),
        ("feature_extractor.override_base_feature_extractor_hyperparams", False),
        ("box_predictor.weight_shared_convolutional_box_predictor.share_prediction_tower", False),
        ("box_predictor.weight_shared_convolutional_box_predictor.use_depthwise", False),
    ],
)
def test_every_trainable_variable_has_a_gradient_which_says_how_the_loss_changes(field: str, value: object) -> None:
    keras.utils.set_random_seed(1)
    config = small_ssd()
    set_field(config.ssd, field, value)
    model = shaken(config)
    inputs, shapes = model.preprocess(images())

    def loss() -> tf.Tensor:
        # Of new weights, with the statistics of the batch, the loss is too rough for finite steps.
        losses, _ = model.losses(inputs, shapes, LABELS, training=False, regularize=False)
        return losses[names.TOTAL_LOSS]

    trainable = {key: variable for key, variable in variable_keys(model=model).items() if variable.trainable}
    with tf.GradientTape() as tape:
        before = loss()
    gradients = tape.gradient(before, list(trainable.values()))
    assert [key for key, gradient in zip(trainable, gradients, strict=True) if gradient is None] == []
    norm, step = float(tf.linalg.global_norm(gradients)), 0.003
    for variable, gradient in zip(trainable.values(), gradients, strict=True):
        variable.assign_sub(step * gradient / norm)
    assert float(before - loss()) == pytest.approx(step * norm, rel=0.05)


def test_frozen_normalisation_keeps_its_statistics() -> None:
    config = small_ssd()
    config.ssd.freeze_batchnorm = True
    model = build_model(config)
    inputs, shapes = model.preprocess(images())
    before = [variable.numpy() for variable in model.variables]
    trained = model.predict(inputs, shapes, training=True)[names.BOX_ENCODINGS]
    np.testing.assert_array_equal(trained, model.predict(inputs, shapes, training=False)[names.BOX_ENCODINGS])
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_regularisation_is_half_the_squares_of_the_regularised_kernels(model: Any) -> None:
    # Of separable convolutions only the depthwise part, and nothing of separable heads (as the original).
    kernels = [
        variable
        for key, variable in variable_keys(model=model).items()
        if (key.endswith(("/kernel", "/depthwise_kernel")) and "_head" not in key.replace("_for_heads", ""))
        or ("_head_scope_conv_layers" in key and key.endswith("/depthwise_kernel"))
    ]  # fmt: skip
    expected = sum(4e-5 * 0.5 * float(tf.reduce_sum(kernel**2)) for kernel in kernels)
    assert float(model.regularization_loss()) == pytest.approx(expected, rel=1e-4)


def test_class_bias_starts_as_configured() -> None:
    keys = variable_keys(model=build_model(small_ssd()))
    key = "model/_box_predictor/_prediction_heads/class_predictions_with_background/_class_predictor_layers/0/bias"
    assert set(keys[key].numpy().tolist()) == {-2.0}


def test_checkpoint_keys_are_those_that_tensorflow_writes(model: Any, tmp_path: Any) -> None:
    tf.train.Checkpoint(model=model.checkpoint_layout().full).write(str(tmp_path / "ckpt"))
    listed = tf.train.list_variables(str(tmp_path / "ckpt"))
    written = {name.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE") for name, _ in listed}
    assert written - {"_CHECKPOINTABLE_OBJECT_GRAPH"} == variable_keys(model=model).keys()


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("feature_extractor.type", "ssd_resnet51", "ssd_resnet51 is not available"),
        ("feature_extractor.fpn.max_level", 2, "from level 3 to 2"),
        ("loss.expected_loss_weights", 1, "not available here: weights of the expected loss"),
        ("explicit_background_class", True, "the background cannot be a class of its own and a column"),
        ("box_predictor.weight_shared_convolutional_box_predictor.box_code_size", 3, "makes 4 numbers of a box"),
        ("box_predictor.weight_shared_convolutional_box_predictor.kernel_size", 1, "1 x 1 does nothing"),
    ],
)
def test_what_is_missing_is_an_error_that_says_so(path: str, value: object, what: str) -> None:
    config = small_ssd()
    set_field(config.ssd, path, value)
    with pytest.raises(ConfigError, match=what):
        build_model(config)


def test_another_architecture_is_an_error() -> None:
    with pytest.raises(ConfigError, match="not available here: CenterNet"):
        build_model(model_pb2.DetectionModel(center_net={}))
