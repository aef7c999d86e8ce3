"""What every command shares: flags as people's notes have them, and errors without a traceback."""

import argparse
import difflib
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn

from tfod.errors import TfodError

__all__ = ["CommandParser", "execute"]

# Logging flags of the original's commands. People's scripts pass them; here they change nothing.
_LOGGING_FLAGS = ("alsologtostderr", "logtostderr")
_LOGGING_FLAGS_WITH_VALUE = ("verbosity", "stderrthreshold", "v")


class CommandParser(argparse.ArgumentParser):
    """Takes the original's booleans too (`--flag`, `--flag=false`, `--noflag`), and answers a misspelt flag
    with the nearest real one."""

    def __init__(self, description: str, examples: str, prog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"examples:\n{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for name in _LOGGING_FLAGS:
            self.add_boolean(name, default=True, help=argparse.SUPPRESS)
        for name in _LOGGING_FLAGS_WITH_VALUE:
            self.add_argument(f"--{name}", help=argparse.SUPPRESS)

    def add_boolean(self, name: str, *, default: bool, help: str) -> None:
        """Adds `--name`, `--name=true|false` and `--noname`."""
        self.add_argument(f"--{name}", nargs="?", const=True, default=default, type=_boolean, metavar="BOOL", help=help)
        self.add_argument(f"--no{name}", dest=name, action="store_const", const=False, help=argparse.SUPPRESS)

    def parse_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Parses; an unknown flag ends the process with the nearest real flag named."""
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(self._unknown(unknown))
        return parsed

    def error(self, message: str) -> NoReturn:
        """Ends the process with exit code 2 and the three-line error."""
        self.exit(2, f"error: {message}\n  where: the command line\n  what to do: see {self.prog} --help\n")

    def _unknown(self, arguments: Sequence[str]) -> str:
        flag = arguments[0].split("=")[0]
        known = [option for option in self._option_string_actions if option.startswith("--")]
        nearest = difflib.get_close_matches(flag, known, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        return f"unknown argument {flag}{hint}"


def execute(
    parser: argparse.ArgumentParser,
    run: Callable[[argparse.Namespace], int | None],
    argv: Sequence[str] | None = None,
) -> int:
    """Parses `argv` and calls `run`; returns the exit code: 0, what `run` returns, or 2 for a user's error."""
    arguments = parser.parse_args(argv)
    # A library of Google's says at every start when it will leave this Python behind; nobody can act on that.
    warnings.filterwarnings("ignore", "You are using a Python version", FutureWarning)
    try:
        return run(arguments) or 0
    except TfodError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered in ("true", "t", "1", "yes"):
        return True
    if lowered in ("false", "f", "0", "no"):
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
