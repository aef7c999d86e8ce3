"""`tfod`: finds the command, and says what it did not find."""

import subprocess
import sys
from pathlib import Path

import pytest

from tfod.cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    text = capsys.readouterr().out
    for name, (module, _) in COMMANDS.items():
        assert f"\n  {name} " in text
        assert f"tools/{module}.py" in text


def test_every_tool_has_a_short_name_and_every_short_name_a_tool() -> None:
    tools = {path.stem for path in (ROOT / "tools").glob("*.py")}
    assert {module for module, _ in COMMANDS.values()} == tools


def test_a_misspelt_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tarin"]) == 2

    assert capsys.readouterr().err == (
        "error: unknown command tarin; did you mean train?\n  where: the command line\n  what to do: see tfod --help\n"
    )


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (["zoo", "downlaod", "x"], "zoo downlaod; did you mean zoo download?"),
        (["config", "nwe"], "config nwe; did you mean config new?"),
        (["config"], "config; did you mean config new?"),
        (["conifg", "new", "--model", "x"], "conifg; did you mean config new?"),
        (["xyzzy"], "xyzzy"),
    ],
)
def test_a_misspelt_command_of_two_words(typed: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(typed) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: unknown command {hint}"


@pytest.mark.parametrize("typed", [["zoo"], ["zoo", "list"], ["list_models"], ["zoo", "--trainable"]])
def test_the_zoo_alone_is_its_list(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(typed) == 0
    assert capsys.readouterr().out.startswith("model  ")


@pytest.mark.parametrize("name", ["demo", "model_main_tf2", "zoo", "zoo download", "config new"])
def test_a_command_answers_under_its_short_name_and_its_own(name: str) -> None:
    program = f"from tfod.cli.main import main; main([*{name!r}.split(), '--help'])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert run.returncode == 0
    assert run.stdout.startswith(f"usage: tfod {name} ")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tfod 0.")
