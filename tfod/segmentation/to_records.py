"""Pictures and masks to TFRecords: one tf.Example a pair, all files or none."""

import hashlib
import os
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tfod import names
from tfod.errors import DataError
from tfod.records.example import bytes_feature, encode_example, int64_feature, text_feature
from tfod.records.files import class_table_path
from tfod.records.manifest import manifest_path, manifest_text, write_shards
from tfod.records.staging import replacing_shards
from tfod.segmentation.classes import ClassTable, table_text
from tfod.segmentation.masks import MaskEncoding, read_mask
from tfod.segmentation.pairs import Pair
from tfod.segmentation.sources import encode_png, encoded_picture

__all__ = ["write_pairs"]


def write_pairs(
    pairs: list[Pair], encoding: MaskEncoding, output_path: str, num_shards: int = 1, *, done: Callable[[], None]
) -> NDArray[np.int64]:
    """Writes pair i to shard i mod `num_shards`, the class table (`class_table_path`) and the manifest.

    A picture's bytes are copied, if TensorFlow can decode them as they are and no EXIF turns them; else it is written
    as PNG. Masks are PNGs of class ids, 255 for void. `done` is called after each pair.

    Returns:
      int64 `[C]`, the pixels of each class.

    Raises:
      DataError: a file cannot be read, or picture and mask are of unlike sizes.
      OutputError: the place cannot be written. In either case no file is changed.
    """
    classes = encoding.classes
    pixels = np.zeros(256, np.int64)
    as_png: list[str] = []
    beside = (manifest_path(output_path), class_table_path(output_path))
    with replacing_shards(output_path, num_shards, *beside) as (shards, (manifest, table)):
        written = write_shards(_examples(pairs, encoding, pixels, as_png, done), shards)
        counted = dict(zip(classes.names, pixels.tolist(), strict=False))
        content = {
            "pairs": len(pairs), "pixels": counted, "void": int(pixels[255]), "pictures written as PNG": len(as_png),
            "masks": encoding.describe(),
        }  # fmt: skip
        manifest.write_text(manifest_text(written, content), encoding="utf-8")
        table.write_text(table_text(ClassTable(classes.names, classes.colours)), encoding="utf-8")
    return pixels[: len(classes.names)]


def _examples(
    pairs: list[Pair], encoding: MaskEncoding, pixels: NDArray[np.int64], as_png: list[str], done: Callable[[], None]
) -> Iterator[bytes]:
    """The tf.Examples; adds to `pixels`, int64 `[256]`, and to the names of pictures that are written as PNG."""
    for pair in pairs:
        example, counts, copied = _example(pair, encoding)
        pixels += counts
        as_png += [] if copied else [pair.name]
        yield example
        done()


def _example(pair: Pair, encoding: MaskEncoding) -> tuple[bytes, NDArray[np.int64], bool]:
    """The tf.Example, the pixels int64 `[256]` of each value of its mask, and whether the picture's bytes are its
    own."""
    mask = read_mask(pair.mask, encoding)
    data, kind, size, copied = encoded_picture(pair.picture)
    if size != mask.shape:
        what = f"the picture has {size[1]} x {size[0]} pixels, its mask {mask.shape[1]} x {mask.shape[0]}"
        raise DataError(what, f"{pair.picture} and {pair.mask}", "tools/check_masks.py lists all such pairs")
    filename = bytes_feature(os.path.basename(pair.picture).encode())
    features = {
        names.IMAGE_HEIGHT: int64_feature((size[0],)),
        names.IMAGE_WIDTH: int64_feature((size[1],)),
        names.IMAGE_FILENAME: filename,
        names.IMAGE_SOURCE_ID: bytes_feature(pair.name.encode()),
        names.IMAGE_KEY: bytes_feature(hashlib.sha256(data).hexdigest().encode()),
        names.IMAGE_ENCODED: bytes_feature(data),
        names.IMAGE_FORMAT: text_feature((kind,)),
        names.CLASS_MASK_ENCODED: bytes_feature(encode_png(mask)),
        names.CLASS_MASK_FORMAT: text_feature(("png",)),
    }
    return encode_example(features), np.bincount(mask.ravel(), minlength=256), copied
