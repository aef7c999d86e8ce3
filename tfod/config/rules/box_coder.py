"""The box coder, beside that of the model that training starts from."""

import os
from collections.abc import Iterator
from typing import Any

from tfod.config.diagnostics import Diagnostic, warning
from tfod.config.pipeline import read_pipeline_config
from tfod.errors import ConfigError
from tfod.protos.box_coder_pb2 import BoxCoder

__all__ = ["check_box_coder"]

_WHERE = "model.ssd.box_coder"
_CONFIG = "pipeline.config"
# What heads predict is divided by these before it corrects an anchor.
_OF_CENTRES, _OF_SIZES = ("y_scale", "x_scale"), ("height_scale", "width_scale", "length_scale")


def check_box_coder(model: Any, checkpoint: str, kind: str) -> Iterator[Diagnostic]:
    """Whether the `pipeline.config` beside a checkpoint, if there is one, means other boxes by the same predictions.

    `model`: the config's. `checkpoint`: a prefix, or a folder. `kind`: the type, which says what of it is restored.
    """
    path = _config_beside(checkpoint)
    if path is None or kind == "classification":
        return
    try:
        theirs = read_pipeline_config(path).model
    except ConfigError:  # of another program, say
        return
    if model.HasField("ssd") and theirs.HasField("ssd"):
        yield from _differences(model.ssd.box_coder, theirs.ssd.box_coder, path, kind)


def _config_beside(place: str) -> str | None:
    """That of a run lies in the folder of its checkpoints, that of an archive or an export beside `checkpoint/`."""
    folder = place.rstrip("/") if os.path.isdir(place) else os.path.dirname(place)
    above = [os.path.dirname(folder)] if os.path.basename(folder) == "checkpoint" else []
    paths = [os.path.join(each, _CONFIG) for each in (folder, *above)]
    return next(filter(os.path.isfile, paths), None)


def _differences(ours: BoxCoder, theirs: BoxCoder, path: str, kind: str) -> Iterator[Diagnostic]:
    name, other = ours.WhichOneof("box_coder_oneof"), theirs.WhichOneof("box_coder_oneof")
    if name is None or other is None:
        return
    needs = "new heads learn this one, but " if kind == "detection" else ""
    if name != other:
        what = f"the box coder is a {name}, in {path} it is a {other}"
        effect = f"{needs}what the checkpoint's own heads predict would be read as other boxes"
        yield warning("box-coder", f"{what}: {effect}", _WHERE, f"take box_coder {{ {other} {{ ... }} }} from there")
        return
    mine, there = _numbers(getattr(ours, name)), _numbers(getattr(theirs, name))
    unlike = [field for field in mine if mine[field] != there[field]]
    if unlike:
        numbers = ", ".join(f"{field} is {mine[field]:g}, there {there[field]:g}" for field in unlike)
        effects = " and ".join(_effects(unlike, mine, there))
        yield warning(
            "box-coder",
            f"the box coder is not that of {path}: {numbers}; {needs}what the checkpoint's own heads predict would "
            f"{effects} as it should",
            f"{_WHERE}.{name}.{unlike[0]}",
            " ".join(f"--set {_WHERE}.{name}.{field}={there[field]:g}" for field in unlike),
        )


def _effects(unlike: list[str], mine: dict[str, float], there: dict[str, float]) -> Iterator[str]:
    for fields, verb, adverb in (
        (_OF_CENTRES, "move boxes", "far"),
        (_OF_SIZES, "change their size", "much"),
        (("stddev",), "move edges", "far"),
    ):
        field = next((field for field in fields if field in unlike), None)
        if field and mine[field] and there[field]:
            times = mine[field] / there[field] if field == "stddev" else there[field] / mine[field]
            yield f"{verb} {times:g} times as {adverb}"


def _numbers(coder: Any) -> dict[str, float]:
    return {field.name: getattr(coder, field.name) for field in coder.DESCRIPTOR.fields}
