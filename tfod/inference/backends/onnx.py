"""Detectors in ONNX Runtime."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.errors import CheckpointError, ConfigError, DataError
from tfod.inference.detections import OUTPUTS

__all__ = ["CLASS_NAMES", "ONNXDetector", "names_as_text"]

CLASS_NAMES = "class_names"
"""The metadata of a file that holds class id to name, as JSON."""

_TYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}


class ONNXDetector:
    """See `tfod.inference.backends.backend.Backend`."""

    class_names: Mapping[int, str]

    def __init__(self, path: str, threads: int | None) -> None:
        """Loads a file.

        Raises:
          ConfigError: ONNX Runtime is not installed.
          CheckpointError: The file is damaged, or no detector.
        """
        try:
            import onnxruntime
        except ImportError as error:
            what = "ONNX models need ONNX Runtime, which is not installed"
            raise ConfigError(what, path, 'pip install "tfod[onnx]", or pip install onnxruntime') from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        options.log_severity_level = 4  # what fails is told by an exception
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        # Its errors are of private classes.
        except Exception as error:
            reason = str(error).strip().splitlines()[0]
            raise CheckpointError(f"ONNX Runtime refuses the model: {reason}", path, "export it again") from error
        given = self._session.get_inputs()
        self._names = [one.name for one in self._session.get_outputs()]
        missing = [name for name in OUTPUTS if name not in self._names]
        if missing or len(given) != 1 or given[0].type not in _TYPES or len(given[0].shape) != 4:
            takes = ", ".join(f"{one.name} ({one.type} {one.shape})" for one in given)
            what = f"the model is no detector of images: it takes {takes} and gives {', '.join(self._names)}"
            raise CheckpointError(what, path, f"export one with the outputs {', '.join(OUTPUTS)}")
        self.class_names = _names_of_text(self._session.get_modelmeta().custom_metadata_map.get(CLASS_NAMES, "{}"))
        self._input, self._dtype = given[0].name, _TYPES[given[0].type]
        self.shape = tuple(side if isinstance(side, int) else None for side in given[0].shape)
        self.dtypes = tuple(dict.fromkeys(("uint8", np.dtype(self._dtype).name)))

    def __call__(self, images: NDArray[Any], wanted: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """See Backend."""
        names = [name for name in self._names if wanted is None or name in wanted]
        try:
            found = self._session.run(names, {self._input: images.astype(self._dtype)})
        except Exception as error:  # as above
            what = f"the model cannot compute with these images: {str(error).strip().splitlines()[0]}"
            raise DataError(what, "the images", "use images of the size that the model was made for") from error
        return dict(zip(names, found, strict=True))


def names_as_text(class_names: Mapping[int, str]) -> str:
    """Class id to name, as a file's metadata has them."""
    return json.dumps(dict(class_names), ensure_ascii=False)


def _names_of_text(text: str) -> dict[int, str]:
    try:
        return {int(number): str(name) for number, name in json.loads(text).items()}
    except (ValueError, AttributeError):  # somebody else's, in a form of their own
        return {}
