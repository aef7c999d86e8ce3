"""Weights are found in frozen graphs: as constants, and where batch normalisation was folded into convolutions."""

import numpy as np
import pytest
import tensorflow as tf

from tfod.checkpoints.frozen_graph import FrozenGraph
from tfod.checkpoints.graph_weights import FilledFromGraph, fill_from_graph
from tfod.errors import CheckpointError

SCOPE = "FeatureExtractor/MobilenetV1/Conv2d_0"
NORM = f"{SCOPE}/BatchNorm"
EPSILON = 0.001
KERNEL = np.random.default_rng(0).normal(size=(3, 3, 2, 4)).astype(np.float32)
DEPTHWISE = np.random.default_rng(1).normal(size=(3, 3, 4, 1)).astype(np.float32)
BIAS = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
LEAVES = {"gamma": 0.5 * BIAS, "beta": BIAS - 2, "moving_mean": BIAS / 3, "moving_variance": BIAS**2}
NAMES = {
    f"{SCOPE}/weights": KERNEL,
    **{f"{NORM}/{leaf}": value for leaf, value in LEAVES.items()},
    "BoxPredictor_0/Head_depthwise/depthwise_weights": DEPTHWISE,
    "BoxPredictor_0/Head_depthwise/biases": BIAS,
}


def _read(value, name):
    return tf.identity(tf.constant(value, name=name), name=f"{name}/read")


def _graph(tmp_path, *, folded):
    """A convolution, normalised, and a depthwise one with a bias; as tools of that time wrote them."""
    with tf.Graph().as_default() as graph:
        images = tf.raw_ops.Placeholder(dtype=tf.float32, shape=[None, 8, 8, 2], name="image_tensor")
        twice = f"{SCOPE.replace('MobilenetV1', 'MobilenetV1/MobilenetV1')}"
        if folded:
            scale = LEAVES["gamma"] / np.sqrt(LEAVES["moving_variance"] + EPSILON)
            kernel = tf.constant(KERNEL * scale, name=f"{twice}/Conv2D_weights")
            offset = tf.constant(LEAVES["beta"] - LEAVES["moving_mean"] * scale, name=f"{twice}/Conv2D_bn_offset")
            x = tf.nn.conv2d(images, kernel, 1, "SAME", name=f"{twice}/Conv2D")
            x = tf.nn.bias_add(x, offset, name=f"{twice}/BatchNorm/FusedBatchNorm")
        else:
            x = tf.nn.conv2d(images, _read(KERNEL, f"{SCOPE}/weights"), 1, "SAME", name=f"{twice}/Conv2D")
            read = [_read(value, f"{NORM}/{leaf}") for leaf, value in LEAVES.items()]
            x = tf.raw_ops.FusedBatchNormV3(
                x=x, scale=read[0], offset=read[1], mean=read[2], variance=read[3], epsilon=EPSILON, is_training=False
            )[0]
        head = "BoxPredictor_0/Head_depthwise"
        kernel = tf.quantization.fake_quant_with_min_max_args(_read(DEPTHWISE, f"{head}/depthwise_weights"))
        x = tf.raw_ops.DepthwiseConv2dNative(
            input=x, filter=kernel, strides=[1] * 4, padding="SAME", name=f"{head}/depthwise"
        )
        tf.identity(tf.nn.bias_add(x, _read(BIAS, f"{head}/biases")), name="detection_boxes")
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return FrozenGraph.read(path)


def _variables():
    return {name: tf.Variable(tf.zeros_like(value)) for name, value in NAMES.items()}


def test_constants_fill_the_variables_of_their_names(tmp_path):
    variables = _variables()
    assert fill_from_graph(variables, {NORM: EPSILON}, _graph(tmp_path, folded=False)) == FilledFromGraph(7, 0)
    for name, value in NAMES.items():
        assert variables[name].numpy().tolist() == value.tolist(), name


def test_a_folded_normalisation_adds_its_offset_and_changes_nothing_else(tmp_path):
    variables = _variables()
    assert fill_from_graph(variables, {NORM: EPSILON}, _graph(tmp_path, folded=True)) == FilledFromGraph(7, 1)

    def normalised(values, images):
        gamma, beta, mean, variance = (values[f"{NORM}/{leaf}"] for leaf in LEAVES)
        x = tf.nn.conv2d(images, values[f"{SCOPE}/weights"], 1, "SAME")
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, EPSILON).numpy()

    images = np.random.default_rng(2).normal(size=(1, 8, 8, 2)).astype(np.float32)
    assert normalised(variables, images) == pytest.approx(normalised(NAMES, images), abs=1e-5)
    assert variables["BoxPredictor_0/Head_depthwise/biases"].numpy().tolist() == BIAS.tolist()


@pytest.mark.parametrize(
    ("name", "shape", "told"),
    [
        ("BoxPredictor_1/Head/weights", (1, 1, 4, 8), "BoxPredictor_1/Head/weights, is not there"),
        (f"{SCOPE}/weights", (3, 3, 2, 8), f"{SCOPE}/weights, is (3, 3, 2, 4) there, and (3, 3, 2, 8) in the model"),
    ],
)
def test_a_graph_of_another_model_fills_nothing(tmp_path, name, shape, told):
    variables = {**_variables(), name: tf.Variable(tf.zeros(shape))}
    with pytest.raises(CheckpointError) as caught:
        fill_from_graph(variables, {NORM: EPSILON}, _graph(tmp_path, folded=False))
    assert caught.value.what.startswith(
        f"1 of the model's {len(variables)} variables are not in the graph; the first, "
    )
    assert caught.value.what.endswith(told)
    assert not any(np.any(variable.numpy()) for variable in variables.values())


def test_weights_that_are_no_numbers_are_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(LEAVES, "gamma", np.full(4, np.nan, np.float32))
    with pytest.raises(CheckpointError, match="not a number") as caught:
        fill_from_graph(_variables(), {NORM: EPSILON}, _graph(tmp_path, folded=False))
    assert caught.value.where.endswith(f"{NORM}/gamma")
