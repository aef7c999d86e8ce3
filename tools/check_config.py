"""Checks a pipeline config before training."""

import sys

from tfod.cli.check_config import main

if __name__ == "__main__":
    sys.exit(main())
