"""What a model says of a window: a detector, or any SavedModel that classifies images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod.errors import CheckpointError, ConfigError
from tfod.inference.detector import Detector
from tfod.inference.images import fitted
from tfod.inference.recognition import find_exported_model
from tfod.stores import is_file

__all__ = ["load_scorer"]

Score = Callable[[NDArray[np.uint8]], float]


def load_scorer(directory: Path | str, class_id: int | None = None) -> Score:
    """What gives the score, 0 to 1, of a window, uint8 `[H, W, 3]`.

    Of a detector it is the best score of a box; of a classifier, which takes images `[B, H, W, 3]` of 0 to 255 and
    gives probabilities `[B, C]`, that of a class.

    Args:
      directory: An exported detector, or a SavedModel that can be called.
      class_id: The only class that counts: a detector's id, from 1, or a classifier's column, from 0.

    Raises:
      CheckpointError: it is no model, or one that takes or gives something else.
    """
    path = find_exported_model(directory)
    try:
        detector = Detector.from_saved_model(path)
    except CheckpointError:
        if is_file(path):
            raise
        return _classifier(path, class_id)

    def best(window: NDArray[np.uint8]) -> float:
        found = detector.detect(window)
        scores = found.scores if class_id is None else found.scores[found.class_ids == class_id]
        return float(scores.max(initial=0.0))

    return best


def _classifier(path: str, class_id: int | None) -> Score:
    call, (height, width), dtype = _callable(_load(path), path)

    def probability(window: NDArray[np.uint8]) -> float:
        if height and width:
            window = fitted(window, height, width)
        probabilities = call(tf.cast(window[np.newaxis], dtype)).numpy().reshape(-1)
        if class_id is not None and not 0 <= class_id < len(probabilities):
            cure = f"give 0 to {len(probabilities) - 1}"
            raise ConfigError(f"the model has no class {class_id}", "--class_id", cure)
        return float(probabilities.max() if class_id is None else probabilities[class_id])

    return probability


def _callable(model: Any, path: str) -> tuple[Callable[[tf.Tensor], tf.Tensor], tuple[int | None, ...], tf.DType]:
    """What takes images `[1, H, W, 3]` and gives probabilities, the size of image that it takes, and the type."""
    signature = model.signatures.get("serving_default") if hasattr(model, "signatures") else None
    if signature is None and callable(model):
        return model, (None, None), tf.float32
    inputs = signature.structured_input_signature[1] if signature is not None else {}
    if len(inputs) == 1:
        name, spec = next(iter(inputs.items()))
    if signature is not None and len(inputs) == 1 and spec.shape.rank == 4 and spec.shape[3] == 3:
        return lambda images: next(iter(signature(**{name: images}).values())), spec.shape[1:3], spec.dtype
    cure = "export the classifier with a signature serving_default that takes images [B, H, W, 3]"
    raise CheckpointError("the model takes no images", path, cure)


def _load(path: str) -> Any:
    try:
        return tf.saved_model.load(path)
    except (OSError, ValueError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"the model is damaged: {reason}", path, "export the model again") from error
