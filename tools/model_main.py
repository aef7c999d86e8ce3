"""Trains a detector or evaluates its checkpoints, by the flags of TensorFlow 1. See --help."""

import sys

from tfod.cli.model_main import main

if __name__ == "__main__":
    sys.exit(main())
