"""The U-Net: an encoder, a decoder that goes up again, and skips between them at every level."""

from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras

from tfod.checkpoints.layout import CheckpointLayout
from tfod.models.layers.cpu_kernels import use_cpu_kernels
from tfod.segmentation.blocks import AttentionGate, ConvSettings, Up, UpSampling
from tfod.segmentation.checkpoint_layout import unet_layout
from tfod.segmentation.encoders import BackboneEncoder, Encoder, PlainEncoder

__all__ = ["ModelSettings", "UNet", "build_unet"]

_MOST_DECODER_FILTERS = 256
_CONV = ConvSettings()


@dataclass(frozen=True)
class ModelSettings:
    """What a U-Net is made of.

    Attributes:
      num_classes: 2 or more; with a foreground and a background, 2.
      base_filters: Channels at the picture's own resolution; each level down has twice as many.
      depth: How often the plain encoder halves the picture; a backbone does so five times.
      norm: `batch`, `group` or `none`.
      dropout: After each block, in [0, 1).
      up: `transpose` or `resize`.
      attention: Whether attention gates weigh the skips.
      encoder: One of BACKBONES; empty for the paper's plain one.
    """

    num_classes: int
    base_filters: int = 16
    depth: int = 4
    norm: str = "batch"
    dropout: float = 0.0
    up: Up = "transpose"
    attention: bool = False
    encoder: str = ""


class UNet(tf.Module):
    """Scores of each class for each pixel.

    Args:
      encoder: Gives the features of levels 0 to N.
      decoder_filters: Channels of the decoder at levels 0 to N - 1.
      num_classes: C.
      conv: The decoder's convolutions.
      up: How the decoder doubles the resolution.
      attention: Whether attention gates weigh the skips.

    Attributes:
      multiple: What sides are prolonged to multiples of: 2^N.
      context: How far around a pixel the network looks, in pixels.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder_filters: list[int],
        num_classes: int,
        *,
        conv: ConvSettings = _CONV,
        up: Up = "transpose",
        attention: bool = False,
    ) -> None:
        super().__init__(name="unet")
        self.num_classes = num_classes
        self.multiple = 2**encoder.levels
        self.context = _context(encoder.levels)
        self.encoder = encoder
        self.up = [UpSampling(filters, up) for filters in decoder_filters]
        self.gates = [AttentionGate(max(1, filters // 2)) for filters in decoder_filters] if attention else []
        self.blocks = [conv.block(filters) for filters in decoder_filters]
        # Losses and probabilities want float32, whatever the features are computed in.
        self.head = keras.layers.Conv2D(num_classes, 1, dtype="float32")
        self(tf.zeros([1, self.multiple, self.multiple, 3]), training=False)  # makes the variables

    def __call__(self, pictures: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Logits, float32 `[B, h, w, C]`, of pictures, float32 `[B, h, w, 3]` in [0, 1], of any size.

        Sides that the encoder cannot halve often enough are prolonged by their last pixels, and what was added is
        cut off again.
        """
        maps = self.encoder(_prolonged(pictures, self.multiple), training=training)
        features = maps.pop()
        for level in reversed(range(len(maps))):
            features = self.up[level](features)
            skip = self.gates[level](maps[level], features) if self.gates else maps[level]
            both = tf.concat([tf.cast(skip, features.dtype), features], axis=-1)
            features = self.blocks[level](both, training=training)
        logits = self.head(tf.cast(features, tf.float32))
        height, width = tf.shape(pictures)[1], tf.shape(pictures)[2]
        return tf.ensure_shape(logits[:, :height, :width], [*pictures.shape[:3], self.num_classes])

    def num_parameters(self) -> int:
        """How many numbers training changes."""
        return sum(int(tf.size(variable)) for variable in self.trainable_variables)

    def channels(self) -> list[tuple[int, int]]:
        """Channels of the encoder's and the decoder's features at each level; at the deepest the latter are 0."""
        maps = self.encoder(tf.zeros([1, self.multiple, self.multiple, 3]), training=False)
        up = [block.layers[0].filters for block in self.blocks]
        return list(zip((int(one.shape[-1]) for one in maps), [*up, 0], strict=True))

    def checkpoint_layout(self) -> CheckpointLayout:
        """See CheckpointLayout; a detector's checkpoint can fill the backbone, and nothing of a plain encoder."""
        return unet_layout(self)


def build_unet(settings: ModelSettings) -> UNet:
    """The U-Net that the settings describe, with random weights; without a GPU it trains with the kernels for CPUs."""
    conv = ConvSettings(settings.norm, settings.dropout)  # type: ignore[arg-type]
    encoder: Encoder = PlainEncoder(settings.base_filters, settings.depth, conv)
    if settings.encoder:
        encoder = BackboneEncoder(settings.encoder, settings.base_filters, conv)
    widths = [settings.base_filters * 2**level for level in range(encoder.levels)]
    if settings.encoder:
        widths = [min(width, _MOST_DECODER_FILTERS) for width in widths]
    model = UNet(encoder, widths, settings.num_classes, conv=conv, up=settings.up, attention=settings.attention)
    if not tf.config.list_logical_devices("GPU"):
        use_cpu_kernels(model)
    return model


def _context(levels: int) -> int:
    """How far around a pixel, at most, a U-Net with a plain encoder looks, in pixels.

    At each level but the deepest four 3x3 convolutions reach a pixel of that level each, and so does interpolation; at
    the deepest there are two, and halving blurs a place by one. A backbone can look further, but hardly does.
    """
    return 5 * (2**levels - 1) + 3 * 2**levels


def _prolonged(pictures: tf.Tensor, multiple: int) -> tf.Tensor:
    height, width = pictures.shape[1:3]
    if height is not None and width is not None and not height % multiple and not width % multiple:
        return pictures
    sides = tf.shape(pictures)[1:3]
    full = sides + -sides % multiple
    for axis in (0, 1):
        index = tf.minimum(tf.range(full[axis]), sides[axis] - 1)
        pictures = tf.gather(pictures, index, axis=axis + 1)
    return pictures
