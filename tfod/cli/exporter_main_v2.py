"""`exporter_main_v2`: a trained checkpoint becomes a SavedModel that any TensorFlow program can run."""

import argparse
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.errors import ConfigError

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Exports a trained model.

Writes to the output folder: saved_model/ (runs without this project), checkpoint/ckpt-0 (the weights in the
model zoo's layout) and pipeline.config. An earlier export there is replaced once the new one is complete."""

_EXAMPLES = """  python tools/exporter_main_v2.py --pipeline_config_path workspace/run/pipeline.config \\
      --trained_checkpoint_dir workspace/run --output_directory exported_models/my_model

  # the best checkpoint of a run instead of the last
  python tools/exporter_main_v2.py --pipeline_config_path workspace/run/pipeline.config \\
      --trained_checkpoint_dir workspace/run/best --output_directory exported_models/my_model"""

_INPUT_TYPES = ("image_tensor", "float_image_tensor", "encoded_image_string_tensor", "tf_example")


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
        choices=_INPUT_TYPES,
        metavar="TYPE",
        help=f"what the exported model takes: {', '.join(_INPUT_TYPES)} (default: image_tensor)",
    )
    parser.add_argument(
        "--input_shape",
        metavar="B,H,W,3",
        help="of the images that the model takes: 4,320,320,3 for four of 320 x 320 pixels, with -1 for any number "
        "(default: 1,-1,-1,3 for image_tensor, -1,-1,-1,3 for float_image_tensor)",
    )
    parser.add_argument(
        "--config_override", default="", metavar="TEXT", help="text-proto fragment that is merged over the config"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="override one field of the config; repeatable"
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Exports."""
    from tfod.config.pipeline import read_pipeline_config

    shape = _shape(arguments.input_shape)
    overrides = [*([arguments.config_override] if arguments.config_override else []), *arguments.set]
    config = read_pipeline_config(arguments.pipeline_config_path, overrides)

    from tfod.export.from_config import export_model

    checkpoint = export_model(
        config, arguments.trained_checkpoint_dir, arguments.output_directory, arguments.input_type, shape
    )
    print(f"exported {checkpoint} to {arguments.output_directory}")


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
