"""From a function of TensorFlow to TFLite and ONNX: what every kind of model goes through.

Both converters are asked for operations that any runtime of the format knows; a model that needs others is refused.
"""

import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from tfod.errors import ConfigError
from tfod.export.onnx_crops import crops_as_roi_align
from tfod.export.tflite_file import custom_operations

__all__ = ["Examples", "onnx_model", "require_packages", "tflite_model"]

_OPSET = 17
_FOR_ONNX = ("tf2onnx", "onnxruntime")
_MISSING = re.compile(r"tf\.(\w+) op is neither a custom op nor a flex op|^Custom ops: (.+)$|'tf\.(\w+)' op", re.M)

Examples = Callable[[], Iterator[Sequence[NDArray[Any]]]]


def tflite_model(
    function: Any,
    owner: tf.Module,
    precision: str,
    examples: Examples | None = None,
    *,
    custom_op: str = "",
    integer_output: bool = False,
) -> bytes:
    """A TFLite model.

    Args:
      function: A concrete function of one input, whose shape is known.
      owner: Has the variables that it needs.
      precision: `float32`; `float16` of weights alone; or `int8` of weights, each output channel scaled by itself, and
        of what is computed: the input is uint8 then.
      examples: Inputs as the function takes them, to find the ranges for `int8` by.
      custom_op: The only operation that may be there beside TFLite's own.
      integer_output: Whether with `int8` the output is uint8 too, instead of float32.

    Raises:
      ConfigError: There is an operation that TFLite does not have, or `int8` has no example.
    """
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], owner)
    converter.allow_custom_ops = bool(custom_op)
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.representative_dataset = _some(examples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.uint8 if integer_output else tf.float32
    with _quietly():
        try:
            model = bytes(converter.convert())
        # The converter's errors are of private classes; their words are all that they have.
        except Exception as error:
            raise _not_convertible(str(error), f"tflite_{precision}") from error
    unknown = custom_operations(model) - {custom_op}
    if unknown:
        raise _not_convertible("", f"tflite_{precision}", unknown)
    return model


def onnx_model(function: Any, signature: Sequence[tf.TensorSpec], metadata: Mapping[str, str] | None = None) -> bytes:
    """An ONNX model of a `tf.function` whose inputs and outputs keep their names.

    Args:
      function, signature: The function, and what it takes.
      metadata: Texts by name, which the file holds beside the graph.

    Raises:
      ConfigError: tf2onnx is not installed, or there is an operation that it does not know.
    """
    require_packages(["onnx"])
    import tf2onnx

    with _quietly():
        try:
            model, _ = tf2onnx.convert.from_function(
                function,
                input_signature=list(signature),
                opset=_OPSET,
                custom_op_handlers={"CropAndResize": (crops_as_roi_align, [])},
            )
        except (ValueError, RuntimeError, KeyError, AssertionError) as error:
            raise _not_convertible(str(error), "onnx") from error
    for key, value in (metadata or {}).items():
        model.metadata_props.add(key=key, value=value)
    return bytes(model.SerializeToString())


def require_packages(kinds: Iterable[str]) -> None:
    """Raises ConfigError where a format needs packages that are not installed, to write it or to run it."""
    if "onnx" in kinds and not all(map(find_spec, _FOR_ONNX)):
        raise ConfigError("ONNX needs packages that are not installed", "--formats onnx", 'pip install "tfod[onnx]"')


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what the converters say about themselves, much of it from C++; what fails is told by an exception."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with warnings.catch_warnings(), open(os.devnull, "wb") as nowhere:
            warnings.simplefilter("ignore")
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def _some(examples: Examples | None) -> Examples:
    if examples is None:
        cure = "name records or a folder of images with --calibration"
        raise ConfigError("int8 has no images to find the ranges of its numbers by", "--formats tflite_int8", cure)
    return examples


def _not_convertible(told: str, kind: str, operations: Iterable[str] = ()) -> ConfigError:
    missing = {name for match in _MISSING.findall(told) for name in match if name} | set(operations)
    reason = (told.strip().splitlines() or ["it does not say why"])[0][:200]
    what = f"the format has no operation {', '.join(sorted(missing))}" if missing else f"the converter fails: {reason}"
    return ConfigError(
        what, f"--formats {kind}", "leave this format out; docs/export.md says which models go into which"
    )
