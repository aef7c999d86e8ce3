"""Writes a config that fine-tunes a model of the zoo."""

import sys

from tfod.cli.new_config import main

if __name__ == "__main__":
    sys.exit(main())
