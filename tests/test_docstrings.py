"""Docstrings: worked examples give what they say, and tensors have a shape and a dtype."""

import doctest
import importlib
from pathlib import Path

import pytest

from tests.tensor_docstrings import House

ROOT = Path(__file__).resolve().parents[1]
WITH_EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("tfod", "benchmarks")
    for path in sorted((ROOT / package).rglob("*.py"))
    if ".environments" not in path.parts and ">>> " in path.read_text(encoding="utf-8")
]
ROOMS = ("models", "boxes", "losses", "training", "evaluation", "export", "inference", "checkpoints")
# While the rooms are rearranged: the most functions without shapes that a room may still have. Goes when all are 0.
MOST_WITHOUT_SHAPES = {"models": 6, "training": 3, "evaluation": 3, "inference": 4, "checkpoints": 1}
HOUSE = House(ROOT, ROOMS)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name: str) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert attempted
    assert not failed


@pytest.mark.parametrize("room", ROOMS)
def test_public_functions_say_the_shape_and_dtype_of_tensors(room: str) -> None:
    without = HOUSE.without_shapes(room)
    told = (
        "say the shape in backticks and the dtype, or 'See NAME.' of a class, or 'See the module.', that says them:\n  "
    )
    assert len(without) <= MOST_WITHOUT_SHAPES.get(room, 0), told + "\n  ".join(without)
    called_any = HOUSE.tensors_called_any(room)
    assert not called_any, "Any in the signature, a tensor in the docstring:\n  " + "\n  ".join(called_any)


def test_what_counts_as_saying_the_shape_and_dtype(tmp_path: Path) -> None:
    (tmp_path / "tfod/models").mkdir(parents=True)
    (tmp_path / "tfod/boxes").mkdir()
    (tmp_path / "tfod/boxes/alias.py").write_text("Tensors = dict[str, tf.Tensor]\n")
    (tmp_path / "tfod/models/some.py").write_text(
        "'Tensors are float32 `[N, 4]`.'\n"
        "from tfod.boxes.alias import Tensors as Given\n"
        "Array = NDArray[np.float32]\n"
        "Step = Callable[[tf.Tensor], tf.Tensor]\n"
        "class Base:\n"
        "    def said(self, x: Array) -> None:\n"
        "        'Takes `x`, float32 `[N, 4]`.'\n"
        "class One(Base):\n"
        "    def said(self, x: 'Array | None') -> None:\n"
        "        'See Base.'\n"
        "    def __call__(self, x: Given) -> None:\n"
        "        'See Base.'\n"
        "    def _hidden(self, x: Given) -> None: ...\n"
        "def in_module(x: Given) -> None:\n"
        "    'Doubles; see the module.'\n"
        "def no_shape(x: Given) -> None:\n"
        "    'Takes float32.'\n"
        "def no_dtype() -> tuple[tf.Tensor, int]:\n"
        "    'Gives `[B]`.'\n"
        "def no_tensors(step: Step, axis: int) -> None: ...\n"
        "def any_tensor(x: Any, y: Any) -> None:\n"
        "    'Of `y` and of boxes: `x` is float32 `[N, 4]`.'\n"
    )
    house = House(tmp_path, ("models", "boxes"))
    offenders = [text.split()[-1] for text in house.without_shapes("models")]
    assert offenders == ["One.__call__", "no_shape", "no_dtype"]
    assert len(house.tensor_functions("models")) == 6
    assert [text.split()[-1] for text in house.tensors_called_any("models")] == ["x"]
