"""Models of the zoos by the names that people use."""

import difflib

from tfod.config.zoo_models import MODELS, ZooModel
from tfod.config.zoo_models_tf1 import TF1_MODELS
from tfod.errors import ConfigError

__all__ = ["ALL_MODELS", "find_model", "nearest_names", "search_models"]

ALL_MODELS = (*MODELS, *TF1_MODELS)
"""The models of both zoos, TensorFlow 2's first."""
_MOST_PROPOSED = 3


def find_model(name: str) -> ZooModel:
    """The model of the zoo that has this name: the archive's, the config's, or either without what follows the size.

    Raises ConfigError, with the nearest names, where there is none.

    >>> find_model("ssd_efficientdet_d0_512x512").name
    'efficientdet_d0_coco17_tpu-32'
    """
    wanted = name.strip().lower()
    for ending in (".tar.gz", ".config"):
        wanted = wanted.removesuffix(ending)
    for model in ALL_MODELS:
        if wanted in model.names:
            return model
    proposed = nearest_names(wanted)
    cure = f"did you mean {' or '.join(proposed)}?" if proposed else "tfod zoo list shows all names"
    raise ConfigError(f"the zoo has no model {name!r}", "the name of the model", cure)


def search_models(words: list[str] | tuple[str, ...]) -> tuple[ZooModel, ...]:
    """The models of which some name holds every word, in any case; all of them without a word."""
    lowered = [word.lower() for word in words]
    return tuple(model for model in ALL_MODELS if any(all(word in name for word in lowered) for name in model.names))


def nearest_names(name: str) -> list[str]:
    """Short names of at most three models that `name` may have been meant for: those that hold it, else the likest.

    >>> nearest_names("fpnlight_320x320")
    ['ssd_mobilenet_v2_fpnlite_320x320']
    """
    found = [model.short_name for model in search_models([name])]
    if not found:
        owners = {each: model.short_name for model in ALL_MODELS for each in model.names}
        found = [owners[each] for each in difflib.get_close_matches(name, owners, n=2 * _MOST_PROPOSED)]
    if not found:  # a part of a name, misspelt
        parts = {part for model in ALL_MODELS for part in _parts(model.short_name, words=name.count("_") + 1)}
        likest = difflib.get_close_matches(name, parts, n=1, cutoff=0.7)
        found = [model.short_name for part in likest for model in search_models([part])]
    return list(dict.fromkeys(found))[:_MOST_PROPOSED]


def _parts(name: str, words: int) -> list[str]:
    """Everything in `name` that has so many words."""
    all_words = name.split("_")
    return ["_".join(all_words[first : first + words]) for first in range(len(all_words) - words + 1)]
