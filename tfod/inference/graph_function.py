"""Frozen graphs and models of TensorFlow 1 as functions of images.

Letters: `B` images of one size, `H W` pixels.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tfod import names
from tfod.checkpoints.frozen_graph import FrozenGraph
from tfod.errors import CheckpointError
from tfod.inference.detections import OUTPUTS

__all__ = ["ENCODERS", "Function", "detection_outputs", "graph_function"]

Function = Callable[[tf.Tensor], Mapping[str, tf.Tensor]]

_WHERE_THERE = (
    names.DETECTION_MASKS,
    names.DETECTION_KEYPOINTS,
    names.DETECTION_MULTICLASS_SCORES,
    names.RAW_DETECTION_BOXES,
    names.RAW_DETECTION_SCORES,
)
_PIXELS = "image_tensor"
_SIGNATURE = "serving_default"
_ANY_IMAGES = tf.TensorShape([None, None, None, 3])


def _example(encoded: tf.Tensor) -> bytes:
    feature = {
        names.IMAGE_ENCODED: tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded.numpy()])),
        names.IMAGE_FORMAT: tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"png"])),
    }
    return bytes(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())


def _files(images: tf.Tensor) -> tf.Tensor:
    """PNG files, string `[B]`, of images uint8 `[B, H, W, 3]`: PNG keeps every pixel."""
    return tf.stack([tf.io.encode_png(image) for image in images])


def _examples(images: tf.Tensor) -> tf.Tensor:
    """tf.Examples, string `[B]`, of images uint8 `[B, H, W, 3]`."""
    return tf.constant([_example(encoded) for encoded in _files(images)])


# What TensorFlow 1's exporter called an input that is no pixels, and how pixels become it.
ENCODERS: Mapping[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "encoded_image_string_tensor": _files,
    "tf_example": _examples,
}


def graph_function(graph: FrozenGraph) -> tuple[Function, tf.TensorSpec, object]:
    """A detection graph as a function, and the images that it takes.

    Returns:
      The function: from images uint8 `[B, H, W, 3]`, RGB, to the graph's outputs by name, float32 `[B, ...]`; the
      shape and dtype of what it takes, in which the graph may have settled B, H and W; and what has to be kept alive.

    Raises:
      CheckpointError: the graph detects nothing, takes something else than images, or cannot be run.
    """
    outputs = detection_outputs(graph)
    part = graph.needed_for(outputs)
    part.require_numbers()
    name = _image_input(part)
    model = _loaded(part, name, outputs)
    signature, encode = model.signatures[_SIGNATURE], ENCODERS.get(name, tf.identity)

    def run(images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        try:
            found: Mapping[str, tf.Tensor] = signature(**{name: encode(images)})
        except tf.errors.OpError as error:
            raise _cannot_run(graph, error) from error
        return found

    if name != _PIXELS:
        return run, tf.TensorSpec(_ANY_IMAGES, tf.uint8, name), model
    shape = part.shape(name) if part.shape(name).rank == 4 else _ANY_IMAGES
    return run, tf.TensorSpec(shape, part.dtype(name), name), model


def detection_outputs(graph: FrozenGraph) -> list[str]:
    """The names of what a graph detects; CheckpointError where it is no detector's."""
    missing = [name for name in OUTPUTS if name not in graph.nodes]
    if missing:
        gives = ", ".join(graph.outputs()[:6]) or "nothing"
        what = f"the graph does not give {', '.join(missing)}; its outputs are {gives}"
        cure = "use the graph of a detection model, as export_inference_graph.py wrote it"
        raise CheckpointError(what, graph.path, cure)
    return [*OUTPUTS, *(name for name in _WHERE_THERE if name in graph.nodes)]


def _image_input(graph: FrozenGraph) -> str:
    inputs = graph.inputs()
    known = (_PIXELS, *ENCODERS)
    if len(inputs) != 1 or inputs[0] not in known:
        what = f"the graph takes {', '.join(inputs) or 'nothing'}, not one of {', '.join(known)}"
        raise CheckpointError(what, graph.path, "use a graph that takes images alone")
    return inputs[0]


def _loaded(graph: FrozenGraph, name: str, outputs: list[str]) -> Any:
    """The graph as the loader of SavedModels gives it back: alone it can run the loops of TensorFlow 1."""
    saved = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta_graph = saved.meta_graphs.add(graph_def=graph.definition())
    meta_graph.meta_info_def.tags.append("serve")
    signature = meta_graph.signature_def[_SIGNATURE]
    for infos, nodes in ((signature.inputs, [name]), (signature.outputs, outputs)):
        for node in nodes:
            infos[node].name = f"{node}:0"
            infos[node].dtype = (graph.dtype(name) if node == name else tf.float32).as_datatype_enum
            infos[node].tensor_shape.unknown_rank = True
    try:
        with tempfile.TemporaryDirectory(prefix="tfod_") as folder:
            Path(folder, "saved_model.pb").write_bytes(saved.SerializeToString())
            return tf.saved_model.load(folder)
    except (ValueError, tf.errors.OpError) as error:
        raise _cannot_run(graph, error) from error


def _cannot_run(graph: FrozenGraph, error: Exception) -> CheckpointError:
    reason = next(filter(None, (line.strip() for line in str(error).splitlines())), "no reason is given")
    cure = "run it with the TensorFlow that wrote it, or give its checkpoint and config"
    return CheckpointError(f"this TensorFlow cannot run the graph: {reason}", graph.path, cure)
