"""YAML whose plain values are all text, so that ``no``, ``01`` and ``1e3`` stay the words that somebody wrote."""

from collections.abc import Hashable
from typing import Any

import yaml

MOST_NODES = 100_000  # of a file whose aliases are written out


class _TextLoader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]  # ten times as fast in C
    """YAML whose plain values are all text; a key that stands twice in a mapping is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is no text", key.start_mark)
            if key.value in keys:
                what = f"the key {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, what, key.start_mark)
            keys.add(key.value)
        return super().construct_mapping(node, deep)


class _NullableLoader(_TextLoader):
    """The same, but for what is written without quotes and stands for nothing: ``null``, ``~`` and no value."""

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        return None if not node.style and node.value in ("", "~", "null", "Null", "NULL") else node.value


def yaml_text(text: str, nulls: bool = False) -> tuple[Any, yaml.Node | None]:
    """Read YAML whose plain values are all text: ``no``, ``01`` and ``1e3`` are what somebody wrote.

    Parameters
    ----------
    nulls
        Whether ``null`` without quotes is None, in files that programs write.

    Returns
    -------
    content, node
        Dicts, lists and text; and the nodes they were made of. Both are None for an empty text.

    Raises
    ------
    yaml.YAMLError
        For no YAML, a key that stands twice or is no text, and aliases that make much of little.
    """
    loader = (_NullableLoader if nulls else _TextLoader)(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, None
        sizes: dict[int, int] = {}
        if _expanded(node, sizes) > max(MOST_NODES, 10 * len(sizes)):
            raise yaml.YAMLError("aliases (*) repeat too much of it: write it out")
        return loader.construct_document(node), node
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error


def _expanded(node: yaml.Node, sizes: dict[int, int]) -> int:
    """The nodes there are when each alias is written out; `sizes` holds those of nodes that were counted."""
    if id(node) in sizes:
        if sizes[id(node)] == 0:
            raise yaml.YAMLError("an alias (*) stands within what it names: write it out")
        return sizes[id(node)]
    sizes[id(node)] = 0
    inner = node.value if isinstance(node, yaml.CollectionNode) else ()
    inner = (each for pair in inner for each in (pair if isinstance(pair, tuple) else (pair,)))
    sizes[id(node)] = 1 + sum(_expanded(each, sizes) for each in inner)
    return sizes[id(node)]
