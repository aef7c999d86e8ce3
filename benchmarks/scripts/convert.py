"""Converts Pascal VOC to a TFRecord with the converter of one side, several times in one process.

usage: convert.py ours|original DATA_DIR SET LABEL_MAP OUTPUT REPEATS

Prints {"seconds": [one number a repeat]}; the first conversion, which warms up, is left out.
"""

import sys

from repeated import print_seconds


def converter_ours(flags):
    from tfod.cli import create_pascal_tf_record

    def convert():
        code = create_pascal_tf_record.main(flags)
        if code != 0:
            sys.exit(code)

    return convert


def converter_original(flags):
    from absl import flags as absl_flags
    from object_detection.dataset_tools import create_pascal_tf_record

    absl_flags.FLAGS(["create_pascal_tf_record.py", *flags])
    return lambda: create_pascal_tf_record.main([])


def main(side, data_dir, subset, label_map, output, repeats):
    converter = {"ours": converter_ours, "original": converter_original}[side]
    options = {"data_dir": data_dir, "set": subset, "label_map_path": label_map, "output_path": output}
    convert = converter([f"--{name}={value}" for name, value in options.items()])
    print_seconds(convert, output, repeats)


if __name__ == "__main__":
    main(*sys.argv[1:])
