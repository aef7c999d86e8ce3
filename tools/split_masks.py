"""Splits pictures and masks into parts that are alike, as lists."""

import sys

from tfod.cli.split_masks import main

if __name__ == "__main__":
    sys.exit(main())
