"""The second stage: what is in each proposal, and where exactly (https://arxiv.org/abs/1506.01497, section 3.2).

Letters: `B` images, `P` proposals of each, `R` = B · P regions, `S` the side of a region's features, `C` classes
without background, `Q` boxes of a region (C, or 1 for all classes), `D` channels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf
import tf_keras as keras

from tfod.models.faster_rcnn.regions import crop_regions, pyramid_levels
from tfod.models.heads.box_predictor import dropout_layers
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.normalization import BatchNorm
from tfod.models.layers.sequential import Sequential

__all__ = ["BoxHeads", "Crop", "DenseFeatures", "RegionFeatures", "RegionPooling"]

Crop = Callable[..., tf.Tensor]
"""Takes what `crop_regions` takes, and gives what that gives."""

_CODE_SIZE = 4
_DENSE_UNITS = 1024


@dataclass(frozen=True)
class RegionPooling:
    """Crops what the first stage sees in a proposal to one size, and pools it.

    Attributes:
      side: Of a crop.
      kernel_size: Of the maximum pooling after it, and `stride`.
      fades: How a crop ends at the border of the image, see `crop_regions`.
      crop: What crops.
    """

    side: int
    kernel_size: int
    stride: int
    fades: bool
    crop: Crop = crop_regions

    def __call__(self, features: Sequence[tf.Tensor], boxes: tf.Tensor, image_size: tf.Tensor) -> tf.Tensor:
        """Features `[R, S, S, D]`, float32.

        Args:
          features: Of the first stage, fine to coarse, each `[B, H_l, W_l, D]`.
          boxes: float32 `[B, P, 4]`, yxyx, relative to the input.
          image_size: int32 `[2]`, height and width of the network's input in pixels.
        """
        if len(features) > 1:
            levels = pyramid_levels(boxes, image_size, len(features))
        else:
            levels = tf.zeros(tf.shape(boxes)[:2], tf.int32)
        return self.pooled(self.crop(features, boxes, levels, self.side, fades=self.fades))

    def pooled(self, crops: tf.Tensor) -> tf.Tensor:
        """Of crops float32 `[R, side, side, D]` the maxima, `[R, S, S, D]`."""
        if self.kernel_size == self.stride == 1:
            return crops
        return tf.nn.max_pool2d(crops, self.kernel_size, self.stride, "VALID")


class RegionFeatures(Protocol):
    """The part of the network that looks at one region at a time."""

    def __call__(self, regions: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Features `[R, S', S', D']` of regions `[R, S, S, D]`, float32 or bfloat16."""


class DenseFeatures(tf.Module):
    """Two dense layers that see a whole region at once: what a pyramid, which has no stage left over, has.

    Args:
      batch_norm: What follows the first one.
    """

    def __init__(self, batch_norm: BatchNorm | None) -> None:
        super().__init__(name="dense_features")
        norm = [batch_norm.layer()] if batch_norm else []
        self.layers = Sequential(
            [
                keras.layers.Flatten(),
                keras.layers.Dense(_DENSE_UNITS, activation="relu"),
                *norm,
                keras.layers.Dense(_DENSE_UNITS, activation="relu"),
            ]
        )

    def __call__(self, regions: tf.Tensor, *, training: bool) -> tf.Tensor:
        """See RegionFeatures. Features are `[R, 1, 1, 1024]`."""
        return self.layers(regions, training=training)[:, tf.newaxis, tf.newaxis]


class BoxHeads(tf.Module):
    """From the mean of a region's features its class, and the correction of its box for each class.

    Args:
      shares_box: Whether one box is predicted for all classes.
      hyperparameters: Of the dense layers. With Keras nothing of them but the normalisation that follows counts.
      dropout: The share of features that training drops before each head, in [0, 1).

    Attributes:
      boxes, classes: The layers of the two heads.
    """

    def __init__(
        self, hyperparameters: ConvHyperparameters, *, num_classes: int, shares_box: bool, dropout: float = 0.0
    ) -> None:
        super().__init__(name="box_heads")
        self.boxes_per_region = 1 if shares_box else num_classes
        self._columns = num_classes + 1

        def head(units: int) -> Sequential:
            dense = hyperparameters.dense(units) if hyperparameters.slim else keras.layers.Dense(units)
            normalization = hyperparameters.normalization()
            return Sequential([keras.layers.Flatten(), *dropout_layers(dropout), dense, *normalization])

        self.boxes = head(self.boxes_per_region * _CODE_SIZE)
        self.classes = head(self._columns)

    def __call__(self, features: tf.Tensor, *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Box codes `[R, Q, 4]`, and logits `[R, C + 1]` with the background first, float32, of `[R, S', S', D']`."""
        mean = tf.reduce_mean(features, axis=[1, 2], keepdims=True)
        codes, logits = self.boxes(mean, training=training), self.classes(mean, training=training)
        codes = tf.reshape(tf.cast(codes, tf.float32), [-1, self.boxes_per_region, _CODE_SIZE])
        return codes, tf.cast(logits, tf.float32)
