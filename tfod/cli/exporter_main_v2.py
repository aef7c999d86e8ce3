"""`exporter_main_v2`: a trained checkpoint becomes a SavedModel, TFLite and ONNX, each compared with the model."""

import argparse
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.cli.export_flags import add_format_flags, add_side_inputs, formats_to_write, refuse_side_inputs
from tfod.errors import ConfigError

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Exports a trained model.

Writes to the output folder: saved_model/ (runs without this project) or the formats asked for, checkpoint/ckpt-0
(the weights in the model zoo's layout) and pipeline.config. An earlier export there is replaced once the new one is
complete. Ends with a table that compares each format with the trained model on images of the validation, which
parity.json keeps; the exit code is 1 where one is too far from it."""

_EXAMPLES = """  python tools/exporter_main_v2.py --pipeline_config_path workspace/run/pipeline.config \\
      --trained_checkpoint_dir workspace/run --output_directory exported_models/my_model

  # the best checkpoint of a run instead of the last
  python tools/exporter_main_v2.py --pipeline_config_path workspace/run/pipeline.config \\
      --trained_checkpoint_dir workspace/run/best --output_directory exported_models/my_model

  # for phones and for other runtimes too
  python tools/exporter_main_v2.py --pipeline_config_path workspace/run/pipeline.config \\
      --trained_checkpoint_dir workspace/run --output_directory exported_models/my_model \\
      --formats saved_model,tflite_float32,tflite_int8,onnx"""

_INPUT_TYPES = ("image_tensor", "float_image_tensor", "encoded_image_string_tensor", "tf_example")
_BOXES_TOO = "image_and_boxes_tensor"


def build_parser() -> CommandParser:
    """The command line."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument("--pipeline_config_path", required=True, metavar="FILE", help="the config of the training run")
    parser.add_argument(
        "--trained_checkpoint_dir",
        required=True,
        metavar="DIR",
        help="a folder with checkpoints, of which the newest is taken, or one checkpoint (.../ckpt-7)",
    )
    parser.add_argument("--output_directory", required=True, metavar="DIR", help="where the export goes")
    parser.add_argument(
        "--input_type",
        default="image_tensor",
        choices=(*_INPUT_TYPES, _BOXES_TOO),
        metavar="TYPE",
        help=f"what the exported model takes: {', '.join(_INPUT_TYPES)} (default: image_tensor)",
    )
    parser.add_argument(
        "--input_shape",
        metavar="B,H,W,3",
        help="of the images that the model takes: 4,320,320,3 for four of 320 x 320 pixels, with -1 for any number "
        "(default: 1,-1,-1,3 for image_tensor, -1,-1,-1,3 for float_image_tensor)",
    )
    add_side_inputs(parser)
    add_format_flags(parser, default="saved_model", count=50)
    parser.add_argument(
        "--calibration",
        nargs="+",
        metavar="PATH",
        help="images, folders or TFRecords that tflite_int8 finds the ranges of its numbers by "
        "(default: the records of train_input_reader)",
    )
    parser.add_argument(
        "--config_override", default="", metavar="TEXT", help="text-proto fragment that is merged over the config"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="override one field of the config; repeatable"
    )
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Exports and compares."""
    from tfod.config.pipeline import read_pipeline_config

    refuse_side_inputs(arguments)
    if arguments.input_type == _BOXES_TOO:
        cure = f"use one of {', '.join(_INPUT_TYPES)}"
        raise ConfigError("boxes are an input of models that predict masks alone", f"--input_type {_BOXES_TOO}", cure)
    shape, kinds = _shape(arguments.input_shape), formats_to_write(arguments)
    overrides = [*([arguments.config_override] if arguments.config_override else []), *arguments.set]
    config = read_pipeline_config(arguments.pipeline_config_path, overrides)

    from tfod.export.from_config import Comparison, export_model

    exported = export_model(
        config,
        arguments.trained_checkpoint_dir,
        arguments.output_directory,
        arguments.input_type,
        shape,
        kinds=kinds,
        calibration=arguments.calibration,
        comparison=None if arguments.verify == "off" else Comparison(arguments.images, arguments.count),
    )
    print(f"exported {exported.checkpoint} to {arguments.output_directory}")
    return 0 if exported.agrees else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return execute(build_parser(), run, argv)


def _shape(text: str | None) -> list[int | None] | None:
    """The numbers of a shape, None for -1, which is any."""
    if not text:
        return None
    try:
        sides = [int(side) for side in text.strip("[]() ").split(",")]
    except ValueError:
        sides = []
    if len(sides) != 4 or any(side < -1 for side in sides):
        cure = "give batch, height, width and channels: 1,320,320,3; -1 stands for any number"
        raise ConfigError(f"{text!r} is no shape of images", "--input_shape", cure)
    return [None if side == -1 else side for side in sides]
