"""Losses of segmentation: of float32 logits `[B, h, w, C]` and int32 masks `[B, h, w]`, to a float32 scalar.

Pixels whose mask is VOID count nowhere. `p` is the softmax of the logits, `g` the one-hot mask.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from tfod.errors import ConfigError
from tfod.segmentation.classes import VOID

__all__ = [
    "LOSSES", "Loss", "crossentropy", "dice", "focal", "jaccard", "loss_terms", "lovasz", "read_losses", "tversky",
]  # fmt: skip

Loss = Callable[[Any, Any], Any]

# Keeps a quotient of sums over pixels defined where a class is not there; of the weight of one pixel.
_ONE_PIXEL = 1.0


def crossentropy(logits: Any, masks: Any, class_weights: Sequence[float] | None = None) -> Any:
    """Mean over pixels of -log p of the true class; with `class_weights` (C numbers) a weighted mean."""
    return _pixel_loss(logits, masks, class_weights, lambda negative_log: negative_log)


def focal(logits: Any, masks: Any, class_weights: Sequence[float] | None = None, gamma: float = 2.0) -> Any:
    """Mean over pixels of -(1 - p)^gamma log p of the true class: Lin et al., "Focal Loss", 2017.

    Pixels that are right already count for little: with gamma 2 and p = 0.9 a hundredth.
    """
    return _pixel_loss(logits, masks, class_weights, lambda loss: (1.0 - tf.exp(-loss)) ** gamma * loss)


def dice(logits: Any, masks: Any) -> Any:
    """1 - 2 Σ p g / (Σ p + Σ g), the mean over the classes in the batch: Milletari et al., "V-Net", 2016.

    The sums go over all pixels of the batch, as those of the metric go over all pixels of the data set.
    """
    return tversky(logits, masks, 0.5, 0.5)


def jaccard(logits: Any, masks: Any) -> Any:
    """1 - Σ p g / (Σ p + Σ g - Σ p g), the mean over the classes in the batch: what IoU is for probabilities."""
    return tversky(logits, masks, 1.0, 1.0)


def tversky(logits: Any, masks: Any, alpha: float = 0.3, beta: float = 0.7) -> Any:
    """1 - TP / (TP + alpha FP + beta FN) of probabilities, the mean over the classes in the batch.

    Salehi et al., "Tversky loss function for image segmentation", 2017: with beta above alpha it costs more to miss
    a pixel of a class than to invent one. TP = Σ p g, FP = Σ p (1 - g), FN = Σ (1 - p) g.
    """
    probabilities, truth = _valid_pixels(logits, masks)
    hit = tf.reduce_sum(probabilities * truth, axis=0)
    claimed, true = tf.reduce_sum(probabilities, axis=0), tf.reduce_sum(truth, axis=0)
    missing = alpha * (claimed - hit) + beta * (true - hit)
    index = (hit + _ONE_PIXEL) / (hit + missing + _ONE_PIXEL)
    return _mean_of_present(1.0 - index, true)


def lovasz(logits: Any, masks: Any) -> Any:
    """The Lovász extension of 1 - IoU, the mean over the classes in the batch.

    Berman et al., "The Lovász-Softmax loss", 2018. Its gradient for a pixel is how much the IoU changes when the
    pixels are set right in the order of their errors. It sorts all pixels of the batch for each class.
    """
    probabilities, truth = _valid_pixels(logits, masks)
    losses = [_lovasz_of_class(truth[:, c], probabilities[:, c]) for c in range(logits.shape[-1])]
    return _mean_of_present(tf.stack(losses), tf.reduce_sum(truth, axis=0))


def _lovasz_of_class(truth: Any, probabilities: Any) -> Any:
    errors = tf.abs(truth - probabilities)
    order = tf.argsort(errors, direction="DESCENDING")
    sorted_truth = tf.gather(truth, order)
    total = tf.reduce_sum(truth)
    intersection = total - tf.cumsum(sorted_truth)
    union = total + tf.cumsum(1.0 - sorted_truth)
    index = 1.0 - intersection / tf.maximum(union, _ONE_PIXEL)
    steps = tf.concat([index[:1], index[1:] - index[:-1]], axis=0)
    return tf.reduce_sum(tf.gather(errors, order) * tf.stop_gradient(steps))


class _Kind(NamedTuple):
    function: Callable[..., Any]
    parameters: int  # how many numbers may stand in parentheses after its name
    by_pixel: bool  # whether class weights mean something to it


LOSSES = {
    "crossentropy": _Kind(crossentropy, 0, True),
    "focal": _Kind(focal, 1, True),
    "dice": _Kind(dice, 0, False),
    "jaccard": _Kind(jaccard, 0, False),
    "tversky": _Kind(tversky, 2, False),
    "lovasz": _Kind(lovasz, 0, False),
}
_SHORT = {"ce": "crossentropy"}
_TERM = re.compile(r"(?:([\d.]+)\*)?([a-z_]+)(?:\(([\d.,]*)\))?")


def read_losses(text: str, class_weights: Sequence[float] | None = None) -> dict[str, Loss]:
    """The terms of the loss that a text names, by name: a sum of LOSSES, each with a factor and numbers if wanted.

    `crossentropy+dice`, `0.5*focal(2)+lovasz`, `tversky(0.3,0.7)`; `ce` is short for crossentropy. Class weights go to
    crossentropy and focal. Raises ConfigError for anything else.
    """

    def term(factor: float, name: str, numbers: list[float]) -> Loss:
        first = [class_weights] if LOSSES[name].by_pixel else []
        return lambda logits, masks: factor * LOSSES[name].function(logits, masks, *first, *numbers)

    return {name: term(factor, name, numbers) for factor, name, numbers in loss_terms(text)}


def loss_terms(text: str) -> list[tuple[float, str, list[float]]]:
    """Factor, name and numbers of each term of a loss as `read_losses` reads it.

    >>> loss_terms("ce + 0.5*tversky(0.3, 0.7)")
    [(1.0, 'crossentropy', []), (0.5, 'tversky', [0.3, 0.7])]
    """
    terms: list[tuple[float, str, list[float]]] = []
    for part in text.replace(" ", "").split("+"):
        match = _TERM.fullmatch(part)
        name = _SHORT.get(match[2], match[2]) if match else ""
        if match is None or name not in LOSSES:
            cure = f"write a sum of {', '.join(LOSSES)}, as in crossentropy+0.5*dice"
            raise ConfigError(f"the loss {part!r} is unknown", f"--loss {text}", cure)
        try:
            factor = float(match[1] or 1)
            numbers = [float(number) for number in (match[3] or "").split(",") if number]
        except ValueError as error:
            raise ConfigError(f"a number of {part!r} cannot be read", f"--loss {text}", "write it as 0.5") from error
        if len(numbers) > LOSSES[name].parameters or not math.isfinite(factor):
            cure = "tversky takes two numbers, focal one, the others none"
            raise ConfigError(f"{name} got {len(numbers)} numbers", f"--loss {text}", cure)
        if any(name == earlier for _, earlier, _ in terms):
            raise ConfigError(f"{name} is named twice", f"--loss {text}", "give it one factor")
        terms.append((factor, name, numbers))
    return terms


def _pixel_loss(logits: Any, masks: Any, class_weights: Sequence[float] | None, reshape: Callable[[Any], Any]) -> Any:
    """Weighted mean over the pixels that count; 0 where none does."""
    counts = tf.not_equal(masks, VOID)
    classes = tf.where(counts, masks, 0)
    losses = reshape(tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits))
    weights = tf.cast(counts, tf.float32)
    if class_weights is not None:
        weights *= tf.gather(tf.constant(class_weights, tf.float32), classes)
    return tf.math.divide_no_nan(tf.reduce_sum(losses * weights), tf.reduce_sum(weights))


def _valid_pixels(logits: Any, masks: Any) -> tuple[Any, Any]:
    """p and g as `[N, C]`, both 0 for pixels that are VOID: there they add nothing to any sum, nor to any error."""
    num_classes = logits.shape[-1]
    masks = tf.reshape(masks, [-1])
    counts = tf.cast(tf.not_equal(masks, VOID), tf.float32)[:, tf.newaxis]
    probabilities = tf.nn.softmax(tf.reshape(logits, [-1, num_classes])) * counts
    truth = tf.one_hot(tf.where(tf.equal(masks, VOID), -1, masks), num_classes)
    return probabilities, truth


def _mean_of_present(losses: Any, pixels: Any) -> Any:
    """Mean of `losses` `[C]` over the classes that have pixels; 0 where none has."""
    present = tf.cast(pixels > 0, tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(losses * present), tf.reduce_sum(present))
