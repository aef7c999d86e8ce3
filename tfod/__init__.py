"""Object detection in TensorFlow: the files, commands and numbers of the Object Detection API, alive.

Importing this package does not import TensorFlow; the modules that need it do so themselves.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfod.inference.detector import Detector

# tf-models-official and tensorflow-addons are written for Keras 2, which lives on as tf-keras. TensorFlow
# chooses its Keras while it is being imported, so the choice has to be made before anyone imports it.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
# Without this every command opens with a screen of messages about plug-ins that were registered twice.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"
__all__ = ["Detector", "__version__"]


def __getattr__(name: str) -> Any:
    """`tfod.Detector`, which is loaded when it is asked for."""
    if name == "Detector":
        from tfod.inference.detector import Detector

        return Detector
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
