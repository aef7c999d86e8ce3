"""Shows a window that moves over an image: `python tools/sliding_window.py --help`."""

import sys

from tfod.cli.sliding_window import main

if __name__ == "__main__":
    sys.exit(main())
