"""The command `export_inference_graph.py` of TensorFlow 1, by its flags: exports a model. Today: `tfod export`."""

import argparse
from collections.abc import Sequence

from tfod.cli import exporter_main_v2
from tfod.cli.command import CommandParser, execute
from tfod.cli.earlier import add_without_effect, hand_over, note, note_without_effect
from tfod.cli.export_flags import add_side_inputs, refuse_side_inputs

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """\
Exports a trained model, by the flags that export_inference_graph.py had in TensorFlow 1, and says which command of
today this is. What is written is a SavedModel, a checkpoint and the config; a frozen graph is not."""

_EXAMPLES = """\
  python tools/export_inference_graph.py --input_type image_tensor --pipeline_config_path workspace/my_run/pipeline.config \\
      --trained_checkpoint_prefix workspace/my_run/ckpt-51 --output_directory exported_models/my_model
  python tools/exporter_main_v2.py --pipeline_config_path workspace/my_run/pipeline.config \\
      --trained_checkpoint_dir workspace/my_run --output_directory exported_models/my_model    # today"""  # noqa: E501

_PIXELS = "image_tensor"
_ANY_IMAGES = "-1,-1,-1,3"
_WITHOUT_EFFECT = {
    "write_inference_graph": "saved_model/ holds the graph",
    "additional_output_tensor_names": "a SavedModel gives the detector's outputs alone",
}


def build_parser() -> CommandParser:
    """The flags of TensorFlow 1's export_inference_graph.py."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--pipeline_config_path", required=True, metavar="FILE", help="the config of the training run")
    add("--trained_checkpoint_prefix", required=True, metavar="PREFIX", help="the checkpoint: model.ckpt-7, ckpt-7")
    add("--output_directory", required=True, metavar="DIR", help="where the export goes")
    add("--input_type", default=_PIXELS, metavar="TYPE", help="what the exported model takes (default: image_tensor)")
    add("--input_shape", metavar="B,H,W,3", help=f"of the images (default, as there: {_ANY_IMAGES}, any)")
    add("--config_override", metavar="TEXT", help="text-proto fragment that is merged over the config")
    add_side_inputs(parser)
    add_without_effect(parser, _WITHOUT_EFFECT)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exports."""
    refuse_side_inputs(args)
    note_without_effect(args, _WITHOUT_EFFECT)
    note("no frozen_inference_graph.pb is written: saved_model/ runs wherever TensorFlow does, and holds the same")
    flags = [
        *("--input_type", args.input_type),
        *("--pipeline_config_path", args.pipeline_config_path),
        *("--trained_checkpoint_dir", args.trained_checkpoint_prefix),
        *("--output_directory", args.output_directory),
    ]
    shape = args.input_shape or (_ANY_IMAGES if args.input_type == _PIXELS else None)
    flags += [f"--input_shape={shape}"] if shape else []
    flags += ["--config_override", args.config_override] if args.config_override else []
    return hand_over(exporter_main_v2, "export", flags)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return execute(build_parser(), run, argv)
