"""The keys that a checkpoint gives to variables."""

from collections import deque
from typing import Any

import tensorflow as tf

__all__ = ["VALUE_SUFFIX", "variable_keys"]

VALUE_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


def variable_keys(**roots: Any) -> dict[str, tf.Variable]:
    """Variables by their checkpoint keys, without the suffix that all have.

    `variable_keys(model=module)` has the keys of `tf.train.Checkpoint(model=module)`: the shortest path of
    attribute names, where several are equally short the one whose attributes were set first. What has a
    `checkpoint_layout` is saved as that says.
    """
    keys: dict[str, tf.Variable] = {}
    seen: set[int] = set()
    queue = deque((path, _saved(root)) for path, root in roots.items())
    while queue:
        path, node = queue.popleft()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, tf.Variable):
            keys[path] = node
            continue
        # TensorFlow has no public way to ask an object what a checkpoint would save of it.
        children = node._trackable_children()
        queue.extend((f"{path}/{_escape(name)}", child) for name, child in children.items())
    return keys


def _saved(root: Any) -> Any:
    return root.checkpoint_layout().full if hasattr(root, "checkpoint_layout") else root


def _escape(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")
