"""Pictures and masks as tensors that crops are looked up in, without Python in the way.

(A Python function in a tf.data pipeline that runs ahead can stop the process for ever: who deletes the iterator holds
Python's lock and waits for the function, which waits for the lock.)

Letters: `N` pairs, `P` pixels of all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod.augment.batch_warp import Pixels
from tfod.segmentation.classes import VOID
from tfod.segmentation.sources import PairSource, available_memory, encode_png
from tfod.segmentation.survey import map_in_threads

__all__ = ["SPOTS", "Store", "open_store"]

SPOTS = 64
"""As many pixels of each class of a picture are known as places to lay a crop about."""

Size = tuple[int, ...]
Spots = list[NDArray[np.int32]]

# Beside the pixels there are the model, its activations, and for a moment a second copy of the pixels.
_SHARE_OF_MEMORY = 0.3
_SPOTS_SEED = 20151118  # spots are the same in every run: which of them is taken, the run's seed decides


class Store(NamedTuple):
    """Where batches come from.

    `batch` gives for a data set of pair numbers int64 `[B]` one of their `Pixels`, in the same order. `length` is `N`,
    `sizes` int32 `[N, 2]`. `spots` are int32 `[R, SPOTS, 2]`, rows and columns of pixels of one class of one picture;
    those of picture i are the rows from `first_spots[i]` (int64 `[N + 1]`) up to that of the next. `fixed` says that
    all batches have as many `values`: then what is done to them can be compiled.
    """

    batch: Callable[[tf.data.Dataset], tf.data.Dataset]
    length: int
    sizes: Any
    spots: Any
    first_spots: Any
    fixed: bool


def open_store(source: PairSource, memory_limit: int | None = None) -> Store:
    """All pairs decoded once and kept, if they fit into `memory_limit` bytes (default: three tenths of the memory that
    is free now); else files that are decoded each time, and their masks as PNGs.

    Raises:
      DataError: a pair cannot be used.
    """
    limit = available_memory() * _SHARE_OF_MEMORY if memory_limit is None else memory_limit
    return _kept(source) if source.pixels * 4 <= limit else _decoded_each_time(source)


def _kept(source: PairSource) -> Store:
    values = np.empty(source.pixels, np.int32)
    starts, sizes, spots = [0], [], []
    pairs = map_in_threads(partial(_packed, source), range(len(source)), "reading pictures and masks")
    for pixels, size, found in pairs:
        starts.append(starts[-1] + len(pixels))
        values[starts[-2] : starts[-1]] = pixels
        sizes.append(size)
        spots.append(found)
    with tf.device("CPU:0"):
        whole = Pixels(tf.constant(values), tf.constant(starts[:-1], tf.int64), tf.constant(sizes, tf.int32))

    def pixels_of(numbers: Any) -> Pixels:
        return Pixels(whole.values, tf.gather(whole.starts, numbers), tf.gather(whole.sizes, numbers))

    return _store(lambda batches: batches.map(_in_graph(pixels_of)), sizes, spots, fixed=True)


def _decoded_each_time(source: PairSource) -> Store:
    found = list(map_in_threads(partial(_encoded, source), range(len(source)), "looking at pictures"))
    files = tf.constant([picture if isinstance(picture, str) else "" for picture, *_ in found])
    contents = tf.constant([b"" if isinstance(picture, str) else picture for picture, *_ in found])
    masks = tf.constant([mask for _, mask, *_ in found])

    def decoded(number: Any) -> tuple[Any, Any]:
        content = contents[number]
        content = tf.cond(tf.equal(content, ""), lambda: tf.io.read_file(files[number]), lambda: content)
        # A JPEG decoded so has the pixels that Pillow gives, which evaluation sees.
        is_jpeg = tf.io.is_jpeg(content)
        picture = tf.cond(
            is_jpeg,
            lambda: tf.io.decode_jpeg(content, 3, dct_method="INTEGER_ACCURATE"),
            lambda: tf.io.decode_image(content, 3, expand_animations=False),
        )
        mask = tf.io.decode_png(masks[number], 1)
        both = tf.ensure_shape(tf.concat([picture, mask], 2), [None, None, 4])
        return tf.reshape(tf.bitcast(both, tf.int32), [-1]), tf.shape(mask)[:2]

    def joined(values: Any, batch_sizes: Any) -> Pixels:
        return Pixels(values.flat_values, tf.cast(values.row_starts(), tf.int64), batch_sizes)

    def batch(batches: tf.data.Dataset) -> tf.data.Dataset:
        count = int(batches.element_spec.shape[0])
        pairs = batches.unbatch().map(_in_graph(decoded), tf.data.AUTOTUNE)
        return pairs.ragged_batch(count, drop_remainder=True).map(_in_graph(joined))

    return _store(batch, [size for *_, size, _ in found], [spots for *_, spots in found], fixed=False)


def _packed(source: PairSource, number: int) -> tuple[NDArray[np.int32], Size, Spots]:
    picture, mask = source.read(number)
    pixels = np.dstack([picture, mask]).view(np.int32).ravel()
    return pixels, mask.shape, _spots(mask, number)


def _encoded(source: PairSource, number: int) -> tuple[str | bytes, bytes, Size, Spots]:
    picture, mask = source.encoded(number)
    return picture, encode_png(mask), mask.shape, _spots(mask, number)


def _spots(mask: NDArray[np.uint8], number: int) -> Spots:
    """For each class in the mask, rows and columns `[SPOTS, 2]` of random pixels of it."""
    random = np.random.default_rng((_SPOTS_SEED, number))
    flat = mask.ravel()
    spots = []
    for class_id in np.flatnonzero(np.bincount(flat, minlength=VOID + 1)[:VOID]):
        places = random.choice(np.flatnonzero(flat == class_id), SPOTS)
        spots.append(np.stack(np.divmod(places, mask.shape[1]), axis=1).astype(np.int32))
    return spots


def _store(
    batch: Callable[[tf.data.Dataset], tf.data.Dataset],
    sizes: list[Size],
    spots: list[Spots],
    *,
    fixed: bool,
) -> Store:
    rows = [spot for of_picture in spots for spot in of_picture]
    table = np.stack(rows) if rows else np.zeros((0, SPOTS, 2), np.int32)
    first = np.concatenate([[0], np.cumsum([len(of_picture) for of_picture in spots])]).astype(np.int64)
    with tf.device("CPU:0"):
        return Store(batch, len(sizes), tf.constant(sizes, tf.int32), tf.constant(table), tf.constant(first), fixed)


def _in_graph(function: Any) -> Any:
    return tf.autograph.experimental.do_not_convert(function)
