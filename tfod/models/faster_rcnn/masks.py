"""Masks of objects (https://arxiv.org/abs/1703.06870): for each region and class which of its pixels are the object.

Letters: `R` regions, `S` the side of their features, `D` channels, `C` classes (1 where one mask is for all), `h w` the
size of a mask, `B` images, `N` objects, `H W` the size of an image.
"""

import math
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.augment.resize import resize
from tfod.models.faster_rcnn.regions import crop_boxes
from tfod.models.layers.conv import ConvHyperparameters
from tfod.models.layers.sequential import Sequential

__all__ = ["MaskHead", "MaskSettings", "crop_masks", "mask_depth", "masks_of_classes", "of_classes"]

_KERNEL = 3


@dataclass(frozen=True)
class MaskSettings:
    """What there is to choose.

    Attributes:
      height, width: Of a mask.
      num_layers: Convolutions, of which the last one makes the masks.
      depth: Channels of the others; 0 for `mask_depth`.
      class_agnostic: Whether there is one mask for all classes.
      convolves_first: Whether features are enlarged after the convolutions; else before them.
    """

    height: int
    width: int
    num_layers: int
    depth: int
    class_agnostic: bool = False
    convolves_first: bool = False


class MaskHead(tf.Module):
    """Convolutions over a region's features, which are brought to the size of a mask.

    Args:
      channels: `D`.
      side: `S`.

    Attributes:
      layers: The convolutions, with what enlarges features between them if it comes after them.
    """

    def __init__(
        self, hp: ConvHyperparameters, settings: MaskSettings, *, num_classes: int, channels: int, side: int
    ) -> None:
        super().__init__(name="mask_head")
        self._settings = settings
        depth = settings.depth or mask_depth(channels, num_classes)
        layers: list[keras.layers.Layer] = []
        for _ in range(settings.num_layers - 1):
            layers += [hp.conv(depth, _KERNEL), *hp.normalization_and_activation()]
        if settings.convolves_first:
            factors = settings.height // side, settings.width // side
            layers += [keras.layers.UpSampling2D(factors), hp.conv(depth, _KERNEL), *hp.normalization_and_activation()]
        masks = 1 if settings.class_agnostic else num_classes
        self.layers = Sequential([*layers, hp.conv(masks, _KERNEL, use_bias=True)])

    def __call__(self, features: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Logits float32 `[R, C, h, w]` of features `[R, S, S, D]`."""
        if not self._settings.convolves_first:
            size = self._settings.height, self._settings.width
            features = resize(features, size, "bilinear", align_corners=True)
        logits = self.layers(features, training=training)
        return tf.transpose(tf.cast(logits, tf.float32), [0, 3, 1, 2])


def mask_depth(channels: int, num_classes: int) -> int:
    """A power of two between the channels of the features and the number of classes, nearer to the latter.

    >>> mask_depth(1536, 90)  # the exponents 10.6 and 6.5 count two fifths and three fifths
    256
    """
    return int(2.0 ** round((2.0 * math.log2(channels) + 3.0 * math.log2(num_classes)) / 5.0))


def masks_of_classes(logits: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    """Of each region's masks, float32 `[R, C, h, w]`, that of its class, int32 `[R]` from 0: float32 `[R, h, w]`."""
    return logits[:, 0] if logits.shape[1] == 1 else of_classes(logits, classes)


def of_classes(values: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    """Of each region's values, float32 `[R, C, ...]`, those of its class, int32 `[R]` from 0: float32 `[R, ...]`."""
    # Where there is no region tf.gather with batch_dims has a gradient of another shape.
    return tf.gather_nd(values, tf.stack([tf.range(tf.size(classes)), classes], axis=1))


def crop_masks(
    masks: tf.Tensor, objects: tf.Tensor, boxes: tf.Tensor, size: tuple[int, int], *, fades: bool
) -> tf.Tensor:
    """The part of objects' masks that a box shows, at the size that the head predicts.

    Args:
      masks: float32 `[B · N, H, W]` in [0, 1].
      objects: int32 `[R]`, which mask each box looks at.
      boxes: float32 `[R, 4]`, yxyx, relative to the image.
      size: `h` and `w`.
      fades: See `crop_boxes`.

    Returns:
      float32 `[R, h, w]` in [0, 1], without gradient.
    """
    crops = crop_boxes(masks[..., tf.newaxis], boxes, objects, size, fades=fades)
    return tf.stop_gradient(crops[..., 0])
