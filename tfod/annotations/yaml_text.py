"""YAML as people mean it: words stay as they are written, and a key given twice is an error.

Files of strangers are read within limits: what is nested deeply, or refers to itself, fills any time and memory.
"""

import re
from itertools import accumulate
from typing import Any

import yaml

from tfod.annotations.untrusted import read_text
from tfod.errors import DataError

__all__ = ["read_yaml", "shallow_text"]

_MOST_BYTES = 1 << 18
_MOST_DEEP = 20
_NESTING = re.compile(r"(?:[-?:]\s+|\s)*")


class _Loader(yaml.SafeLoader):
    """Takes words as they are written, since classes may be called `no`, `on` and `007`; refuses a key given twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012  (as PyYAML has it)
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":null", ":merge"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    what = f"there are two of the key {key.value!r}"
                    raise yaml.constructor.ConstructorError(None, None, what, key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def read_yaml(path: str) -> Any:
    """Mappings, lists and texts (None where there is nothing); DataError for what is malformed or meant to harm."""
    text = shallow_text(path)
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):  # a few lines of them fill any memory
            raise DataError("the yaml has aliases, which are not followed", path, "write out what they stand for")
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError, LookupError) as error:
        reason = " ".join(str(error).replace('in "<unicode string>", ', "").split())[:200]
        cure = "write blanks for the tabs" if "\\t" in reason else "correct the file"
        raise DataError(f"the yaml is malformed: {reason}", path, cure) from error


def shallow_text(path: str) -> str:
    """The text of a YAML file; DataError where it is too large or nested too deeply to be one that people write."""
    text = read_text(path)
    if len(text) > _MOST_BYTES or _depth(text) > _MOST_DEEP:  # PyYAML's time grows with the square of the depth
        what = "the yaml is too large, or nested too deeply, for what it should be"
        raise DataError(what, path, "name another file, or write it plainly")
    return text


def _depth(text: str) -> int:
    """How deep brackets, or the signs of lists within lists on one line, are nested at most."""
    opening = accumulate((character in "{[") - (character in "}]") for character in text)
    on_a_line = max((len(_NESTING.match(line)[0].split()) for line in text.splitlines()), default=0)  # type: ignore[index]
    return max(max(opening, default=0), on_a_line)
