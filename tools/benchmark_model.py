"""Measures how fast models run, where their time goes, and how much memory and arithmetic they need."""

import sys

from tfod.cli.benchmark_model import main

if __name__ == "__main__":
    sys.exit(main())
