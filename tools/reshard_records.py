"""Writes TFRecords again, in another number of files."""

import sys

from tfod.cli.reshard_records import main

if __name__ == "__main__":
    sys.exit(main())
