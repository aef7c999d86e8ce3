"""What every command shares: flags as people's notes have them, and errors without a traceback."""

import argparse
import difflib
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn

from tfod.errors import TfodError
from tfod.terminal import guarded

__all__ = ["CommandParser", "execute", "natural", "positive"]

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
    # A library of Google's says at every start when it will leave this Python behind; nobody can act on that.
    warnings.filterwarnings("ignore", "You are using a Python version", FutureWarning)
    with guarded():
        arguments = parser.parse_args(argv)
        try:
            code = run(arguments) or 0
            sys.stdout.flush()
            return code
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130
        except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (TfodError, OSError, MemoryError, RecursionError, UnicodeEncodeError) as error:
            print(f"error: {_told(error)}", file=sys.stderr)
            return 2


def natural(text: str) -> int:
    """What a flag's `type` makes of a whole number from 0. Raises ArgumentTypeError for anything else."""
    return _whole_number(text, least=0)


def positive(text: str) -> int:
    """What a flag's `type` makes of a whole number from 1. Raises ArgumentTypeError for anything else."""
    return _whole_number(text, least=1)


def _whole_number(text: str, *, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return number


def _told(error: TfodError | OSError | MemoryError | RecursionError | UnicodeEncodeError) -> TfodError:
    """The error in three lines; those of the system that no reader or writer has told with more words too."""
    if isinstance(error, OSError):
        reason = (error.strerror or str(error)).lower()
        where = os.fspath(error.filename) if isinstance(error.filename, str | os.PathLike) else "the command's files"
        return TfodError(f"a file cannot be used: {reason}", where, "check the path, its rights and the disk's space")
    if isinstance(error, UnicodeEncodeError):
        return TfodError("a name is no UTF-8 text", error.object[:1000], "rename the file, or name it otherwise")
    if isinstance(error, MemoryError):
        return TfodError("the memory is not enough", "this machine", "give less at a time, or take a larger machine")
    if isinstance(error, RecursionError):
        return TfodError("what is read is nested too deeply", "the command's files", "name files of the right kind")
    return error


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered in ("true", "t", "1", "yes"):
        return True
    if lowered in ("false", "f", "0", "no"):
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
