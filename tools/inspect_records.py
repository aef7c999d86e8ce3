"""Shows one example of TFRecords, as a picture and as a table."""

import sys

from tfod.cli.inspect_records import main

if __name__ == "__main__":
    sys.exit(main())
