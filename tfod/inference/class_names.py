"""The names of a model's classes, and the lines between its keypoints, from what lies beside it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfod.stores import is_file, is_remote, normal

__all__ = [
    "LABEL_MAP",
    "config_beside",
    "edges_beside",
    "label_map_beside",
    "label_map_of",
    "names_beside",
    "names_in_config",
    "names_in_label_map",
]

LABEL_MAP = "label_map.pbtxt"
"""What an export's label map is called."""

_LABEL_MAPS = (LABEL_MAP, "labelmap.pbtxt")


def config_beside(place: Path | str) -> str | None:
    """The `pipeline.config` in a model's folder, in the one above it, or beside a file; None where there is none."""
    return _beside(place, ("pipeline.config",))


def label_map_beside(place: Path | str) -> str | None:
    """The label map in a model's folder, in the one above it, or beside a file; None where there is none."""
    return _beside(place, _LABEL_MAPS)


def names_beside(place: Path | str) -> Mapping[int, str]:
    """Class id to name: of the label map in a model's folder or in the one above it, or of the config there.

    Raises:
      ConfigError: One of these files is damaged.
    """
    from tfod.config.label_map import read_label_map

    label_map = label_map_beside(place)
    if label_map is not None:
        return read_label_map(label_map).names
    config = config_beside(place)
    if config is None:
        return {}
    from tfod.config.pipeline import read_pipeline_config

    return names_in_config(read_pipeline_config(config))


def edges_beside(place: Path | str) -> Sequence[tuple[int, int]]:
    """Pairs of numbers of keypoints with a line between, by the config in a model's folder or in the one above it.

    Raises:
      ConfigError: The config is damaged.
    """
    config = config_beside(place)
    if config is None:
        return ()
    from tfod.config.keypoints import keypoint_edges
    from tfod.config.pipeline import read_pipeline_config

    return keypoint_edges(read_pipeline_config(config).eval_config)


def names_in_config(config: Any) -> Mapping[int, str]:
    """Of the first label map of a TrainEvalPipelineConfig, where it is there; COCO's of a config of the zoo; else none.

    Raises:
      ConfigError: The label map is damaged.
    """
    from tfod.config.coco import COCO_CLASSES, is_of_coco

    return names_in_label_map(config) or (COCO_CLASSES if is_of_coco(config) else {})


def names_in_label_map(config: Any) -> Mapping[int, str]:
    """Of the label map that `label_map_of` finds; else none.

    Raises:
      ConfigError: The label map is damaged.
    """
    from tfod.config.label_map import read_label_map

    place = label_map_of(config)
    return read_label_map(place).names if place is not None else {}


def label_map_of(config: Any) -> str | None:
    """The first label map that a TrainEvalPipelineConfig names and that is there; None where there is none."""
    places = [reader.label_map_path for reader in (*config.eval_input_reader, config.train_input_reader)]
    return next((str(place) for place in places if place and is_file(place)), None)


def _beside(place: Path | str, wanted: tuple[str, ...]) -> str | None:
    folder = normal(place) if is_remote(place) else os.path.abspath(place)
    folders = (folder, os.path.dirname(folder.rstrip("/")))
    return next(filter(is_file, (os.path.join(one, name) for one in folders for name in wanted)), None)
