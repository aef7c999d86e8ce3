"""Shows what augmentation makes of an image: `python tools/preview_augmentation.py --help`."""

import sys

from tfod.cli.preview_augmentation import main

if __name__ == "__main__":
    sys.exit(main())
