"""Finds what is wrong with a data set, and writes a repaired copy."""

import sys

from tfod.cli.dataset_doctor import main

if __name__ == "__main__":
    sys.exit(main())
