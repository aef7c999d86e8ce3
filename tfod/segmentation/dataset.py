"""What a U-Net trains on: batches of crops, augmented, without end."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfod.segmentation.albumentations_steps import AlbumentationsSteps
from tfod.segmentation.augment import PRESETS, Augmentation, augment_batch, margin_of
from tfod.segmentation.crops import WindowCutter
from tfod.segmentation.sources import PairSource, in_memory

__all__ = ["training_dataset"]

_NO_END = 2**62


def training_dataset(
    source: PairSource,
    *,
    crop_size: tuple[int, int],
    batch_size: int,
    augmentation: Augmentation | AlbumentationsSteps = PRESETS["light"],
    balance: float = 0.0,
    seed: int = 0,
    deterministic: bool = False,
    first_batch: int = 0,
    memory_limit: int | None = None,
) -> tf.data.Dataset:
    """Endless batches; each pair comes once an epoch, in an order new for each.

    Batch number n depends on the seed and n alone. Pairs are decoded once and kept, if they fit into memory.

    Args:
      source: Pairs of pictures and masks.
      crop_size: `h` and `w`, in pixels.
      batch_size: `B`.
      augmentation: What is done to picture and mask alike.
      balance: The share of crops that are laid about a pixel of a class that is drawn evenly from those of the picture.
      seed: Decides order, crops and augmentation.
      deterministic: Whether batches come in their order, at the price of waiting for the slowest.
      first_batch: Where to begin; those before cost nothing.
      memory_limit: Bytes that the decoded pairs may take; by default a share of what is free now.

    Returns:
      A data set of pictures float32 `[B, h, w, 3]` in [0, 1] and masks int32 `[B, h, w]`, `VOID` where a pixel belongs
      to no class or lies outside of its picture.

    Raises:
      DataError: a pair cannot be used. For a set that is not kept in memory this comes while batches are made, as a
        TensorFlow error that holds its text.
    """
    change = None if isinstance(augmentation, Augmentation) else augmentation
    in_graph = augmentation if isinstance(augmentation, Augmentation) else PRESETS["off"]
    margin = margin_of(in_graph, crop_size)
    cut = WindowCutter(in_memory(source, memory_limit), crop_size, margin, batch_size, balance, seed, change)

    def batch(number: Any) -> tuple[Any, Any]:
        windows = tf.ensure_shape(tf.numpy_function(cut, [number], tf.uint8), cut.shape)
        return augment_batch(windows, in_graph, crop_size, tf.stack([tf.constant(seed, tf.int64), number]))

    numbers = tf.data.Dataset.range(first_batch, _NO_END)
    function = tf.autograph.experimental.do_not_convert(batch)
    options = tf.data.Options()
    options.deterministic = deterministic
    batches = numbers.map(function, tf.data.AUTOTUNE, deterministic=deterministic)
    return batches.prefetch(tf.data.AUTOTUNE).with_options(options)
