"""Tables and plots of what is in a data set, and anchors that fit it."""

import sys

from tfod.cli.dataset_stats import main

if __name__ == "__main__":
    sys.exit(main())
