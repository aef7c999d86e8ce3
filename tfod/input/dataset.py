"""The data sets that models are trained and evaluated with.

Letters: `B` images of a batch, `H W` their size in the file, `h w` their size for the model, `N` objects of an image,
`M` rows for objects (`max_boxes`), `C` classes, `K` keypoints of an object.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import tensorflow as tf

from tfod import names
from tfod.augment.example import PER_OBJECT, Example
from tfod.augment.in_python import while_waited_for
from tfod.augment.resize import resize
from tfod.boxes import geometry
from tfod.config.faults.fault import refuse
from tfod.config.faults.training import mixed_sizes_faults
from tfod.input.corrupt import find_corrupt
from tfod.input.decode import OBJECT_COUNTS, RecordDecoder
from tfod.input.notice import Notice
from tfod.input.record_stream import RecordSource, read_records
from tfod.input.tally import Tally

__all__ = ["Preprocess", "ResizeMasks", "Shape", "evaluation_batches", "training_batches"]

Preprocess = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
"""Image float32 `[H, W, 3]` in 0..255 -> input float32 `[h, w, 3]`, its size without padding int32 `[3]`."""

ResizeMasks = Callable[[tf.Tensor], tf.Tensor]
"""Masks float32 `[N, H, W]` -> `[N, h, w]`, as the image is resized and padded."""

_FEATURES = (
    names.IMAGE,
    names.TRUE_IMAGE_SHAPE,
    names.ORIGINAL_IMAGE_SPATIAL_SHAPE,
    names.SOURCE_ID,
    names.HASH,
)
_LABELS = (
    names.NUM_GROUNDTRUTH_BOXES,
    names.GROUNDTRUTH_BOXES,
    names.GROUNDTRUTH_CLASSES,
    names.GROUNDTRUTH_WEIGHTS,
)
_SHAPES = (
    names.GROUNDTRUTH_INSTANCE_MASKS,
    names.GROUNDTRUTH_INSTANCE_MASK_WEIGHTS,
    names.GROUNDTRUTH_KEYPOINTS,
    names.GROUNDTRUTH_KEYPOINT_VISIBILITIES,
    names.GROUNDTRUTH_KEYPOINT_WEIGHTS,
)
_EVALUATION_LABELS = (
    names.GROUNDTRUTH_IS_CROWD,
    names.GROUNDTRUTH_DIFFICULT,
    names.GROUNDTRUTH_AREA,
)


@dataclass(frozen=True)
class Shape:
    """What all batches of a data set have in common.

    Attributes:
        preprocess: the model's `preprocess.image`.
        num_classes: `C`.
        batch_size: `B`.
        max_boxes: `M`; objects beyond it are left out, and a warning is printed once.
        prefetched: how many batches wait to be taken; 0: tf.data decides.
        resize_masks: the model's `preprocess.masks`; None: masks keep their size, as the images must.
        keypoint_weights: `K` weights of visible keypoints; none: each weighs 1.
        scores_as_classes: whether the scores of several classes are what an object's class is, where it has them.
    """

    preprocess: Preprocess
    num_classes: int
    batch_size: int
    max_boxes: int = 100
    prefetched: int = 0
    resize_masks: ResizeMasks | None = None
    keypoint_weights: tuple[float, ...] = ()
    scores_as_classes: bool = False


def training_batches(
    source: RecordSource,
    decode: RecordDecoder,
    augment: Callable[[Example, tf.Tensor], Example],
    shape: Shape,
    *,
    seed: int | None = None,
    skip_corrupt: bool = False,
    deterministic: bool = False,
    first_batch: int = 0,
    tally: Tally | None = None,
) -> tf.data.Dataset:
    """Endless batches of augmented images with their objects.

    An image comes once an epoch, if the source shuffles in an order new for each. (The original shuffles
    across epochs: in a small data set some images then come several times before others come at all.)

    Args:
        source: the records.
        decode: makes examples of them.
        augment: changes them, by `tfod.augment.steps.augmentation` or `ObjectAlbumentations`.
        shape: what comes out.
        seed: decides every shuffle and every augmentation; None: another each time.
        skip_corrupt: reads everything once before, and leaves out the records that cannot be used.
        deterministic: same seed, same batches, at the price of waiting for the slowest image.
        first_batch: where to begin, for a run that has seen the batches before; their records are read again,
            but not decoded.
        tally: counts what is left out.

    Returns:
        A data set of `(features, labels)`, dictionaries of

            IMAGE                         float32 `[B, h, w, 3]`
            TRUE_IMAGE_SHAPE              int32 `[B, 3]`, the size without padding
            ORIGINAL_IMAGE_SPATIAL_SHAPE  int32 `[B, 2]`, `H` and `W`
            SOURCE_ID, HASH               string, int32 `[B]`

        and

            NUM_GROUNDTRUTH_BOXES         int32 `[B]`
            GROUNDTRUTH_BOXES             float32 `[B, M, 4]`, yxyx relative to the padded image
            GROUNDTRUTH_CLASSES           float32 `[B, M, C]`, 0-based: one-hot, or the record's scores
            GROUNDTRUTH_WEIGHTS           float32 `[B, M]`

        and what the decoder reads of

            GROUNDTRUTH_INSTANCE_MASKS         float32 `[B, M, h, w]`, 0 outside of the object and in the padding
            GROUNDTRUTH_INSTANCE_MASK_WEIGHTS  float32 `[B, M]`
            GROUNDTRUTH_KEYPOINTS              float32 `[B, M, K, 2]`, yx as the boxes, NaN where there is none
            GROUNDTRUTH_KEYPOINT_VISIBILITIES  bool `[B, M, K]`
            GROUNDTRUTH_KEYPOINT_WEIGHTS       float32 `[B, M, K]`, 0 where not visible

        Rows beyond the number of boxes are zero.

    Raises:
        ConfigError: images of different sizes would have to make a batch.
        DataError: there is no record.
    """
    seed = secrets.randbits(31) if seed is None else seed
    finish = _Finish(shape)
    skipped = _skipped(source.paths, decode) if skip_corrupt else []
    records = read_records(source, repeat=True, seed=seed, deterministic=deterministic, skipped=skipped)

    def prepare(number: tf.Tensor, example: Example) -> tuple[Example, Example]:
        augmented = augment(example, tf.stack([tf.constant(seed, tf.int64), number]))
        finished = finish(augmented)
        if tally is not None:
            _count(tally, number, augmented, finished, shape.num_classes)
        return _split(finished, _FEATURES, _with_shapes(_LABELS, finished))

    first = first_batch * shape.batch_size
    if getattr(augment, "runs_python", False):
        return _through_python(_map(records, lambda n, record: (n, decode(record, n)), True, first), prepare, shape)
    examples = _map(records, lambda n, record: prepare(n, decode(record, n)), deterministic, first)
    batches = _batch(examples, shape.batch_size, "train", drop_remainder=True)
    return _prefetch(batches, shape.prefetched, deterministic)


def evaluation_batches(
    source: RecordSource,
    decode: RecordDecoder,
    shape: Shape,
    *,
    retain_original_images: bool = True,
    drop_remainder: bool = False,
) -> tf.data.Dataset:
    """Every image once, without augmentation.

    Args:
        source: the records.
        decode: makes examples of them, with what only evaluation reads.
        shape: what comes out.
        retain_original_images: whether the images come as they look, too.
        drop_remainder: whether a last batch that is not full is left out.

    Returns:
        What `training_batches` gives; features may also have

            ORIGINAL_IMAGE            uint8 `[B, h, w, 3]`, resized and padded, if it is retained

        and labels have

            GROUNDTRUTH_IS_CROWD      bool `[B, M]`
            GROUNDTRUTH_DIFFICULT     bool `[B, M]`
            GROUNDTRUTH_AREA          float32 `[B, M]`, as in the record, 0 where it has none

    Raises:
        ConfigError: images of different sizes would have to make a batch.
        DataError: there is no record.
    """
    finish = _Finish(shape, retain_original_images)
    records = read_records(source, repeat=False, seed=0, deterministic=True)
    features = (*_FEATURES, names.ORIGINAL_IMAGE) if retain_original_images else _FEATURES

    def prepare(number: tf.Tensor, serialized: tf.Tensor) -> tuple[Example, Example]:
        finished = finish(decode(serialized, number))
        return _split(finished, features, _with_shapes((*_LABELS, *_EVALUATION_LABELS), finished))

    examples = _map(records, prepare, deterministic=True)
    batches = _batch(examples, shape.batch_size, "eval", drop_remainder)
    return _prefetch(batches, shape.prefetched, deterministic=True)


def _count(tally: Tally, number: tf.Tensor, augmented: Example, finished: Example, num_classes: int) -> None:
    objects, unknown, unsound = tf.unstack(augmented[OBJECT_COUNTS])
    classes = augmented[names.GROUNDTRUTH_CLASSES]
    kept = tf.size(classes)
    classless = tf.reduce_sum(tf.cast((classes < 1) | (classes > num_classes), tf.int32))
    surplus = kept - finished[names.NUM_GROUNDTRUTH_BOXES]
    cut_off = tf.maximum(objects - unknown - unsound - kept, 0)  # one step shows objects twice
    tally.count(number, objects, [unknown, unsound, cut_off, classless, surplus])


class _Finish:
    """Brings an augmented example to the form that the model wants: sizes that do not vary."""

    def __init__(self, shape: Shape, retain_original: bool = False) -> None:
        self._shape = shape
        self._max_boxes = max_boxes = shape.max_boxes
        self._retain_original = retain_original
        self._too_many = Notice(f"images with more than {max_boxes} objects lose the rest: raise max_number_of_boxes")

    def __call__(self, example: Example) -> Example:
        image, true_shape = self._shape.preprocess(example[names.IMAGE])
        size = tf.shape(image)[:2]
        boxes = example[names.GROUNDTRUTH_BOXES]
        window = tf.concat([[0.0, 0.0], tf.cast(size, tf.float32) / tf.cast(true_shape[:2], tf.float32)], 0)
        count = tf.shape(boxes)[0]
        kept = tf.minimum(count, self._max_boxes)
        objects = {
            **{name: example[name] for name in PER_OBJECT if name in example},
            names.GROUNDTRUTH_BOXES: geometry.change_frame(boxes, window),
            names.GROUNDTRUTH_CLASSES: self._classes(example, count),
            **self._shapes(example, window),
        }
        finished = {
            **example,
            **{name: self._rows(values, kept) for name, values in objects.items()},
            names.IMAGE: image,
            names.TRUE_IMAGE_SHAPE: true_shape,
            names.NUM_GROUNDTRUTH_BOXES: self._too_many.when(count > kept, example[names.SOURCE_ID], kept),
        }
        if self._retain_original:
            finished[names.ORIGINAL_IMAGE] = _like_input(example[names.IMAGE], true_shape, image)
        return finished

    def _classes(self, example: Example, count: Any) -> Any:
        classes = tf.one_hot(example[names.GROUNDTRUTH_CLASSES] - 1, self._shape.num_classes)
        if not self._shape.scores_as_classes or names.MULTICLASS_SCORES not in example:
            return classes
        scores = example[names.MULTICLASS_SCORES]
        reshaped = tf.cond(
            tf.size(scores) > 0, lambda: tf.reshape(scores, [count, self._shape.num_classes]), lambda: classes
        )
        return tf.ensure_shape(reshaped, [None, self._shape.num_classes])

    def _shapes(self, example: Example, window: Any) -> Example:
        """Masks and keypoints as the model wants them."""
        shapes = {}
        masks, points = example.get(names.GROUNDTRUTH_INSTANCE_MASKS), example.get(names.GROUNDTRUTH_KEYPOINTS)
        if masks is not None:
            shapes[names.GROUNDTRUTH_INSTANCE_MASKS] = (self._shape.resize_masks or tf.identity)(masks)
        if points is not None:
            # A step that cuts a keypoint off leaves it without a place.
            finite = tf.reduce_all(tf.math.is_finite(points), axis=-1)
            visible = example[names.GROUNDTRUTH_KEYPOINT_VISIBILITIES] & finite
            shapes[names.GROUNDTRUTH_KEYPOINTS] = points / window[2:]
            shapes[names.GROUNDTRUTH_KEYPOINT_VISIBILITIES] = visible
            weights = self._shape.keypoint_weights or (1.0,)
            shapes[names.GROUNDTRUTH_KEYPOINT_WEIGHTS] = tf.cast(visible, tf.float32) * tf.constant(weights)
        return shapes

    def _rows(self, values: Any, kept: Any) -> Any:
        """The first `kept` of the rows `[N, ...]`, then zeros: `[M, ...]`."""
        rank = values.shape.rank
        padding = [[0, self._max_boxes - kept], *([[0, 0]] * (rank - 1))]
        rows = tf.pad(values[:kept], padding)
        rows.set_shape([self._max_boxes, *values.shape[1:]])
        return rows


def _like_input(image: Any, true_shape: Any, model_input: Any) -> Any:
    """The image uint8 `[H, W, 3]` at the size of the model's input, with the same padding."""
    resized = tf.cast(resize(image, true_shape[:2]), tf.uint8)
    missing = tf.shape(model_input)[:2] - true_shape[:2]
    padded = tf.pad(resized, [[0, missing[0]], [0, missing[1]], [0, 0]])
    padded.set_shape([*model_input.shape[:2], 3])
    return padded


def _skipped(paths: Sequence[str], decode: RecordDecoder) -> list[tuple[str, int]]:
    found = [record for path in paths for record in find_corrupt(path, decode)]
    for record in found:
        print(f"skipped: {record.error.what}; {record.error.where}", file=sys.stderr, flush=True)
    print(f"records that cannot be used and are skipped: {len(found)}", file=sys.stderr, flush=True)
    return [(record.path, record.number) for record in found]


def _with_shapes(labels: Sequence[str], example: Example) -> Sequence[str]:
    return [*labels, *(name for name in _SHAPES if name in example)]


def _split(example: Example, features: Sequence[str], labels: Sequence[str]) -> tuple[Example, Example]:
    return {name: example[name] for name in features}, {name: example[name] for name in labels}


def _map(records: tf.data.Dataset, prepare: Callable[..., Any], deterministic: bool, first: int = 0) -> tf.data.Dataset:
    function = tf.autograph.experimental.do_not_convert(prepare)
    return records.enumerate().skip(first).map(function, tf.data.AUTOTUNE, deterministic=deterministic)


def _through_python(decoded: tf.data.Dataset, prepare: Callable[..., Any], shape: Shape) -> tf.data.Dataset:
    """Batches of images that Python goes over."""
    examples = decoded.map(tf.autograph.experimental.do_not_convert(prepare))
    return while_waited_for(_batch(examples, shape.batch_size, "train", drop_remainder=True))


def _batch(
    examples: tf.data.Dataset, batch_size: int, section: Literal["train", "eval"], drop_remainder: bool
) -> tf.data.Dataset:
    one_size = examples.element_spec[0][names.IMAGE].shape.is_fully_defined()
    refuse(mixed_sizes_faults(batch_size, one_size=one_size, section=section))
    return examples.batch(batch_size, drop_remainder=drop_remainder)


def _prefetch(batches: tf.data.Dataset, prefetched: int, deterministic: bool) -> tf.data.Dataset:
    options = tf.data.Options()
    options.deterministic = deterministic
    return batches.prefetch(prefetched or tf.data.AUTOTUNE).with_options(options)
