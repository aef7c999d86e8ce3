"""Lists the models of the zoo."""

import sys

from tfod.cli.list_models import main

if __name__ == "__main__":
    sys.exit(main())
