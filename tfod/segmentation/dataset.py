"""What a U-Net trains on: batches of crops, augmented, without end."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tfod.augment.batch_draws import Draw, RandomNumbers, random_numbers
from tfod.augment.batch_warp import Pixels
from tfod.augment.in_python import while_waited_for
from tfod.losses.compiler import wake_compiler
from tfod.segmentation.albumentations_steps import AlbumentationsSteps
from tfod.segmentation.augment import PRESETS, Augmentation, augment_batch
from tfod.segmentation.crops import CropPlan
from tfod.segmentation.pixels import open_store
from tfod.segmentation.sources import PairSource

__all__ = ["training_dataset"]

_NO_END = 2**62
_LITTLE = 1 << 16  # pixels of a batch


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
      DataError: a pair cannot be used. Where pairs are not kept in memory, a damaged picture is found when it is
        decoded, and is an error of TensorFlow's.
      ConfigError: a pipeline of Albumentations cannot be used.
    """
    in_graph = augmentation if isinstance(augmentation, Augmentation) else PRESETS["off"]
    store = open_store(source, memory_limit)
    plan = CropPlan(store, crop_size, batch_size, balance, seed)

    def crops(pairs: Any, pixels: Pixels, drawn: RandomNumbers) -> tuple[Any, Any]:
        draw = Draw(drawn)
        return augment_batch(pixels, plan.corners(pairs, draw), in_graph, crop_size, draw)

    # Compiled, the dozens of small steps of a warp take a third of the processor's time. To compile takes a second.
    worth_it = store.fixed and batch_size * crop_size[0] * crop_size[1] > _LITTLE
    if worth_it:
        wake_compiler()
    cut = tf.function(crops, autograph=False, jit_compile=True) if worth_it else crops

    def batch(number: Any, pixels: Pixels) -> tuple[Any, Any]:
        own_seed = tf.stack([tf.constant(seed, tf.int64), number])
        return cut(plan.pairs(number), pixels, random_numbers(own_seed, batch_size))

    numbers = tf.data.Dataset.range(first_batch, _NO_END)
    pixels = store.batch(numbers.map(_in_graph(plan.pairs)))
    in_order = deterministic or in_graph is not augmentation  # steps of Python's are given their batch by its number
    batches = tf.data.Dataset.zip((numbers, pixels)).map(_in_graph(batch), tf.data.AUTOTUNE, deterministic=in_order)
    if not isinstance(augmentation, Augmentation):
        return _through_python(numbers, batches, augmentation, seed)
    options = tf.data.Options()
    options.deterministic = deterministic
    return batches.prefetch(tf.data.AUTOTUNE).with_options(options)


def _through_python(
    numbers: tf.data.Dataset, batches: tf.data.Dataset, steps: AlbumentationsSteps, seed: int
) -> tf.data.Dataset:
    """Batches that a Python function has gone over."""
    shapes = [spec.shape for spec in batches.element_spec]
    steps(np.zeros(shapes[0][1:], np.uint8), np.zeros(shapes[1][1:], np.uint8), 0)  # says now if it cannot be used

    def change(number: Any, pictures: Any, masks: Any) -> tuple[Any, Any]:
        seeds = np.random.default_rng((seed, int(number))).integers(1 << 31, size=len(pictures))
        changed = [steps(one, mask, int(own)) for one, mask, own in zip(pictures, masks, seeds, strict=True)]
        return np.stack([picture for picture, _ in changed]), np.stack([mask for _, mask in changed])

    def batch(number: Any, pair: tuple[Any, Any]) -> tuple[Any, Any]:
        as_bytes = [tf.cast(tf.round(pair[0] * 255), tf.uint8), tf.cast(pair[1], tf.uint8)]
        pictures, masks = tf.numpy_function(change, [number, *as_bytes], (tf.uint8, tf.uint8))
        pictures, masks = tf.ensure_shape(pictures, shapes[0]), tf.ensure_shape(masks, shapes[1])
        return tf.cast(pictures, tf.float32) / 255, tf.cast(masks, tf.int32)

    return while_waited_for(tf.data.Dataset.zip((numbers, batches)).map(_in_graph(batch)))


def _in_graph(function: Any) -> Any:
    return tf.autograph.experimental.do_not_convert(function)
