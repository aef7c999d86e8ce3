"""Shows non-max suppression step by step: `python tools/show_nms.py --help`."""

import sys

from tfod.cli.show_nms import main

if __name__ == "__main__":
    sys.exit(main())
