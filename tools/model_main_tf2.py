"""Trains a detector, or evaluates its checkpoints: `python tools/model_main_tf2.py --help`."""

import sys

from tfod.cli.model_main_tf2 import main

if __name__ == "__main__":
    sys.exit(main())
