"""Serves a model over HTTP: TensorFlow Serving's REST interface, and a page to try it on."""

import sys

from tfod.cli.serve_model import main

if __name__ == "__main__":
    sys.exit(main())
