"""Writes a label map with the classes of annotations."""

import sys

from tfod.cli.create_label_map import main

if __name__ == "__main__":
    sys.exit(main())
