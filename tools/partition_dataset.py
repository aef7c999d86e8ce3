"""Copies a folder of photos into train and test."""

import sys

from tfod.cli.partition_dataset import main

if __name__ == "__main__":
    sys.exit(main())
