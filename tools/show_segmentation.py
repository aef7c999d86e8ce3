"""Shows kinds of segmentation and what a U-Net sees: `python tools/show_segmentation.py --help`."""

import sys

from tfod.cli.show_segmentation import main

if __name__ == "__main__":
    sys.exit(main())
