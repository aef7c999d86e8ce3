"""Trains a U-Net on pictures and masks."""

import sys

from tfod.cli.train_unet import main

if __name__ == "__main__":
    sys.exit(main())
