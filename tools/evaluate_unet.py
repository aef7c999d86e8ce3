"""Judges a trained U-Net at original resolution."""

import sys

from tfod.cli.evaluate_unet import main

if __name__ == "__main__":
    sys.exit(main())
