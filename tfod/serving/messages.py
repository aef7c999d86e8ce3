"""The bodies of predict requests and their answers, as TensorFlow Serving's REST interface has them.

Letters: `B` images, `H W` pixels of one image.
"""

import base64
import binascii
import io
import json
import struct
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tfod import names
from tfod.errors import DataError
from tfod.inference.images import fitted, read_image
from tfod.serving.limits import Limits, RefusedError

__all__ = ["RAW", "Asked", "answer", "read_request"]

RAW = (names.RAW_DETECTION_BOXES, names.RAW_DETECTION_SCORES, names.RAW_DETECTION_FEATURE_MAPS)
"""Outputs of all anchors: up to millions of numbers, left out of an answer that does not ask for them."""

_SIGNATURE = "serving_default"
_KEYS = ("instances", "inputs", "signature_name", "output_filter")
# Decoders of other formats start programs (EPS) or are seldom looked after.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")
Image.init()  # else Pillow knows a few of them only
_FORMATS_TEXT = "JPEG, PNG, GIF, BMP, WebP or TIFF"


@dataclass(frozen=True)
class Asked:
    """A predict request: images uint8 `[H, W, 3]`, RGB; the outputs wanted; and whether by row or by column."""

    images: list[NDArray[np.uint8]]
    outputs: list[str]
    by_row: bool


def read_request(
    body: bytes,
    limits: Limits,
    image_size: tuple[int | None, int | None],
    outputs: Collection[str],
    hold: Callable[[int], None],
) -> Asked:
    """The images of a request's body, decoded.

    Args:
      body: JSON.
      limits: What is too much.
      image_size: height and width that the model takes; encoded images are resized to it, arrays must have it.
      outputs: the names of what the model gives.
      hold: is told the bytes of every image before it is decoded, and may refuse.

    Raises:
      RefusedError: what is wrong, and at which place of the body.
    """
    content = _json(body)
    unknown = [key for key in content if key not in _KEYS]
    if unknown:
        _refuse(f"the request has a key {unknown[0]!r}; it may have {', '.join(_KEYS)}")
    if content.get("signature_name", _SIGNATURE) not in ("", _SIGNATURE):
        _refuse(f"Serving signature name: {content['signature_name']!r} not found in signature def")
    if ("instances" in content) == ("inputs" in content):
        _refuse("the request needs either 'instances' (row format) or 'inputs' (column format)")
    key = "instances" if "instances" in content else "inputs"
    values = _only_input(content[key], key) if key == "inputs" else content[key]
    if not isinstance(values, list) or not values:
        _refuse(f"{key}: a list of images is needed, with one at least")
    if len(values) > limits.images:
        _refuse(f"{key}: {len(values)} images; a request may have {limits.images}")
    wanted = _wanted(content.get("output_filter"), outputs)
    images = [
        _image(_only_input(value, f"{key}[{number}]"), f"{key}[{number}]", limits, image_size, hold)
        for number, value in enumerate(values)
    ]
    return Asked(images, wanted, key == "instances")


def answer(found: Sequence[Mapping[str, NDArray[Any]]], asked: Asked) -> bytes:
    """The answer's body: of each image the outputs that were asked for, arrays without the batch's dimension.

    Raises RefusedError where a number is none.
    """
    rows = [{name: one[name].tolist() for name in asked.outputs} for one in found]
    columns = {name: [row[name] for row in rows] for name in asked.outputs}
    content: dict[str, Any] = {"predictions": rows} if asked.by_row else {"outputs": columns}
    if len(asked.outputs) == 1:  # as TensorFlow Serving: an only output has no name
        only = columns[asked.outputs[0]]
        content = dict.fromkeys(content, only)
    try:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
    except ValueError as error:
        raise RefusedError(500, "the model gave numbers that are not finite") from error


def _refuse(message: str) -> NoReturn:
    raise RefusedError(400, message)


def _json(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body, parse_constant=lambda name: _refuse(f"JSON has no number {name}"))
    except json.JSONDecodeError as error:
        _refuse(f"JSON Parse error: {error.msg} at line {error.lineno}, column {error.colno}")
    except UnicodeDecodeError:
        _refuse("JSON Parse error: the body is not UTF-8")
    except RecursionError:
        _refuse("JSON Parse error: nested too deeply")
    except ValueError as error:  # an integer of thousands of digits
        _refuse(f"JSON Parse error: {str(error).partition(';')[0]}")
    if not isinstance(content, dict):
        _refuse("the request is no JSON object")
    return content


def _only_input(value: Any, where: str) -> Any:
    """What belongs to the model's input: the value itself, or what an object has under the input's name."""
    if not isinstance(value, dict) or "b64" in value:
        return value
    if list(value) != [names.INPUT_TENSOR]:
        given = ", ".join(map(repr, list(value)[:5])) or "nothing"
        _refuse(f"{where}: the model's only input is {names.INPUT_TENSOR!r}; given: {given}")
    return value[names.INPUT_TENSOR]


def _wanted(asked: Any, outputs: Collection[str]) -> list[str]:
    if asked is None:
        return [name for name in outputs if name not in RAW]
    if not isinstance(asked, list) or not asked or not all(isinstance(name, str) for name in asked):
        _refuse("output_filter: a list of names of outputs is needed")
    unknown = [name for name in asked if name not in outputs]
    if unknown:
        _refuse(f"output_filter: there is no output {unknown[0]!r}; there are {', '.join(outputs)}")
    return list(dict.fromkeys(asked))


def _image(
    value: Any, where: str, limits: Limits, image_size: tuple[int | None, int | None], hold: Callable[[int], None]
) -> NDArray[np.uint8]:
    if isinstance(value, dict):
        image = _decoded(value, where, limits, hold)
        height, width = (given or own for given, own in zip(image_size, image.shape[:2], strict=True))
        return fitted(image, height, width)
    image = _pixels(value, where)
    if any(size not in (None, side) for size, side in zip(image_size, image.shape, strict=False)):
        taken = " x ".join("any" if size is None else str(size) for size in image_size)
        _refuse(f"{where}: {image.shape[0]} x {image.shape[1]} pixels; the model takes {taken}")
    return image


def _decoded(value: dict[str, Any], where: str, limits: Limits, hold: Callable[[int], None]) -> NDArray[np.uint8]:
    """An encoded image, `{"b64": ...}`, upright and RGB."""
    text = value["b64"]
    if len(value) > 1 or not isinstance(text, str):
        _refuse(f"{where}: an encoded image is an object with the only key b64 and a text")
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        hint = "; leave out what stands before the comma" if text.startswith("data:") else ""
        _refuse(f"{where}.b64: this is not Base64{hint}")
    width, height = _size(data, where)
    if width * height > limits.pixels:
        _refuse(f"{where}.b64: {width} x {height} pixels; an image may have {limits.pixels}")
    hold(3 * width * height)
    try:
        return read_image(io.BytesIO(data), where)
    except DataError as error:
        _refuse(f"{where}.b64: {error.what}")


def _size(data: bytes, where: str) -> tuple[int, int]:
    """Width and height by the header, before anything is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                return opened.size
    except Image.DecompressionBombError:
        _refuse(f"{where}.b64: the image has too many pixels")
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error):
        _refuse(f"{where}.b64: this is not an image that can be read ({_FORMATS_TEXT})")


def _pixels(value: Any, where: str) -> NDArray[np.uint8]:
    """Nested lists `[H][W][3]` of whole numbers from 0 to 255."""
    if not isinstance(value, list):
        _refuse(f"{where}: an image is a list of rows of pixels, or an object with b64; given: {_kind(value)}")
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):
        _refuse(f"{where}: rows or pixels differ in length")
    if array.dtype.kind not in "iuf":
        _refuse(f"{where}: pixels are whole numbers from 0 to 255")
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        shape = ", ".join(map(str, array.shape))
        _refuse(f"{where}: the shape is [{shape}]; an image is [height, width, 3]")
    if array.min() < 0 or array.max() > 255 or (array.dtype.kind == "f" and (array % 1).any()):
        _refuse(f"{where}: pixels are whole numbers from 0 to 255")
    return array.astype(np.uint8)


def _kind(value: Any) -> str:
    return {type(None): "null", bool: "true or false", str: "a text"}.get(type(value), "a number")
