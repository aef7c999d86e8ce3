"""Writes one page to explore a data set with: `python tools/explore_dataset.py --help`."""

import sys

from tfod.cli.explore_dataset import main

if __name__ == "__main__":
    sys.exit(main())
