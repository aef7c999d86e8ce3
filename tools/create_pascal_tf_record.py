"""Converts a VOCdevkit tree to TFRecords."""

import sys

from tfod.cli.create_pascal_tf_record import main

if __name__ == "__main__":
    sys.exit(main())
