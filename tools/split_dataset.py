"""Splits a data set so that every class and size has its share in every part."""

import sys

from tfod.cli.split_dataset import main

if __name__ == "__main__":
    sys.exit(main())
