"""Converts photos and Pascal VOC XML files to TFRecords."""

import sys

from tfod.cli.generate_tfrecord import main

if __name__ == "__main__":
    sys.exit(main())
