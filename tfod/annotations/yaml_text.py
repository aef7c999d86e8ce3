"""YAML as people mean it: words stay as they are written, and a key given twice is an error."""

from typing import Any

import yaml

__all__ = ["load_yaml"]


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


def load_yaml(text: str) -> Any:
    """Mappings, lists and texts (None where there is nothing). Raises yaml.YAMLError, for a key given twice too."""
    return yaml.load(text, _Loader)
