"""Typed records of the files that people and stages write: a schema each, checked at every read.

pydantic checks: it reads text into numbers and flags, says where in nested content a fault lies, and exports JSON
schemas, which attrs with cattrs does not. A YAML file is read as text and its fields say what is a number, so that
``no``, ``01`` and ``1e3`` stay the words that somebody wrote wherever a word is wanted.
"""

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import yaml

from xser.core.errors import XserError
from xser.core.files import write_text
from xser.core.words import close_match

R = TypeVar("R", bound=pydantic.BaseModel)


class Record(pydantic.BaseModel):
    """What one file holds. Immutable; an unknown key is an error.

    Examples
    --------
    >>> class Point(Record):
    ...     x: int
    >>> parse_record(Point, {"x": "3"}, "point.yaml")
    Point(x=3)
    >>> parse_record(Point, {"y": "3"}, "point.yaml")
    Traceback (most recent call last):
    ...
    xser.core.errors.XserError: point.yaml: unknown key `y`; the keys are x
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")


class _TextLoader(yaml.BaseLoader):
    """YAML whose plain values are all text; a key that stands twice in a mapping is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for at, key in enumerate(keys):
            if key in keys[:at]:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, kind: type[R], remedy: str = "") -> R:
    """Read a YAML file that a person wrote.

    Parameters
    ----------
    path
        The file.
    kind
        What it should hold.
    remedy
        What to do when it is not there.

    Raises
    ------
    XserError
        In one line, with the file, the line and the key: no such file, no YAML, a key that is unknown, missing or
        stands twice, a value that does not fit.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise XserError(f"{path} cannot be read ({error.strerror})" + (f": {remedy}" if remedy else "")) from error
    except UnicodeDecodeError as error:
        raise XserError(f"{path} is not UTF-8 ({error.reason}): save it as UTF-8") from error
    try:
        node = yaml.compose(text, Loader=_TextLoader)
        content = yaml.load(text, Loader=_TextLoader)  # noqa: S506 (a base loader: nothing but text)
    except yaml.YAMLError as error:
        raise XserError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    return parse_record(kind, {} if content in (None, "") else content, path, node)


def parse_record(kind: type[R], content: Any, where: str | Path, node: yaml.Node | None = None) -> R:
    """Check `content` (dicts, lists and text, or JSON values) against a record; `node` tells lines of a YAML file.

    Raises
    ------
    XserError
        In one line that names `where` and the key.
    """
    if not isinstance(content, dict):
        raise XserError(f"{where}: it must hold lines `key: value`")
    try:
        return kind.model_validate(content)
    except pydantic.ValidationError as error:
        raise XserError(_line(kind, _first(error), where, node)) from error


def read_record(path: Path, kind: type[R], remedy: str) -> R:
    """Read a JSON file that a stage wrote.

    Parameters
    ----------
    path
        The file.
    kind
        What it should hold.
    remedy
        What makes it anew, for the message.

    Raises
    ------
    XserError
        When it is missing, damaged, or of another shape.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise XserError(f"{path} cannot be read ({error.strerror}): {remedy}") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise XserError(f"{path} is not valid JSON ({error}): {remedy}") from error
    try:
        return check_record(kind, content, path)
    except XserError as error:
        raise XserError(f"{error}: {remedy}") from error


def check_record(kind: type[R], content: Any, where: str | Path) -> R:
    """Check JSON values against a record as they are: no text is read as a number.

    Raises
    ------
    XserError
        In one line that names `where` and the key.
    """
    try:
        return kind.model_validate_json(json.dumps(content), strict=True)
    except pydantic.ValidationError as error:
        raise XserError(_line(kind, _first(error), where, None)) from error


def write_record(path: Path, record: pydantic.BaseModel) -> None:
    """Write a record as indented JSON with sorted keys, whole or not at all."""
    text = json.dumps(record.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def _first(error: pydantic.ValidationError) -> Any:
    """The fault to tell of: an unknown key before a missing one, which it may be a misspelling of."""
    faults = error.errors()
    return next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])


def _line(kind: type[pydantic.BaseModel], error: Any, where: str | Path, node: yaml.Node | None) -> str:
    """Say the first fault in one line."""
    place = [part for part in error["loc"] if not _is_of_union(part)]
    key = ": ".join(map(str, place))
    line = _line_number(node, place)
    start = f"{where}, line {line}: " if line else f"{where}: "
    match error["type"]:
        case "missing":
            return f"{start}`{key}` is missing"
        case "extra_forbidden":
            known = _keys(kind, error["loc"][:-1])
            close = close_match(str(place[-1]), known)
            return f"{start}unknown key `{key}`{close}" + (f"; the keys are {', '.join(known)}" if known else "")
        case "value_error" | "assertion_error":
            said = str(error["ctx"]["error"])
            return f"{start}`{key}` {said}" if key else f"{start}{said}"
        case "literal_error":
            return f"{start}`{key}` is {error['ctx']['expected']}, not {error['input']!r}"
        case "int_parsing" | "int_type" | "int_from_float":
            return f"{start}`{key}` is a whole number, not {error['input']!r}"
        case "bool_parsing" | "bool_type":
            return f"{start}`{key}` is true or false, not {error['input']!r}"
        case "float_parsing" | "float_type":
            return f"{start}`{key}` is a number, not {error['input']!r}"
        case "string_type":
            return f"{start}`{key}` is text, not {error['input']!r}"
    said = error["msg"][:1].lower() + error["msg"][1:]
    return f"{start}`{key}`: {said}, not {error['input']!r}"


def _is_of_union(part: int | str) -> bool:
    """Whether a part of a location is pydantic's name for a branch of a union and no key of the file."""
    return isinstance(part, str) and (part.endswith("]") or part in ("str", "int", "float", "bool"))


def _keys(kind: type[pydantic.BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The keys of the record at `place` below a record; empty where that cannot be told."""
    if place:
        return []
    return list(kind.model_fields)


def _line_number(node: yaml.Node | None, place: list[Any]) -> int:
    """The line of a key in a YAML file, counted from 1; 0 where it is not known."""
    line = 0
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
