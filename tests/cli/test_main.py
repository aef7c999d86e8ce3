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


@pytest.mark.parametrize("name", ["demo", "model_main_tf2"])
def test_a_command_answers_under_its_short_name_and_its_own(name: str) -> None:
    program = f"from tfod.cli.main import main; main([{name!r}, '--help'])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert run.returncode == 0
    assert run.stdout.startswith(f"usage: tfod {name} ")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tfod 0.")
