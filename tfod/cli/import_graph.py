"""The command `import_graph.py`: the weights of a frozen graph of TensorFlow 1, as a checkpoint of today."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tfod.cli.command import CommandParser, execute

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """\
Takes the weights out of a frozen graph of TensorFlow 1, for when its checkpoint is lost.

Writes to the output folder: checkpoint/ckpt-0, to train further and to export, and pipeline.config. Batch normalisation
may be folded into the convolutions. The graph and the model are compared on a drawn image."""

_EXAMPLES = """\
  import_graph.py old/frozen_inference_graph.pb --pipeline_config_path old/pipeline.config \\
      --output_directory pretrained_models/old
  exporter_main_v2.py --pipeline_config_path pretrained_models/old/pipeline.config \\
      --trained_checkpoint_dir pretrained_models/old --output_directory exported_models/old"""

# Scores of models that are the same differ by rounding; those of one that was trained for eight bits by more.
_SAME = 0.01


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("graph", metavar="GRAPH", help="frozen_inference_graph.pb, or a folder that holds it")
    add("--pipeline_config_path", required=True, metavar="FILE", help="the config of the model that it computes")
    add("--output_directory", required=True, type=Path, metavar="DIR", help="where checkpoint and config go")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="override the config; repeatable")
    return parser


def run(args: argparse.Namespace) -> None:
    """Imports; prints what came of it."""
    from tfod.config.pipeline import read_pipeline_config

    config = read_pipeline_config(args.pipeline_config_path, args.set)

    from tfod.export.import_graph import import_graph

    result = import_graph(config, args.graph, args.output_directory)
    folded = f"; batch normalisation was folded in {result.filled.folded} places" if result.filled.folded else ""
    print(f"{result.graph}: {result.filled.variables} variables{folded}")
    print(f"on a drawn image the best scores of graph and model differ by at most {result.difference:.1g}")
    if result.difference > _SAME:
        told = "more than rounding does: the graph was trained for eight bits, or the config is not the one it was of"
        print(f"warning: that is {told}", file=sys.stderr)
    print(f"  fine_tune_checkpoint: {str(args.output_directory / 'checkpoint' / 'ckpt-0')!r}")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return execute(build_parser(), run, argv)
