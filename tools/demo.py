"""Goes the whole way once, on drawn pictures: `python tools/demo.py --help`."""

import sys

from tfod.cli.demo import main

if __name__ == "__main__":
    sys.exit(main())
