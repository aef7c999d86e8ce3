"""Trains a detector, by the flags of TensorFlow 1. See --help."""

import sys

from tfod.cli.train import main

if __name__ == "__main__":
    sys.exit(main())
