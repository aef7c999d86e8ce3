"""Shows how two boxes overlap: `python tools/show_iou.py --help`."""

import sys

from tfod.cli.show_iou import main

if __name__ == "__main__":
    sys.exit(main())
