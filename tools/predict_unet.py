"""Segments pictures and videos with a trained U-Net."""

import sys

from tfod.cli.predict_unet import main

if __name__ == "__main__":
    sys.exit(main())
