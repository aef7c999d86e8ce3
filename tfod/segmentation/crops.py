"""Which part of which picture a batch shows: a function of the seed and the batch's number alone.

A run that goes on at batch 1000 therefore sees what it would have seen, and nothing before has to be read again.

Letters: `B` pictures of a batch, `N` pairs, `h w` size of a crop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfod.augment.batch_draws import Draw
from tfod.segmentation.pixels import SPOTS, Store

__all__ = ["CropPlan"]


@dataclass(frozen=True)
class CropPlan:
    """Lays crops.

    A crop lies inside the picture, at random, if that is large enough; else the picture is in its middle.

    With the probability `balance` a crop is laid about a random pixel of a class that is drawn from those in the
    picture, each with the same chance: so that rare classes are seen often.
    """

    store: Store
    crop_size: tuple[int, int]
    batch_size: int
    balance: float
    seed: int

    def pairs(self, batch_number: Any) -> Any:
        """Numbers int64 `[B]` of the pairs of a batch: each comes once an epoch, in an order new for each."""
        count = self.store.length
        places = tf.cast(batch_number, tf.int64) * self.batch_size + tf.range(self.batch_size, dtype=tf.int64)
        epochs = places // count
        seeds = tf.stack([tf.fill([self.batch_size], tf.constant(self.seed, tf.int64)), epochs, epochs * 0], axis=1)
        last = tf.constant(count - 1, tf.int64)
        # The function over it, tf.random.experimental.index_shuffle, takes no seed for each index.
        return tf.raw_ops.RandomIndexShuffle(index=places % count, seed=tf.cast(seeds, tf.int32), max_index=last)

    def corners(self, pairs: Any, draw: Draw) -> Any:
        """Rows and columns int32 `[B, 2]` of the upper left pixels of crops of these pairs."""
        free = tf.gather(self.store.sizes, pairs) - tf.constant(self.crop_size)
        inside = tf.cast(draw.uniform(0.0, 1.0, [2]) * tf.cast(tf.maximum(free, 0) + 1, tf.float32), tf.int32)
        if self.balance and self.store.spots.shape[0]:
            about = self._about_spots(pairs, draw)
            chosen = (draw.uniform(0.0, 1.0) < self.balance) & (self._classes(pairs) > 0)
            inside = tf.where(chosen[:, None], about, inside)
        inside = tf.clip_by_value(inside, 0, tf.maximum(free, 0))
        return tf.where(free < 0, free // 2, inside)

    def _classes(self, pairs: Any) -> Any:
        first = self.store.first_spots
        return tf.gather(first, pairs + 1) - tf.gather(first, pairs)

    def _about_spots(self, pairs: Any, draw: Draw) -> Any:
        count = tf.cast(self._classes(pairs), tf.float32)
        row = tf.gather(self.store.first_spots, pairs) + tf.cast(draw.uniform(0.0, 1.0) * count, tf.int64)
        row = tf.minimum(row, self.store.spots.shape[0] - 1)  # where a picture has no class, the row is not used
        which = tf.cast(draw.uniform(0.0, float(SPOTS)), tf.int64)
        spot = tf.gather_nd(self.store.spots, tf.stack([row, which], axis=1))
        return spot - tf.cast(draw.uniform(0.0, 1.0, [2]) * tf.constant(self.crop_size, tf.float32), tf.int32)
