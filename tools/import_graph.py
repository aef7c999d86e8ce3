"""Takes the weights out of a frozen graph of TensorFlow 1. See --help."""

import sys

from tfod.cli.import_graph import main

if __name__ == "__main__":
    sys.exit(main())
