"""Computes the COCO metrics of a checkpoint or an exported model."""

import sys

from tfod.cli.evaluate_detections import main

if __name__ == "__main__":
    sys.exit(main())
