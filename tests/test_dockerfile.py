"""The Dockerfile, as far as can be told without building it."""

import configparser
import json
import re
from pathlib import Path

from dockerfile_parse import DockerfileParser

from tfod.serving.run import PORT

ROOT = Path(__file__).resolve().parents[1]


def _steps() -> list[tuple[str, str]]:
    """Instruction and value of each step, without comments."""
    parser = DockerfileParser(str(ROOT / "Dockerfile"))
    return [(one["instruction"], one["value"]) for one in parser.structure if one["instruction"] != "COMMENT"]


def _values(instruction: str) -> list[str]:
    return [value for name, value in _steps() if name == instruction]


def test_only_one_base_with_a_version_and_no_download_by_add() -> None:
    known = {"FROM", "RUN", "COPY", "WORKDIR", "ENV", "USER", "EXPOSE", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in _steps()} == known
    (base,) = _values("FROM")
    assert re.fullmatch(r"python:3\.11-slim-\w+", base)


def test_packages_leave_nothing_behind() -> None:
    for command in _values("RUN"):
        if "apt-get install" in command:
            assert "apt-get update" in command and "--no-install-recommends" in command
            assert command.rstrip().endswith("rm -rf /var/lib/apt/lists/*")
        for install in re.findall(r"pip install [^&]*", command):
            assert "--no-cache-dir" in install


def test_the_extras_exist() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    named = {
        extra
        for command in _values("RUN")
        for text in re.findall(r"\.\[([\w,]+)\]", command)
        for extra in text.split(",")
    }
    assert "serve" in named and named <= set(settings["options.extras_require"])


def test_what_is_copied_is_there_and_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = {path for value in _values("COPY") for path in value.split()[:-1]}
    assert copied == sent and all((ROOT / path).exists() for path in copied)


def test_it_runs_the_command_as_an_ordinary_user() -> None:
    names = [name for name, _ in _steps()]
    (user,) = _values("USER")
    assert user not in ("root", "0") and max(i for i, name in enumerate(names) if name == "RUN") < names.index("USER")
    assert json.loads(_values("ENTRYPOINT")[0]) == ["tfod"]  # the exec form: SIGTERM reaches the command
    assert _values("EXPOSE") == [str(PORT)]
