"""Writes one page that shows every picture of a data set with its boxes."""

import sys

from tfod.cli.browse_dataset import main

if __name__ == "__main__":
    sys.exit(main())
