"""What the commands that run a model share: an exported model, or a config with a checkpoint."""

import argparse
import sys
from typing import TYPE_CHECKING

from tfod.errors import ConfigError
from tfod.stores import is_file

if TYPE_CHECKING:
    from tfod.config.pipeline import PipelineConfig

__all__ = ["add_model_flags", "check_model_flags", "read_class_names", "read_config"]


def add_model_flags(parser: argparse.ArgumentParser, more_formats: str = "") -> None:
    """Adds --saved_model_dir, --pipeline_config_path, --checkpoint_dir, --set and --label_map_path.

    `more_formats` says what else the first of them may name.
    """
    add = parser.add_argument
    add("--saved_model_dir", help="an exported model: the exporter's folder, saved_model/ in it, or a "
        f"frozen graph of TensorFlow 1 (frozen_inference_graph.pb){more_formats}")  # fmt: skip
    add("--pipeline_config_path", help="a model's config; its weights come from --checkpoint_dir")
    add("--checkpoint_dir", help="a run's folder, of which the latest checkpoint is taken, or one prefix (run/ckpt-3)")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="overrides the config; can be repeated")
    add("--label_map_path", help="names of the classes (default: the label map beside the exported "
        "model, or that of the config)")  # fmt: skip


def check_model_flags(args: argparse.Namespace) -> None:
    """Raises ConfigError unless exactly one model is named."""
    if args.saved_model_dir and args.checkpoint_dir:
        cure = "give either --saved_model_dir or --checkpoint_dir"
        raise ConfigError("two models are named", "the command line", cure)
    if not args.saved_model_dir and not (args.checkpoint_dir and args.pipeline_config_path):
        cure = "give --saved_model_dir, or --pipeline_config_path together with --checkpoint_dir"
        raise ConfigError("no model is named", "the command line", cure)


def read_config(args: argparse.Namespace) -> "tuple[PipelineConfig, str | None]":
    """The config that was named, or lies beside the exported model, with the overrides; and where it lay.

    An exported model without a config gives an empty one. --label_map_path, or else the label map beside the exported
    model, goes into its first eval_input_reader.
    """
    from tfod.config.pipeline import PipelineConfig, apply_overrides, read_pipeline_config
    from tfod.inference.class_names import config_beside, label_map_beside

    path = args.pipeline_config_path or config_beside(args.saved_model_dir)
    if path:
        config = read_pipeline_config(path, args.set)
    else:
        config = PipelineConfig()
        apply_overrides(config, args.set)
    label_map = args.label_map_path or (None if args.pipeline_config_path else label_map_beside(args.saved_model_dir))
    if label_map:
        reader = config.eval_input_reader[0] if config.eval_input_reader else config.eval_input_reader.add()
        reader.label_map_path = label_map
    return config, path


def read_class_names(config: "PipelineConfig", *, is_asked_for: bool) -> dict[int, str]:
    """From the label map of the first eval_input_reader; a file that nobody asked for may be missing.

    Of a config of the zoo they are known.
    """
    from tfod.config.coco import COCO_CLASSES, is_of_coco
    from tfod.config.label_map import read_label_map

    path = config.eval_input_reader[0].label_map_path if config.eval_input_reader else ""
    if is_asked_for or is_file(path):
        return read_label_map(path).names
    if is_of_coco(config):
        print("no label map found: the config is the zoo's, and so the classes are COCO's", file=sys.stderr)
        return COCO_CLASSES
    print("no label map found: classes are shown by number; --label_map_path names them", file=sys.stderr)
    return {}
