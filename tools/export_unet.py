"""Exports a trained U-Net."""

import sys

from tfod.cli.export_unet import main

if __name__ == "__main__":
    sys.exit(main())
