"""Non-max suppression of a batch. Letters: `B` images, `A` boxes, `C` classes, `K` columns, `N` detections at most."""

from collections.abc import Callable

import tensorflow as tf

from tfod import names
from tfod.boxes.nms import MulticlassNMS

__all__ = ["Suppress", "candidate_scores", "suppress", "true_windows"]

Suppress = Callable[..., dict[str, tf.Tensor]]
"""Takes what `suppress` takes, and gives at least boxes, scores, classes and their number as that gives them."""

_SIGNATURE = {
    names.DETECTION_BOXES: tf.float32,
    names.DETECTION_SCORES: tf.float32,
    names.DETECTION_CLASSES: tf.float32,
    names.DETECTION_MULTICLASS_SCORES: tf.float32,
    names.DETECTION_ANCHOR_INDICES: tf.int32,
    names.NUM_DETECTIONS: tf.float32,
}
_NO_CANDIDATE = -1.0  # a score that is above no threshold


def suppress(
    nms: MulticlassNMS,
    boxes: tf.Tensor,
    scores: tf.Tensor,
    windows: tf.Tensor,
    *,
    first_class: int,
    counts: tf.Tensor | None = None,
) -> dict[str, tf.Tensor]:
    """The best detections of each image by the original's names, best first, padded with zeros.

    Args:
      nms: Which suppression.
      boxes: float32 `[B, A, 4]`, or `[B, A, C, 4]` with a box for each class; yxyx, in the unit of the windows.
      scores: float32 `[B, A, K]`.
      windows: float32 `[B, 4]`, yxyx; to these detections are clipped.
      first_class: The first column of the scores that is no background.
      counts: int32 `[B]`, how many boxes of an image are no padding; None for all.

    Returns:
      Boxes `[B, N, 4]`, scores and classes from 0 `[B, N]`, all scores of the same boxes `[B, N, K]`, their rows
      int32 `[B, N]`, and how many detections are no padding `[B]`; float32 but for the rows.
    """
    candidates = candidate_scores(scores, first_class, counts)

    def one_image(elements: tuple[tf.Tensor, ...]) -> dict[str, tf.Tensor]:
        boxes, scores, candidates, window = elements
        selection = nms(boxes, candidates, window)
        valid = tf.range(nms.max_total) < selection.count
        multiclass = tf.gather(scores, selection.indices)
        return {
            names.DETECTION_BOXES: selection.boxes,
            names.DETECTION_SCORES: selection.scores,
            names.DETECTION_CLASSES: tf.cast(selection.classes, tf.float32),
            names.DETECTION_MULTICLASS_SCORES: tf.where(valid[:, tf.newaxis], multiclass, 0.0),
            names.DETECTION_ANCHOR_INDICES: selection.indices,
            names.NUM_DETECTIONS: tf.cast(selection.count, tf.float32),
        }

    elements = boxes, scores, candidates, windows
    if boxes.shape[0] == 1:
        # The usual case of inference: a loop of one costs more than its body.
        only = one_image(tuple(element[0] for element in elements))
        return {name: value[tf.newaxis] for name, value in only.items()}
    return tf.map_fn(one_image, elements, fn_output_signature=_SIGNATURE)


def candidate_scores(scores: tf.Tensor, first_class: int, counts: tf.Tensor | None) -> tf.Tensor:
    """Of scores float32 `[B, A, K]` those of classes from a column on, `[B, A, C]`; of padding they are above no
    threshold. `counts` are int32 `[B]`, how many boxes of an image are no padding; None for all."""
    candidates = scores[..., first_class:]
    if counts is None:
        return candidates
    return tf.where(tf.sequence_mask(counts, tf.shape(scores)[1])[..., tf.newaxis], candidates, _NO_CANDIDATE)


def true_windows(true_shapes: tf.Tensor, height: int | tf.Tensor = 1, width: int | tf.Tensor = 1) -> tf.Tensor:
    """The part of each input that is no padding, float32 `[B, 4]`, yxyx.

    Args:
      true_shapes: int32 `[B, 3]`, of the inputs without padding.
      height, width: What a side is a share of: of the padded input for shares in [0, 1], 1 for pixels.
    """
    true_size = tf.cast(true_shapes[:, :2], tf.float32) / tf.cast([height, width], tf.float32)
    return tf.concat([tf.zeros_like(true_size), true_size], axis=1)
