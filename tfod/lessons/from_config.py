"""The anchors of a pipeline config, and how they are matched, for the lesson about them."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from tfod import names
from tfod.boxes.from_config import anchors_from_config, matcher_from_config, similarity_from_config
from tfod.config.faults.anchors import ANCHORS_OF_SEVERAL_MAPS
from tfod.config.pipeline import PipelineConfig
from tfod.config.rules.walk import detection_model
from tfod.errors import ConfigError
from tfod.lessons.anchors import Level, match_anchors
from tfod.models.build import build_model

__all__ = ["SeenByNetwork", "see_as_network"]


class SeenByNetwork(NamedTuple):
    """An image as the network sees it, uint8 `[h, w, 3]`, objects `[N, 4]`, yxyx in its pixels, and the anchors there.

    `matched_overlap` is the similarity from which on an anchor takes an object.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    levels: list[Level]
    matched_overlap: float


def see_as_network(config: PipelineConfig, source: str, image: NDArray[np.uint8], boxes: ArrayLike) -> SeenByNetwork:
    """Puts an image before the model of a config.

    The model is built, with weights at random: how large its feature maps are only it can say.

    Args:
      config: Of an SSD.
      source: Where it came from, for messages.
      image: uint8 `[H, W, 3]`.
      boxes: The objects, `[N, 4]`, yxyx in pixels of the image.

    Raises:
      ConfigError: the config has no anchors on several feature maps, or cannot be built.
    """
    found = detection_model(config)
    if found is None or found[0] != "ssd":
        what = f"a model of kind {found[0]} has no anchors that are shown here" if found else "the config has no model"
        raise ConfigError(what, source, "name the config of an SSD")
    ssd = found[1]
    anchors = anchors_from_config(ssd.anchor_generator, "model.ssd.anchor_generator", kinds=ANCHORS_OF_SEVERAL_MAPS)
    similarity = similarity_from_config(ssd.similarity_calculator, "model.ssd.similarity_calculator")
    matcher = matcher_from_config(ssd.matcher, "model.ssd.matcher")
    model = build_model(config.model)
    inputs, true_shapes = model.preprocess(tf.constant(image[np.newaxis]))
    prediction = model.predict(inputs, true_shapes, training=False)
    grids = [(int(features.shape[1]), int(features.shape[2])) for features in prediction[names.FEATURE_MAPS]]
    seen = np.clip(model.preprocess.denormalize(inputs)[0].numpy(), 0, 255).round().astype(np.uint8)
    scale = true_shapes[0, :2].numpy() / image.shape[:2]
    scaled = np.asarray(boxes, np.float64).reshape(-1, 4) * np.tile(scale, 2)
    levels = match_anchors(anchors, grids, seen.shape[:2], scaled, similarity, matcher)
    return SeenByNetwork(np.broadcast_to(seen, (*seen.shape[:2], 3)), scaled, levels, matcher.matched_threshold)
