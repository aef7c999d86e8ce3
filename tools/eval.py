"""Evaluates the checkpoints of a run, by the flags of TensorFlow 1. See --help."""

import sys

from tfod.cli.eval import main

if __name__ == "__main__":
    sys.exit(main())
