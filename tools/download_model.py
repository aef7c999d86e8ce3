"""Fetches models of the zoo."""

import sys

from tfod.cli.download_model import main

if __name__ == "__main__":
    sys.exit(main())
