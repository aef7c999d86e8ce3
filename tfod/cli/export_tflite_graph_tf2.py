"""`export_tflite_graph_tf2`: a trained checkpoint becomes a SavedModel that TFLite's converter takes."""

import argparse
from collections.abc import Sequence

from tfod.cli.command import CommandParser, execute
from tfod.errors import ConfigError

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Exports a trained SSD as saved_model/ for TFLite's converter, with the original's flags.

It takes an image that is resized and normalised, float32, and ends with the operation TFLite_Detection_PostProcess.
That operation exists in TFLite alone, so the SavedModel does not detect until it is converted:

  tflite_convert --saved_model_dir OUTPUT/saved_model --output_file model.tflite

tfod export --formats tflite_float32,tflite_int8 writes .tflite files at once, with names of classes in them, and
compares them with the model."""

_EXAMPLES = """  python tools/export_tflite_graph_tf2.py --pipeline_config_path workspace/run/pipeline.config \\
      --trained_checkpoint_dir workspace/run --output_directory exported_models/for_tflite"""


def build_parser() -> CommandParser:
    """The command line."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--pipeline_config_path", required=True, metavar="FILE", help="the config of the training run")
    add("--trained_checkpoint_dir", required=True, metavar="DIR",
        help="a folder with checkpoints, of which the newest is taken, or one checkpoint (.../ckpt-7)")  # fmt: skip
    add("--output_directory", required=True, metavar="DIR", help="where saved_model/ goes")
    add("--config_override", default="", metavar="TEXT", help="text-proto fragment that is merged over the config")
    add("--max_detections", type=int, default=10, help="how many detections the model gives (default: 10)")
    parser.add_boolean(
        "ssd_use_regular_nms",
        default=False,
        help="suppress in each class by itself, as the model does, instead of in all together, which is faster",
    )
    parser.add_boolean("centernet_include_keypoints", default=False, help="of CenterNet models, which are refused")
    add("--keypoint_label_map_path", metavar="FILE", help="of CenterNet models, which are refused")
    return parser


def run(args: argparse.Namespace) -> None:
    """Exports."""
    if args.centernet_include_keypoints or args.keypoint_label_map_path:
        cure = "leave it out; tfod export writes a SavedModel with what the model has"
        raise ConfigError("keypoints are for CenterNet models", "the command line", cure)
    if args.max_detections < 1:
        raise ConfigError("no detection would be given", "--max_detections", "give 1 or more")

    from tfod.config.pipeline import read_pipeline_config

    config = read_pipeline_config(args.pipeline_config_path, [args.config_override] if args.config_override else [])

    from tfod.export.from_config import export_tflite_graph

    checkpoint = export_tflite_graph(
        config,
        args.trained_checkpoint_dir,
        args.output_directory,
        max_detections=args.max_detections,
        by_class=args.ssd_use_regular_nms,
    )
    print(f"exported {checkpoint} to {args.output_directory}")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return execute(build_parser(), run, argv)
