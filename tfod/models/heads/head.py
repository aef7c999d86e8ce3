"""What box predictors end in."""

from collections.abc import Callable, Sequence
from typing import Protocol

import tensorflow as tf
import tf_keras as keras

from tfod.models.layer_list import apply_layers
from tfod.protos import box_predictor_pb2

__all__ = ["BOX_LAYERS", "CLASS_LAYERS", "BoxPredictor", "Head", "clip_from_config", "clipper", "dropout_layers"]

# The lists of layers of the two heads, as checkpoints name them.
BOX_LAYERS = "_box_encoder_layers"
CLASS_LAYERS = "_class_predictor_layers"

_Predictor = box_predictor_pb2.ConvolutionalBoxPredictor | box_predictor_pb2.WeightSharedConvolutionalBoxPredictor


class BoxPredictor(Protocol):
    """Predicts from feature maps, for every anchor at every cell, box codes and class logits.

    Letters: `B` images, `A` anchors of all feature maps, `D` channels, `S` the size of a box code, `K` class columns.
    """

    def __call__(self, features: Sequence[tf.Tensor], *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Box codes `[B, A, S]` and class logits `[B, A, K]` from feature maps `[B, H_l, W_l, D_l]`."""


class Head(tf.Module):
    """Layers under the name that checkpoints give to their list; the last yields `slots` numbers an anchor."""

    def __init__(
        self,
        name: str,
        layers: Sequence[keras.layers.Layer],
        slots: int,
        finish: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
    ) -> None:
        super().__init__(name=name.strip("_"))
        setattr(self, name, list(layers))
        self._list_name = name
        self._slots = slots
        self._finish = finish

    def __call__(self, features: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Float32 `[B, H · W · anchors, slots]` from features `[B, H, W, D]`, whatever these are computed in."""
        output = tf.cast(apply_layers(getattr(self, self._list_name), features, training=training), tf.float32)
        return self._finish(tf.reshape(output, [tf.shape(output)[0], -1, self._slots]))


def dropout_layers(rate: float) -> list[keras.layers.Layer]:
    """A dropout layer in a list, which is empty where nothing is dropped: checkpoints count the layers."""
    return [keras.layers.Dropout(rate)] if rate > 0 else []


def clip_from_config(config: _Predictor) -> tuple[float, float] | None:
    """The range of `box_encodings_clip_range`; None where box codes are not clipped."""
    clip = config.box_encodings_clip_range
    return (clip.min, clip.max) if config.HasField("box_encodings_clip_range") else None


def clipper(clip_range: tuple[float, float] | None) -> Callable[[tf.Tensor], tf.Tensor]:
    """Clips box codes to a range, or leaves them as they are."""
    if clip_range is None:
        return tf.identity
    return lambda codes: tf.clip_by_value(codes, *clip_range)
