import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tfod.models.layer_list import apply_layers, folded_weights

RNG = np.random.default_rng(0)
FEATURES = tf.constant(RNG.normal(size=[2, 3, 3, 4]), tf.float32)


@pytest.mark.parametrize(("small", "kernels"), [(0, 2), (10_000, 3)])
def test_a_large_kernel_that_several_normalisations_share_is_kept_twice(
    small: int, kernels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfod.models.layer_list._SMALL", small)
    conv = keras.layers.Conv2D(8, 3, padding="same")
    towers = [[conv, keras.layers.BatchNormalization()] for _ in range(3)]
    for tower in towers:
        apply_layers(tower, FEATURES, training=False)
        for variable in tower[1].variables:
            variable.assign(RNG.uniform(0.5, 1.5, variable.shape))
    conv.bias.assign(RNG.normal(size=8))
    with folded_weights(constants=0 if small == 0 else None) as folded:
        detected = [apply_layers(tower, FEATURES, training=False) for tower in towers]
    for tower, features in zip(towers, detected, strict=True):
        np.testing.assert_allclose(features, apply_layers(tower, FEATURES, training=False), rtol=1e-5, atol=1e-5)
    assert sum(np.ndim(value) == 4 for value in folded._known.values()) == kernels
