"""Exports a detector as a SavedModel that TFLite's converter takes. See --help."""

import sys

from tfod.cli.export_tflite_graph_tf2 import main

if __name__ == "__main__":
    sys.exit(main())
