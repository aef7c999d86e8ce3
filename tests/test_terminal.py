"""Names of strangers on the terminal: text, whatever is in them; and errors of the system in three lines."""

import argparse
import ast
import errno
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tfod.cli.command import CommandParser, execute
from tfod.errors import DataError
from tfod.progress import Progress
from tfod.terminal import finding_group, guarded, print_table

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("[/]", "[/data]", "[red]", "[bold]x", ":cat:", "猫", "قطة")
OBEYED = {
    "a\x1b[2Jb": r"a\x1b[2Jb",
    "a\x9b2Jb": r"a\x9b2Jb",
    "a\rb": r"a\rb",
    "a\u202eb": r"a\u202eb",
    "a\udcffb": r"a\udcffb",
}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("name", NAMES)
def test_tables_show_names_as_they_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table("T", ("class", "boxes"), [[name, "1"], ["dog", "2"]], texts=("class",), line_after=0)
    assert f" {name} " in capsys.readouterr().out


@pytest.mark.parametrize(("name", "shown"), OBEYED.items())
def test_what_a_terminal_would_obey_is_shown(name: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table("T", ("class",), [[name]], texts=("class",))
    with guarded():
        print(name)
        print(name, file=sys.stderr)
    with pytest.raises(DataError, match="odd") as error:
        raise DataError("odd", f"{name}\n.xml", "mend")
    out, err = capsys.readouterr()
    assert out.count(shown) == 2 and shown in err and name not in out + err
    assert f"{shown}\\n.xml" in str(error.value)
    assert shown in "".join(finding_group("error", "h", [f"{name}\n"], 1, "mend"))


def test_letters_that_the_encoding_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    with guarded():
        print("猫")
        print_table("T", ("class",), [["猫"]], texts=("class",))
    stream.flush()
    assert stream.buffer.getvalue().count(rb"\u732b") == 2  # type: ignore[attr-defined]


def test_a_bar_shows_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", terminal)
    with guarded(), Progress("reading [/]", total=2) as progress:
        progress.advance(note="[/data]")
        progress.message("[red]\x1b[2J")
        print("[bold]\x1b[2J")
        progress.advance(note="[/data]")
    text = terminal.getvalue()
    for shown in ("reading [/]", "[/data]", r"[red]\x1b[2J", r"[bold]\x1b[2J"):
        assert shown in text
    assert "\x1b[2J" not in text
    assert "\x1b[" in text  # the bar's own


@pytest.mark.parametrize(
    ("raised", "lines"),
    [
        (OSError(errno.ENAMETOOLONG, "File name too long", "a" * 5000), ["a file cannot be used: file name too long"]),
        (RecursionError(), ["what is read is nested too deeply"]),
        (MemoryError(), ["the memory is not enough"]),
        (UnicodeEncodeError("utf-8", "x\udcff.record", 1, 2, "surrogates"), ["a name is no UTF-8 text"]),
    ],
)
def test_errors_of_the_system_are_three_lines(
    raised: Exception, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(CommandParser("", ""), _raising(raised), []) == 2
    error = capsys.readouterr().err.splitlines()
    assert error[0] == f"error: {lines[0]}"
    assert [line.split(":")[0].strip() for line in error[1:]] == ["where", "what to do"]


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    code = (
        "import sys; from tfod.cli.command import CommandParser, execute; "
        "sys.exit(execute(CommandParser('', ''), lambda args: [print('x' * 1000) for _ in range(1000)] and None, []))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_rich_is_used_by_the_terminal_and_the_bar_alone() -> None:
    users = set()
    for path in (ROOT / "tfod").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rich":
                users.add(path.name)
    assert users == {"terminal.py", "progress.py"}


def _raising(error: Exception) -> Callable[[argparse.Namespace], None]:
    def run(args: argparse.Namespace) -> None:
        raise error

    return run
