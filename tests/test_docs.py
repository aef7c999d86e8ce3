"""The commands in README.md and docs/ are run as they stand, on a few drawn pictures."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.lessons.cells import SHORT, ZOO_MODEL
from tests.segmentation.tiny import write_discs
from tests.tf1_folder import write_tf1_folder
from tests.zoo_archives import write_stand_in

ROOT = Path(__file__).resolve().parents[1]
GUIDES = [
    ROOT / "docs" / f"{name}.md"
    for name in ("data", "records", "doctor", "configs", "training", "evaluation", "export", "segmentation", "from_tf1")
]
_PLACES = ("docs", "docs/lessons/en", "docs/lessons/es", "annotations", "pretrained_models", "exported_models")
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    path for folder in (*_PLACES, "workspace", "benchmarks") for path in (ROOT / folder).glob("*.md")
)

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANY_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def _blocks(document: Path) -> list[tuple[str, str]]:
    """Language and text of every fenced block."""
    return _FENCE.findall(document.read_text(encoding="utf-8"))


def _run(workspace: Path, language: str, text: str) -> None:
    if language == "python":
        _execute(workspace, [sys.executable, "-W", "ignore", "-c", text], text)
    for command in text.splitlines() if language == "bash" else ():
        if command.startswith("make "):
            goal = command.split("#")[0].split()[1:]
            _execute(ROOT, ["make", "--dry-run", *goal], command)
        elif not command.startswith("source "):
            training = "model_main_tf2.py" in command and "--checkpoint_dir" not in command
            shorter = SHORT["train"] if training else SHORT["unet train"] if "train_unet.py" in command else ""
            _execute(workspace, ["bash", "-ec", f"{command} {shorter}"], command)


def _execute(folder: Path, arguments: list[str], shown: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        arguments, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"$ {shown}\n{run.stdout[-1500:]}\n{run.stderr[-1500:]}"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user has it, with a few photos and a model as if it came from the zoo, after README.md's tour."""
    from tfod.annotations.sample_data import write_sample_data

    folder = tmp_path_factory.mktemp("docs")
    (folder / "tools").symlink_to(ROOT / "tools")
    shutil.copytree(ROOT / "workspace" / "configs", folder / "workspace" / "configs")
    write_sample_data(folder / "photos" / "train", count=6, seed=0)
    write_sample_data(folder / "photos" / "val", count=3, seed=1)
    write_discs(folder / "shapes", 16)
    write_stand_in(folder / ZOO_MODEL)
    for language, text in _blocks(ROOT / "README.md"):
        _run(folder, language, text)
    shutil.copytree(folder / "annotations" / "photos", folder / "old")
    write_tf1_folder(folder, "old")
    return folder


@pytest.fixture(scope="module")
def toured() -> set[str]:
    """The commands that `workspace` has run already."""
    return {command for _, text in _blocks(ROOT / "README.md") for command in text.splitlines()}


@pytest.mark.slow
def test_the_tour_of_the_readme_ends_with_a_detector_and_pictures(workspace: Path) -> None:
    assert (workspace / "exported_models/photos/saved_model/saved_model.pb").is_file()
    assert (workspace / "workspace/photos/evaluation/metrics.json").is_file()
    drawn = {path.name for path in (workspace / "workspace/photos/detections").glob("*.jpg")}
    assert drawn == {"scene_0000.jpg", "scene_0001.jpg", "scene_0002.jpg"}


@pytest.mark.slow
@pytest.mark.parametrize("document", GUIDES, ids=lambda path: path.stem)
def test_the_commands_of_a_guide_run(document: Path, workspace: Path, toured: set[str]) -> None:
    blocks = [block for block in _blocks(document) if block[0] in ("bash", "python")]

    assert blocks, "a guide shows at least one command"
    for language, text in blocks:
        new = "\n".join(line for line in text.splitlines() if line not in toured)
        _run(workspace, language, text if language == "python" else new)
    made = re.findall(
        r"`((?:annotations|workspace|exported_models)/(?:photos|shapes)/[\w./-]+)`", document.read_text("utf-8")
    )
    assert [path for path in made if not (workspace / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_paths_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    prose = _ANY_FENCE.sub("", text)  # code may look like a link
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", prose)
    assert [link for link in links if not (document.parent / link).exists()] == []

    # Paths of the source that are named in code marks; a name in capitals stands for one of the reader's own.
    named = re.findall(r"`((?:tools|tfod|tests|docs|benchmarks|workspace/configs)/[\w./-]*)`", text)
    missing = [path for path in named if not path.split("/")[-1].isupper() and not (ROOT / path).exists()]
    assert [path for path in missing if "NAME" not in path] == []


def test_the_readme_explains_every_dependency_and_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")

    required = set(re.findall(r"^[\w.-]+", settings["options"]["install_requires"], re.MULTILINE))
    assert {name for name in required if f"| [{name}](" not in readme} == set()
    for_development = set(re.findall(r"^[\w.-]+", settings["options.extras_require"]["dev"], re.MULTILINE))
    assert {name for name in for_development if name not in readme} == set()
    assert {path.name for path in (ROOT / "tools").glob("*.py") if f"| `{path.name}` |" not in readme} == set()
