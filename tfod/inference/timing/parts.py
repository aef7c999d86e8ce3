"""Where the time of a batch goes: preprocessing, the network, post-processing.

A model in memory is run part by part. Of an exported model only the whole can be run: what its runtime tells, or a run
of a part of its graph, gives the rest.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod import names
from tfod.export.run import tflite_interpreter
from tfod.export.tflite_file import without_last
from tfod.inference.timing.results import PartTimes
from tfod.inference.timing.subject import Subject

__all__ = ["part_times", "seconds_of"]

Images = NDArray[np.uint8]

_WARM_UP = 3
_TFLITE_LAST = "TFLite_Detection_PostProcess"
# What a detector of the original gives of its network before suppression.
_BEFORE_SUPPRESSION = (names.RAW_DETECTION_BOXES, names.RAW_DETECTION_SCORES)
_CONVOLUTIONS = ("Conv", "FusedConv", "ConvTranspose", "QLinearConv", "NhwcFusedConv")


def seconds_of(run: Callable[[], object], runs: int, warm_up: int = _WARM_UP) -> list[float]:
    """The times of so many runs, after some that do not count."""
    for _ in range(warm_up):
        run()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return times


def part_times(subject: Subject, images: Images, runs: int, threads: int, whole_ms: float) -> PartTimes:
    """Where the time of images, uint8 `[B, H, W, 3]`, goes, of which `whole_ms` is all.

    Args:
      runs: How often each part is run.
    """
    if subject.detection_model is not None:
        return _in_memory(subject.detection_model, images, runs)
    if subject.kind == "tflite":
        return _tflite(subject, images, runs, threads, whole_ms)
    if subject.kind == "onnx":
        return _onnx(subject, images, runs, threads)
    if subject.kind == "saved_model":
        return _saved_model(subject, images, runs, whole_ms)
    return PartTimes(len(images), None, None, None, "a frozen graph tells nothing of its parts")


def _median_ms(run: Callable[[], object], runs: int) -> float:
    return 1000 * statistics.median(seconds_of(run, runs))


def _in_memory(model: Any, images: Images, runs: int) -> PartTimes:
    import tensorflow as tf

    given = tf.constant(images)
    preprocess = tf.function(model.preprocess, autograph=False).get_concrete_function(given)
    inputs, true_shapes = preprocess(given)
    predict = tf.function(lambda pixels, shapes: model.predict(pixels, shapes, training=False), autograph=False)
    prediction = predict(inputs, true_shapes)
    finish = tf.function(model.detections, autograph=False)
    return PartTimes(
        len(images),
        _median_ms(lambda: preprocess(given)[0].numpy(), runs),
        _median_ms(lambda: tf.nest.map_structure(np.asarray, predict(inputs, true_shapes)), runs),
        _median_ms(lambda: tf.nest.map_structure(np.asarray, finish(prediction, true_shapes)), runs),
        "each part is run by itself",
    )


def _tflite(subject: Subject, images: Images, runs: int, threads: int, whole_ms: float) -> PartTimes:
    prepared = subject.prepare(images)
    preprocess = _median_ms(lambda: subject.prepare(images), runs)
    cut = without_last(subject.place.read_bytes(), _TFLITE_LAST)
    if cut is None:
        how = f"the model does not end with {_TFLITE_LAST}: what is after preprocessing is one"
        return PartTimes(len(images), preprocess, None, None, how)
    interpreter = tflite_interpreter(cut, threads)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], prepared)
    network = _median_ms(interpreter.invoke, runs)
    how = f"preprocessing is done before the model; the network is the model without {_TFLITE_LAST}, which is the rest"
    return PartTimes(len(images), preprocess, network, max(whole_ms - preprocess - network, 0.0), how)


def _onnx(subject: Subject, images: Images, runs: int, threads: int) -> PartTimes:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_profiling = True
    prepared = subject.prepare(images)
    with tempfile.TemporaryDirectory(prefix="tfod_profile_") as folder:
        options.profile_file_prefix = os.path.join(folder, "run")
        session = onnxruntime.InferenceSession(str(subject.place), options, providers=["CPUExecutionProvider"])
        taken = session.get_inputs()[0].name
        for _ in range(_WARM_UP + runs):
            session.run(None, {taken: prepared})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    split = [_split(run) for run in _runs(events)[_WARM_UP:]]
    if not any(sum(one) for one in split):
        return PartTimes(len(images), None, None, None, "the runtime's profile has no convolution to go by")
    before, network, after = (statistics.median(times) for times in zip(*split, strict=True))
    how = "by the runtime's profile: up to the first convolution, to the last, and what is after it"
    return PartTimes(len(images), before, network, after, how)


def _runs(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The operations of each run, in the order in which they began."""
    wholes = sorted((one for one in events if one.get("name") == "model_run"), key=lambda one: one["ts"])
    kernels = sorted(
        (one for one in events if one.get("cat") == "Node" and one["name"].endswith("_kernel_time")),
        key=lambda one: one["ts"],
    )
    return [[one for one in kernels if run["ts"] <= one["ts"] <= run["ts"] + run["dur"]] for run in wholes]


def _split(kernels: list[dict[str, Any]]) -> tuple[float, float, float]:
    """Milliseconds before the first convolution, from there to the end of the last, and after it."""
    places = [i for i, one in enumerate(kernels) if one["args"].get("op_name") in _CONVOLUTIONS]
    if not places:
        return 0.0, 0.0, 0.0
    times = [one["dur"] / 1000 for one in kernels]
    first, last = places[0], places[-1] + 1
    return sum(times[:first]), sum(times[first:last]), sum(times[last:])


def _saved_model(subject: Subject, images: Images, runs: int, whole_ms: float) -> PartTimes:
    import tensorflow as tf

    assert subject.loaded is not None
    signature = subject.loaded.engine
    if not set(_BEFORE_SUPPRESSION) <= set(signature.structured_outputs):
        how = f"the model does not give {' and '.join(_BEFORE_SUPPRESSION)}, so that its graph cannot be cut"
        return PartTimes(len(images), None, None, None, how)
    [(name, spec)] = signature.structured_input_signature[1].items()

    @tf.function(autograph=False, input_signature=[tf.TensorSpec(spec.shape, spec.dtype)])
    def unsuppressed(given: tf.Tensor) -> Mapping[str, tf.Tensor]:
        found = signature(**{name: given})
        return {key: found[key] for key in _BEFORE_SUPPRESSION}

    prepared = tf.constant(subject.prepare(images))
    before = _median_ms(lambda: [one.numpy() for one in unsuppressed(prepared).values()], runs)
    how = "the graph is cut before suppression; the network is with preprocessing and with the decoding of boxes"
    return PartTimes(len(images), None, before, max(whole_ms - before, 0.0), how)
