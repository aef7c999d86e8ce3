"""Object detection in TensorFlow: the files, commands and numbers of the Object Detection API, alive.

Importing this package does not import TensorFlow; the modules that need it do so themselves.
"""

import os

# tf-models-official and tensorflow-addons are written for Keras 2, which lives on as tf-keras. TensorFlow
# chooses its Keras while it is being imported, so the choice has to be made before anyone imports it.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
# Without this every command opens with a screen of messages about plug-ins that were registered twice.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"
__all__ = ["__version__"]
