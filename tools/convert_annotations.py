"""Converts annotations from one format to another."""

import sys

from tfod.cli.convert_annotations import main

if __name__ == "__main__":
    sys.exit(main())
