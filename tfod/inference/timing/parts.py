"""Where the time of a batch goes: preprocessing, the network, post-processing.

A model in memory is run part by part. Of an exported model only the whole can be run: what its runtime tells, or a run
of a part of its graph, gives the rest.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tfod import names
from tfod.errors import ConfigError
from tfod.export.tflite_file import OPERATION, before_operation, outputs_of
from tfod.inference.detections import WITH_SHAPES
from tfod.inference.recognition import ModelPlace
from tfod.inference.timing.results import PartTimes, Request

if TYPE_CHECKING:
    from tfod.inference.backends.backend import Backend

__all__ = ["part_times", "seconds_of"]

Images = NDArray[np.uint8]

_WARM_UP = 5
# What detectors give of their network before suppression.
_BEFORE_SUPPRESSION = (names.RAW_DETECTION_BOXES, names.RAW_DETECTION_SCORES)
_CONVOLUTIONS = ("Conv", "FusedConv", "ConvTranspose", "QLinearConv")


def seconds_of(turns: int, *runs: Callable[[], object]) -> list[list[float]]:
    """The times of each of `runs`, which take turns, after some that do not count."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(_WARM_UP + turns):
        for seconds, run in zip(times, runs, strict=True):
            began = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - began)
    return [seconds[_WARM_UP:] for seconds in times]


def _medians_ms(request: Request, *runs: Callable[[], object]) -> list[float]:
    return [1000 * statistics.median(seconds) for seconds in seconds_of(request.runs, *runs)]


def part_times(place: ModelPlace, backend: "Backend", images: Images, request: Request) -> PartTimes:
    """Where the time of a batch, uint8 `[B, H, W, 3]`, goes."""
    if place.format == "tflite":
        return _tflite(place.path, backend, images, request)
    if place.format == "onnx":
        return _onnx(place.path, images, request)
    if place.format == "checkpoint":
        return _in_memory(backend, images, request)
    return _graph(backend, images, request)


def _tflite(path: str, backend: Any, images: Images, request: Request) -> PartTimes:
    from tfod.inference.backends.tflite import make_interpreter

    content = Path(path).read_bytes()
    with tempfile.TemporaryDirectory(prefix="tfod_cut_") as folder:
        file = Path(folder, "model.tflite")
        file.write_bytes(before_operation(content, OPERATION))
        interpreter = make_interpreter(str(file), request.threads)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], backend.prepared(images[0])[0])
    preprocess, network, whole = _medians_ms(
        request, lambda: backend.prepared(images[0]), interpreter.invoke, lambda: backend(images, WITH_SHAPES)
    )
    part = f"the model without {OPERATION}" if outputs_of(content, OPERATION) else "the whole model, suppression too"
    how = f"images are prepared before the model; the network is {part}; the rest is after it"
    return PartTimes(preprocess, network, max(whole - preprocess - network, 0.0), how)


def _onnx(path: str, images: Images, request: Request) -> PartTimes:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = request.threads
    options.enable_profiling = True
    with tempfile.TemporaryDirectory(prefix="tfod_profile_") as folder:
        options.profile_file_prefix = f"{folder}/run"
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        [taken] = session.get_inputs()
        given = images.astype(np.float32 if taken.type == "tensor(float)" else np.uint8)
        for _ in range(1 + request.runs):
            session.run(None, {taken.name: given})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    split = [_split(run) for run in _runs(events)[1:]]
    before, network, after = (statistics.median(times) for times in zip(*split, strict=True))
    how = "by the runtime's profile: operations up to the first convolution, to the last, and after it"
    return PartTimes(before, network, after, how)


def _runs(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The operations of each run, in the order in which they began."""
    events = sorted(events, key=lambda event: event["ts"])
    wholes = [event for event in events if event["name"] == "model_run"]
    kernels = [event for event in events if event["cat"] == "Node" and event["name"].endswith("_kernel_time")]
    return [[one for one in kernels if 0 <= one["ts"] - run["ts"] <= run["dur"]] for run in wholes]


def _split(kernels: list[dict[str, Any]]) -> tuple[float, float, float]:
    """Milliseconds before the first convolution, from there to the end of the last, and after it."""
    times = [one["dur"] / 1000 for one in kernels]
    places = [place for place, one in enumerate(kernels) if one["args"]["op_name"] in _CONVOLUTIONS]
    places = places or [0, len(kernels) - 1]
    first, last = places[0], places[-1] + 1
    return sum(times[:first]), sum(times[first:last]), sum(times[last:])


def _in_memory(backend: Any, images: Images, request: Request) -> PartTimes:
    import tensorflow as tf

    model = backend.owner
    preprocess = tf.function(model.preprocess, autograph=False)
    predict = tf.function(lambda inputs, shapes: model.predict(inputs, shapes, training=False), autograph=False)
    finish = tf.function(model.detections, autograph=False)
    given = tf.constant(images)
    inputs, shapes = preprocess(given)
    prediction = predict(inputs, shapes)
    before, network, after = _medians_ms(
        request,
        lambda: preprocess(given),
        lambda: predict(inputs, shapes),
        lambda: finish(prediction, shapes),
    )
    return PartTimes(before, network, after, "each part is run by itself")


def _graph(backend: Any, images: Images, request: Request) -> PartTimes:
    import tensorflow as tf

    given = tf.constant(images, backend.dtypes[-1])

    @tf.function(autograph=False)
    def unsuppressed(images: tf.Tensor) -> list[tf.Tensor]:
        found = backend.function(images)
        return [found[name] for name in _BEFORE_SUPPRESSION]

    preprocess = _preprocess(images, request)
    if preprocess is None:
        preprocess_ms, how = None, "no config tells of preprocessing"
    else:
        [preprocess_ms], how = _medians_ms(request, preprocess), "preprocessing is run by itself"
    try:
        before, whole = _medians_ms(request, lambda: unsuppressed(given), lambda: backend(images, WITH_SHAPES))
    except (KeyError, TypeError):  # without these outputs; or it takes files, which are made outside of the graph
        how += f"; the graph does not give {' and '.join(_BEFORE_SUPPRESSION)} of pixels, and is not cut there"
        return PartTimes(preprocess_ms, None, None, how)
    how += "; the graph is cut before suppression: boxes are decoded with the network"
    return PartTimes(preprocess_ms, max(before - (preprocess_ms or 0.0), 0.0), max(whole - before, 0.0), how)


def _preprocess(images: Images, request: Request) -> Callable[[], object] | None:
    if request.pipeline_config is None:
        return None
    import tensorflow as tf

    from tfod.config.gray import with_gray
    from tfod.config.pipeline import read_pipeline_config
    from tfod.models.build import build_model

    try:
        model = build_model(with_gray(read_pipeline_config(request.pipeline_config)).model)
    except ConfigError:  # of an export of the original's that cannot be built here
        return None
    preprocess = tf.function(model.preprocess, autograph=False)
    given = tf.constant(images)
    return lambda: preprocess(given)
