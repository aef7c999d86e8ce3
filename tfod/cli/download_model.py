"""Fetches models of the zoo."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute

if TYPE_CHECKING:
    from tfod.config.zoo_models import ZooModel

__all__ = ["build_parser", "main", "run"]

_URL_VARIABLE = "TFOD_ZOO_URL"

_DESCRIPTION = f"""Fetches a model of the TensorFlow 2 Detection Model Zoo, or of TensorFlow 1's, and unpacks its
archive as pretrained_models/ARCHIVE. A model that is there already is checked, and left as it is.

Interrupted, by Ctrl-C or by the network, the same command goes on where it was. An archive that was fetched elsewhere
is used if it lies there as pretrained_models/ARCHIVE.tar.gz.

The zoo publishes no checksums of its archives. What is checked: the length that the server says, gzip's checksum, that
nothing in the archive leads out of its folder, and every weight against the checksum that the checkpoint holds.

A mirror has the files of the model's zoo below --url, or below the address in {_URL_VARIABLE}."""

_EXAMPLES = """\
  download_model.py ssd_mobilenet_v2_fpnlite_320x320
  download_model.py ssd_mobilenet_v2_320x320 ssd_resnet50_v1_fpn_640x640_coco17_tpu-8
  download_model.py efficientdet_d0 --url http://localhost:8000/tf2"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_argument(
        "models", nargs="+", metavar="MODEL", help="a name that `tfod zoo list` shows, or the archive's"
    )
    parser.add_argument(
        "--pretrained_dir", type=Path, default=Path("pretrained_models"), metavar="FOLDER",
        help="where the model's folder goes (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--url", help="where the zoo's files lie, if in a mirror")
    parser.add_argument(
        "--sha256", default="", metavar="HEX", help="also compare the archive with this, if you know it"
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Fetches each model; raises ConfigError, DownloadError, CheckpointError or OutputError."""
    from tfod.checkpoints.zoo_archive import archive_url, checkpoint_prefix, fetch_model
    from tfod.config.zoo import find_model
    from tfod.errors import ConfigError

    models = [find_model(name) for name in args.models]
    if args.sha256 and len(models) > 1:
        raise ConfigError("one checksum for several models", "--sha256", "name one model at a time")
    base_url = args.url or os.environ.get(_URL_VARIABLE, "")
    for model in models:
        folder = args.pretrained_dir / model.name
        if folder.exists():
            print(f"{folder} is there already: {_checked(model, folder)} variables, checksums are right")
        else:
            print(f"{archive_url(model, base_url)}", file=sys.stderr)
            count = fetch_model(model, folder, base_url=base_url, sha256=args.sha256)
            print(f"{folder}: {count} variables, checksums are right")
        print(f"  fine_tune_checkpoint: {str(checkpoint_prefix(folder))!r}")
    trainable = [model.short_name for model in models if model.trainable]
    if trainable:
        print("next, for records of your own:")
        flags = "--label_map MAP.pbtxt --train TRAIN.record --val VAL.record"
        print(f"  tfod config new --model {trainable[0]} {flags}")
    for model in models:
        if model.instead:
            print(f"note: {model.short_name} cannot be trained here; the nearest that can is {model.instead}")
        elif not model.trainable:
            print(f"note: {model.short_name} cannot be trained here yet; its config can be read and checked")


def _checked(model: "ZooModel", folder: Path) -> int:
    from tfod.checkpoints.zoo_archive import verify_model
    from tfod.errors import CheckpointError

    try:
        return verify_model(model, folder)
    except CheckpointError as error:
        what = f"{folder} is there, but not whole: {error.what}"
        raise CheckpointError(
            what, error.where, f"delete {folder}, or move it away, and type the same again"
        ) from error


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
