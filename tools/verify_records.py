"""Checks every checksum and every example of TFRecords."""

import sys

from tfod.cli.verify_records import main

if __name__ == "__main__":
    sys.exit(main())
