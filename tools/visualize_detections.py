"""Draws what an exported model or a checkpoint finds on pictures."""

import sys

from tfod.cli.visualize_detections import main

if __name__ == "__main__":
    sys.exit(main())
