"""Writes the boxes of a folder of Pascal VOC XML files as one CSV table."""

import sys

from tfod.cli.xml_to_csv import main

if __name__ == "__main__":
    sys.exit(main())
