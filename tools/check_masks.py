"""Finds what is wrong with pictures and masks, counts their classes, and shows them."""

import sys

from tfod.cli.check_masks import main

if __name__ == "__main__":
    sys.exit(main())
