"""Which public functions take or give tensors, and which of their docstrings do not say of what shape and dtype."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

__all__ = ["Function", "House"]

_TENSOR_TYPES = {
    "tf.Tensor", "tf.RaggedTensor", "tf.SparseTensor", "np.ndarray", "NDArray", "npt.NDArray",
}  # fmt: skip
_SHAPE = re.compile(r"`\[[^`]*\]`|\bscalars?\b", re.IGNORECASE)
_DTYPE = re.compile(r"\b(?:b?float(?:16|32|64)|u?int(?:8|16|32|64)|bool|string|dtypes?)\b")
_SEE = re.compile(r"\bSee `?(\w+)`?\.")


@dataclass(frozen=True)
class Function:
    """A public function or method; `owner` is its class's name, or empty."""

    path: Path
    owner: str
    node: ast.FunctionDef

    def __str__(self) -> str:
        name = f"{self.owner}.{self.node.name}" if self.owner else self.node.name
        return f"{self.path}:{self.node.lineno} {name}"

    @property
    def docstring(self) -> str:
        """Empty where there is none."""
        return ast.get_docstring(self.node) or ""

    @property
    def parameters(self) -> list[ast.arg]:
        """All of them, but without `self`."""
        arguments = self.node.args
        several = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
        return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *several]


class House:
    """The modules below `root / "tfod"`: what their aliases stand for, and what their docstrings say."""

    def __init__(self, root: Path, rooms: tuple[str, ...]) -> None:
        self._root = root
        self._rooms = rooms
        self._trees: dict[Path, ast.Module] = {}
        self._aliases: dict[Path, set[str]] = {}

    def tensor_functions(self, room: str) -> list[Function]:
        """The public functions of `tfod/ROOM` of which a parameter or the result is annotated with a tensor."""
        return [function for function in self._functions(room) if self._takes_or_gives_tensors(function)]

    def without_shapes(self, room: str) -> list[str]:
        """Those of them whose docstring says no shape or no dtype, nor points to a class or its module that does."""
        return [str(function) for function in self.tensor_functions(room) if not self._is_complete(function)]

    def tensors_called_any(self, room: str) -> list[str]:
        """Parameters that are `Any` in the signature and tensors in the docstring."""
        return [
            f"{function}: {parameter.arg}"
            for function in self._functions(room)
            for parameter in function.parameters
            if parameter.annotation and "Any" in _names(parameter.annotation)
            if _calls_a_tensor(function.docstring, parameter.arg)
        ]

    def _functions(self, room: str) -> Iterator[Function]:
        for path in sorted((self._root / "tfod" / room).rglob("*.py")):
            for node in self._tree(path).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    yield Function(path.relative_to(self._root), "", node)
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    yield from self._methods(path, node)

    def _methods(self, path: Path, owner: ast.ClassDef) -> Iterator[Function]:
        for node in owner.body:
            if isinstance(node, ast.FunctionDef) and (node.name == "__call__" or not node.name.startswith("_")):
                yield Function(path.relative_to(self._root), owner.name, node)

    def _takes_or_gives_tensors(self, function: Function) -> bool:
        known = self._tensor_names(self._root / function.path)
        annotations = [function.node.returns, *(parameter.annotation for parameter in function.parameters)]
        return any(annotation is not None and _names(annotation) & known for annotation in annotations)

    def _is_complete(self, function: Function) -> bool:
        if _says_shape_and_dtype(function.docstring):
            return True
        if "see the module" in function.docstring.lower():
            return _says_shape_and_dtype(ast.get_docstring(self._tree(self._root / function.path)) or "")
        return any(
            _says_shape_and_dtype(text)
            for name in _SEE.findall(function.docstring)
            for text in self._class_docstrings.get(name, {}).get(function.node.name, ())
        )

    @cached_property
    def _class_docstrings(self) -> dict[str, dict[str, list[str]]]:
        """Class -> method -> what the method's docstring and the class's own say."""
        said: dict[str, dict[str, list[str]]] = {}
        for room in self._rooms:
            for path in (self._root / "tfod" / room).rglob("*.py"):
                for owner in self._tree(path).body:
                    if isinstance(owner, ast.ClassDef):
                        for method in self._methods(path, owner):
                            texts = said.setdefault(owner.name, {}).setdefault(method.node.name, [])
                            texts += [method.docstring, ast.get_docstring(owner) or ""]
        return said

    def _tensor_names(self, path: Path) -> set[str]:
        """Names that stand for tensors or containers of tensors in a module: its own aliases and imported ones."""
        if path in self._aliases:
            return self._aliases[path]
        known = self._aliases[path] = set(_TENSOR_TYPES)
        for node in self._tree(path).body:
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tfod."):
                source = self._root / f"{node.module.replace('.', '/')}.py"
                if source.is_file():
                    theirs = self._tensor_names(source) - _TENSOR_TYPES
                    known |= {alias.asname or alias.name for alias in node.names if alias.name in theirs}
            target = _alias(node)
            if target and _names(target[1]) & known:
                known.add(target[0])
        return known

    def _tree(self, path: Path) -> ast.Module:
        if path not in self._trees:
            self._trees[path] = ast.parse(path.read_text(encoding="utf-8"))
        return self._trees[path]


def _alias(node: ast.stmt) -> tuple[str, ast.expr] | None:
    """Name and value of `Name = type[...]`."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value and "TypeAlias" in ast.unparse(node.annotation):
        target, value = node.target, node.value
    else:
        return None
    types = ast.Name | ast.Attribute | ast.Subscript | ast.BinOp | ast.BitOr | ast.Tuple | ast.List | ast.Load
    parts = (part for part in ast.walk(value) if not (isinstance(part, ast.Constant) and part.value in (None, ...)))
    if isinstance(target, ast.Name) and all(isinstance(part, types) for part in parts):
        return target.id, value
    return None


def _names(annotation: ast.expr) -> set[str]:
    """The types that an annotation is made of; what a function in it takes and gives is not counted."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return _names(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.Name | ast.Attribute):
        return {ast.unparse(annotation)}
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).endswith("Callable"):
        return set()
    parts = (part for part in ast.iter_child_nodes(annotation) if isinstance(part, ast.expr))
    return {name for part in parts for name in _names(part)}


def _says_shape_and_dtype(docstring: str) -> bool:
    return bool(_SHAPE.search(docstring) and _DTYPE.search(docstring))


def _calls_a_tensor(docstring: str, parameter: str) -> bool:
    """Whether an entry of `Args:`, or a sentence that begins with the parameter, gives it a shape."""
    entry = re.search(rf"^\s*{parameter}: (.*)$", docstring, re.MULTILINE)
    sentence = re.search(rf"`{parameter}`(?: is|,) ([^.]*)", docstring)
    told = " ".join(found[1] for found in (entry, sentence) if found)
    return bool(re.search(r"`\[[^`]*\]`|\btensors?\b", told))
