"""Shows how average precision comes about: `python tools/show_map.py --help`."""

import sys

from tfod.cli.show_map import main

if __name__ == "__main__":
    sys.exit(main())
