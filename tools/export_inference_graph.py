"""Exports a trained model, by the flags of TensorFlow 1. See --help."""

import sys

from tfod.cli.export_inference_graph import main

if __name__ == "__main__":
    sys.exit(main())
