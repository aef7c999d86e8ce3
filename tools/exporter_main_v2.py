"""Exports a trained model as a SavedModel. See --help."""

import sys

from tfod.cli.exporter_main_v2 import main

if __name__ == "__main__":
    sys.exit(main())
