"""Exports a trained U-Net."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfod.cli.command import CommandParser, execute
from tfod.cli.unet_flags import add_run_flags
from tfod.errors import ConfigError

__all__ = ["build_parser", "main", "run"]

_FORMATS = ("saved_model", "tflite_float32", "tflite_float16", "tflite_int8", "onnx")
_DESCRIPTION = f"""Exports a trained U-Net: {", ".join(_FORMATS)}.

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
    default = ",".join(_FORMATS[:-1])
    add("--formats", default=default, metavar="KIND,...", help=f"(default: {default})")
    add("--height", type=int, help="of the pictures that TFLite and ONNX take (default: what training saw)")
    add("--width", type=int, help="the same")
    add("--images", nargs="+", metavar="PICTURE",
        help="pictures to compare on and to calibrate int8 by (default: those of the run's validation)")  # fmt: skip
    add("--count", type=int, default=16, help="how many pictures to compare on (default: 16)")
    return parser


def run(args: argparse.Namespace) -> int:
    """Exports and compares."""
    kinds = [kind.strip() for kind in args.formats.split(",")]
    unknown = [kind for kind in kinds if kind not in _FORMATS]
    if unknown:
        raise ConfigError(f"there is no format {unknown[0]!r}", "--formats", f"choose from {', '.join(_FORMATS)}")
    if args.count < 1:
        raise ConfigError("nothing would be compared", "--count", "give 1 or more")
    for name in ("height", "width"):
        side = getattr(args, name)
        if side is not None and not 1 <= side <= _MOST_PIXELS:
            raise ConfigError(f"the {name} of pictures is {side}", f"--{name}", f"give 1 to {_MOST_PIXELS}")

    from tfod.files import replacing_directory
    from tfod.segmentation.export import Exporter, fitted, load_exported, require_replaceable
    from tfod.segmentation.parity import compare, print_parity
    from tfod.segmentation.predictor import Predictor, load_model

    output = Path(args.output_dir)
    require_replaceable(output)
    model, settings, prefix = load_model(args.model_dir, args.checkpoint)
    side = -(-settings.crop_size // model.multiple) * model.multiple
    height, width = args.height or side, args.width or side
    pictures = [fitted(picture, height, width) for picture in _pictures(args, settings)]
    compared = pictures[: args.count]
    predictor = Predictor.of_model(model, tile_size=max(height, width))
    expected = [predictor.probabilities(picture[None])[0] for picture in compared]
    rows = []
    with replacing_directory(output) as folder:
        exporter = Exporter(model, folder, height=height, width=width, examples=pictures)
        for kind in kinds:
            path = exporter.write(kind)
            rows.append(compare(kind, path, load_exported(kind, path), compared, expected))
        exporter.write_about(settings)
    print_parity(rows, len(compared))
    print(f"exported {prefix} to {output}")
    return 0 if all(row.enough for row in rows) else 1


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
