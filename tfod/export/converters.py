"""From a function of TensorFlow to TFLite and ONNX: what every kind of model goes through.

Both converters are asked for operations that any runtime of the format knows; a model that needs others is refused.
"""

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod.errors import ConfigError

__all__ = ["onnx_model", "tflite_model"]

_OPSET = 17
_NEEDS_ONNX = 'pip install "tfod[onnx]"'
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
      function: A concrete function with shapes that are known, of one tensor float32.
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
            return bytes(converter.convert())
        # The converter raises classes of its own, which are private, and RuntimeError; the words are all that they say.
        except (RuntimeError, ValueError, Exception) as error:
            raise _not_convertible(error, f"tflite_{precision}") from error


def onnx_model(function: Any, signature: Sequence[tf.TensorSpec]) -> bytes:
    """An ONNX model of a `tf.function` whose inputs and outputs keep their names.

    Raises:
      ConfigError: tf2onnx is not installed, or there is an operation that it does not know.
    """
    try:
        import tf2onnx
    except ImportError as error:
        raise ConfigError("ONNX needs packages that are not installed", "--formats onnx", _NEEDS_ONNX) from error
    with _quietly():
        try:
            model, _ = tf2onnx.convert.from_function(function, input_signature=list(signature), opset=_OPSET)
        except (ValueError, RuntimeError, KeyError, AssertionError) as error:
            raise _not_convertible(error, "onnx") from error
    return bytes(model.SerializeToString())


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what the converters say about themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _some(examples: Examples | None) -> Examples:
    if examples is None:
        cure = "name records or a folder of images with --calibration"
        raise ConfigError("int8 has no images to find the ranges of its numbers by", "--formats tflite_int8", cure)
    return examples


def _not_convertible(error: Exception, kind: str) -> ConfigError:
    found = {name for match in _MISSING.findall(str(error)) for name in match if name}
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    what = f"the format has no operation {', '.join(sorted(found))}" if found else f"the converter fails: {reason}"
    return ConfigError(what, f"--formats {kind}", "leave this format out; docs/export.md says which models go into which")
