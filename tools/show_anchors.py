"""Shows the anchors of a pipeline config on an image: `python tools/show_anchors.py --help`."""

import sys

from tfod.cli.show_anchors import main

if __name__ == "__main__":
    sys.exit(main())
