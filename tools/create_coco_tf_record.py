"""Converts COCO, as it is published, to TFRecords."""

import sys

from tfod.cli.create_coco_tf_record import main

if __name__ == "__main__":
    sys.exit(main())
