"""Exports a trained U-Net."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfod.cli.command import CommandParser, execute
from tfod.cli.export_flags import add_format_flags, formats_to_write
from tfod.cli.unet_flags import add_run_flags
from tfod.errors import ConfigError
from tfod.export.formats import FORMATS

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = f"""Exports a trained U-Net: {", ".join(FORMATS)}.

The files run without tfod; model.json beside them says what they take and give. Ends with a table that compares each
with the trained model on pictures; the exit code is 1 where one is too far from it."""

_EXAMPLES = """\
  export_unet.py --model_dir workspace/cracks --output_dir exported_models/cracks
  export_unet.py --model_dir workspace/roads --formats saved_model,onnx --height 352 --width 480 --output_dir roads"""

_EXAMPLES_FOR_INT8 = 64
_MOST_PIXELS = 1 << 14  # of a side


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add_run_flags(parser)
    add = parser.add_argument
    add("--output_dir", required=True, metavar="DIR", help="where the files go; an earlier export is replaced")
    add_format_flags(parser, default=",".join(FORMATS[:-1]), count=16)
    add("--height", type=int, help="of the pictures that TFLite and ONNX take (default: what training saw)")
    add("--width", type=int, help="the same")
    return parser


def run(args: argparse.Namespace) -> int:
    """Exports and compares."""
    kinds = formats_to_write(args)
    for name in ("height", "width"):
        side = getattr(args, name)
        if side is not None and not 1 <= side <= _MOST_PIXELS:
            raise ConfigError(f"the {name} of pictures is {side}", f"--{name}", f"give 1 to {_MOST_PIXELS}")

    from tfod.files import replacing_directory
    from tfod.inference.images import fitted
    from tfod.segmentation.export import Exporter, require_replaceable
    from tfod.segmentation.predictor import load_model

    output = Path(args.output_dir)
    require_replaceable(output)
    model, settings, prefix = load_model(args.model_dir, args.checkpoint)
    side = -(-settings.crop_size // model.multiple) * model.multiple
    height, width = args.height or side, args.width or side
    pictures = [fitted(picture, height, width) for picture in _pictures(args, settings)]
    with replacing_directory(output) as folder:
        names = settings.class_names
        exporter = Exporter(model, folder, height=height, width=width, examples=pictures, class_names=names)
        paths = {kind: exporter.write(kind) for kind in kinds}
        exporter.write_about(settings)
        agrees = args.verify == "off" or _agree(model, folder, paths, pictures[: args.count])
    print(f"exported {prefix} to {output}")
    return 0 if agrees else 1


def _agree(model: Any, folder: Path, paths: dict[str, Path], pictures: list[Any]) -> bool:
    """Whether every format is near enough to the model; prints and writes how near."""
    from tfod.export.parity import print_parity, write_parity
    from tfod.export.run import measured
    from tfod.segmentation.export import input_of
    from tfod.segmentation.parity import HEADINGS, compare
    from tfod.segmentation.predictor import predictor_of

    predictor = predictor_of(model, tile_size=max(pictures[0].shape[:2]))
    expected = [predictor.probabilities(picture[None])[0] for picture in pictures]
    rows = [
        compare(kind, measured(kind, path, (input_of(picture, kind) for picture in pictures)), expected)
        for kind, path in paths.items()
    ]
    print_parity(rows, len(pictures), HEADINGS)
    write_parity(folder, rows, len(pictures))
    return all(row.enough for row in rows)


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)


def _pictures(args: argparse.Namespace, settings: Any) -> list[Any]:
    from tfod.inference.images import find_images, read_image
    from tfod.segmentation.data import reopen

    if args.images:
        return [read_image(path) for path in find_images(args.images)[:_EXAMPLES_FOR_INT8]]
    source = reopen(settings.validation).source
    return [source.read(number)[0] for number in range(min(len(source), _EXAMPLES_FOR_INT8))]
