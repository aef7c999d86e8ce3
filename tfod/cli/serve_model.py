"""Serves a model over HTTP: TensorFlow Serving's REST interface, and a page to try it on."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfod.cli.command import CommandParser, execute
from tfod.errors import ConfigError

if TYPE_CHECKING:
    from tfod.serving.limits import Limits
    from tfod.serving.model import ServedModel

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = """Serves a model over HTTP: TensorFlow Serving's REST interface (/v1/models/NAME:predict, its status and
metadata), health at /healthz, and a page at / on which one drops an image and sees boxes. Only this machine can reach
it, unless --host says otherwise; there is no password. docs/export.md has requests and answers."""

_EXAMPLES = """\
  serve_model.py exported_models/photos
  serve_model.py exported_models/phone/model_float32.tflite --name phone --port 0
  serve_model.py workspace/photos --pipeline_config_path workspace/photos/pipeline.config --host 0.0.0.0"""


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("model", metavar="MODEL", help="an exported model, or with --pipeline_config_path a checkpoint")
    add("--pipeline_config_path", help="a model's config; MODEL is then a run's folder or a checkpoint's prefix")
    add("--label_map_path", help="names of the classes (default: the label map of the config)")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="overrides the config; can be repeated")
    add("--name", help="the model's name in addresses (default: that of its folder or file)")
    add("--host", default="127.0.0.1", help="who can reach it: 127.0.0.1, this machine (default); 0.0.0.0, all")
    add("--port", type=int, default=8501, metavar="N", help="default: 8501, as TensorFlow Serving; 0: any free one")
    add("--max_request_mb", type=float, default=32, metavar="N", help="megabytes of a request (default: 32)")
    add("--max_megapixels", type=float, default=40, metavar="N", help="of an image, decoded (default: 40)")
    add("--max_queue", type=int, default=64, metavar="N", help="requests that may wait; more get 503 (default: 64)")
    add("--max_batch", type=int, default=8, metavar="N", help="images that a model is given at once (default: 8)")
    add("--timeout", type=float, default=30, metavar="S", help="seconds that an answer may take (default: 30)")
    return parser


def run(args: argparse.Namespace) -> None:
    """Serves until it is stopped."""
    for flag in ("max_request_mb", "max_megapixels", "max_queue", "max_batch", "timeout"):
        if not 0 < getattr(args, flag) < 1e6:
            raise ConfigError("no request could be answered", f"--{flag}", "give a number above 0 and below a million")
    if not args.model:
        raise ConfigError("no model is named", "the command line", "give the folder or file of an exported model")
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        what = "serving needs starlette and uvicorn, which are not installed"
        raise ConfigError(what, "this environment", 'run: pip install "tfod[serve]"') from error
    _serve(args)


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    return execute(build_parser(), run, argv)


def _serve(args: argparse.Namespace) -> None:
    import logging

    from tfod.serving.run import address, listen
    from tfod.serving.run import run as answer
    from tfod.serving.service import Service

    with listen(args.host, args.port) as opened:  # before the model, which takes seconds
        url = address(opened)
        model, limits = _model(args), _limits(args)
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.WARNING)
        logging.getLogger("tfod.serving").setLevel(logging.INFO)

        def tell() -> None:
            print(f"{model.name} is served at {url}", flush=True)
            print(f"  a page to try it: {url}/\n  requests: {url}/v1/models/{model.name}:predict", flush=True)

        answer(Service(model, limits), limits, opened, tell)


def _limits(args: argparse.Namespace) -> "Limits":
    from tfod.serving.limits import Limits

    body, pixels = int(args.max_request_mb * 2**20), int(args.max_megapixels * 1e6)
    return Limits(body, pixels, waiting=args.max_queue, batch=args.max_batch, seconds=args.timeout)


def _model(args: argparse.Namespace) -> "ServedModel":
    from tfod.cli.model_source import read_config
    from tfod.serving.model import ServedModel
    from tfod.serving.run import model_name

    args.saved_model_dir = args.model
    config = read_config(args)[0] if args.pipeline_config_path or args.set else None

    from tfod.inference.detector import Detector

    detector = Detector(args.model, pipeline_config=config, label_map=args.label_map_path)
    return ServedModel(args.name or model_name(args.model), detector, detector.class_names)


if __name__ == "__main__":
    sys.exit(main())
