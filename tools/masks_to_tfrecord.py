"""Converts pictures and masks to TFRecords."""

import sys

from tfod.cli.masks_to_tfrecord import main

if __name__ == "__main__":
    sys.exit(main())
