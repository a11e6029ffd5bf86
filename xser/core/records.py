"""Typed records of the files that people and stages write: a schema each, checked at every read.

pydantic checks: it reads text into numbers and flags, tells where in nested content a fault lies, and exports JSON
schemas, which attrs with cattrs does not. A YAML file is read as text (`xser.core.yaml_text`) and its
fields define what is a number.
"""

import functools
import json
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import pydantic.json_schema
import yaml

from xser.core.digests import is_as_sealed, sealed
from xser.core.errors import XserError
from xser.core.files import write_json, write_text
from xser.core.words import close_match
from xser.core.yaml_text import yaml_text

R = TypeVar("R", bound=pydantic.BaseModel)
Loc = tuple[int | str, ...]
LONGEST = 100  # characters of a wrong value that a message shows


class Record(pydantic.BaseModel):
    """What one file holds, or a part of it. Immutable; an unknown key is an error.

    The string below a field is its description, which a JSON schema shows to people.

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

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class StageRecord(Record):
    """What a stage writes for the next: its file carries a digest of its content, which every reader checks."""

    content_digest: str = ""


class OneOf:
    """The words that a field may hold, where the program has them in a variable: ``Annotated[str, OneOf(names)]``."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = list(words)

    def __get_pydantic_core_schema__(self, source: Any, handler: pydantic.GetCoreSchemaHandler) -> Any:
        """The schema that allows these words alone."""
        return handler.generate_schema(typing.Literal.__getitem__(tuple(self.words)))


class WrongValue(ValueError):
    """What a validator of a record raises about a key below it.

    Parameters
    ----------
    message
        Goes on after the key: "must be ...".
    place
        The keys that lead to it.
    """

    def __init__(self, message: str, *place: int | str) -> None:
        super().__init__(message)
        self.place = place


def understood(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make a validator of a function that raises `XserError`, whose message then follows the key."""

    @functools.wraps(function)
    def validate(value: Any) -> Any:
        try:
            return function(value)
        except XserError as error:
            raise WrongValue(f"is wrong: {error}") from error

    return validate


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
        content, node = yaml_text(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise XserError(f"{path}{line}: not valid YAML: {error.problem}{_hint(error)}") from error
    except yaml.YAMLError as error:
        raise XserError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    return parse_record(kind, {} if content in (None, "") else content, path, node)


def _hint(error: yaml.MarkedYAMLError) -> str:
    return "; write text with backslashes in 'single quotes'" if "escape" in str(error.problem) else ""


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
        raise XserError(_line(kind, error, content, where, node)) from error


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
        When it is missing, damaged, changed since a stage wrote it, or of another shape.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise XserError(f"{path} cannot be read ({error.strerror}): {remedy}") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise XserError(f"{path} is not valid JSON ({error}): {remedy}") from error
    try:
        record = check_record(kind, content, path)
    except XserError as error:
        raise XserError(f"{error}: {remedy}") from error
    if not is_as_sealed(content):
        raise XserError(f"{path} was changed since it was written: {remedy}")
    return record


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
        raise XserError(_line(kind, error, content, where, None)) from error


def write_record(path: Path, record: pydantic.BaseModel) -> None:
    """Write a record as indented JSON with sorted keys, whole or not at all; a `StageRecord` with its digest."""
    content = record.model_dump(mode="json")
    write_json(path, sealed(content) if isinstance(record, StageRecord) else content)


class _WithoutTitles(pydantic.json_schema.GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # it would repeat the key


def json_schema(kind: type[pydantic.BaseModel]) -> str:
    """Return the JSON schema of a file that people write, by which editors complete, explain and check it."""
    schema = kind.model_json_schema(schema_generator=_WithoutTitles)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path, kinds: Mapping[str, type[pydantic.BaseModel]]) -> None:
    """Write ``<name>.json`` for each of `kinds`."""
    for name, kind in kinds.items():
        write_text(folder / f"{name}.json", json_schema(kind))


# The first fault in one line. -----------------------------------------------------------------------------------------


def _line(
    kind: type[pydantic.BaseModel],
    error: pydantic.ValidationError,
    content: Any,
    where: str | Path,
    node: yaml.Node | None,
) -> str:
    fault, place = _first(error, content)
    line = _line_number(node, place)
    start = f"{where}, line {line}: " if line else f"{where}: "
    return start + _message(kind, fault, place)


def _first(error: pydantic.ValidationError, content: Any) -> tuple[Any, Loc]:
    """The fault to tell of, and the keys that lead to it.

    An unknown key comes before a missing one, which it may be a misspelling of. Of the branches of a union that one
    counts which got furthest.
    """
    faults = [(fault, _place(fault, content)) for fault in error.errors()]
    for fault, place in faults:
        if fault["type"] == "extra_forbidden":
            return fault, place
    first = faults[0][1]
    return max((each for each in faults if each[1][: len(first)] == first), key=lambda each: len(each[1]))


def _place(fault: Any, content: Any) -> Loc:
    """The keys of the file that lead to a fault: pydantic's location without its names for branches and steps."""
    wrong = fault.get("ctx", {}).get("error")
    place: list[int | str] = []
    for part in (*fault["loc"], *(wrong.place if isinstance(wrong, WrongValue) else ())):
        inside = isinstance(content, dict) and part in content
        if inside or isinstance(content, list) and isinstance(part, int) and part < len(content):
            place.append(part)
            content = content[part]
    return (*place, fault["loc"][-1]) if fault["type"] == "missing" else tuple(place)


_LIKE = {
    "int": "a whole number",
    "bool": "true or false",
    "float": "a number",
    "string": "text",
    "list": "a list",
    "tuple": "a list",
    "dict": "made of lines `name: value`",
    "model": "made of lines `key: value`",
}


def _message(kind: type[pydantic.BaseModel], fault: Any, place: Loc) -> str:
    key = ": ".join(f"item {part + 1}" if isinstance(part, int) else part for part in place)
    it = f"`{key}`" if key else "it"
    given, reason, context = _shown(fault["input"]), fault["type"], fault.get("ctx", {})
    match reason:
        case "missing":
            return f"{it} is missing"
        case "extra_forbidden":
            known = _keys(kind, place[:-1])
            close = close_match(str(place[-1]), known)
            return f"unknown key {it}{close}" + (f"; the keys are {', '.join(known)}" if known else "")
        case "value_error" | "assertion_error":
            return f"{it} {context['error']}" if key else str(context["error"])
        case "literal_error":
            known = re.findall(r"'([^']*)'", context["expected"])
            return f"{it} is {given}{close_match(str(fault['input']), known)}: it must be one of {', '.join(known)}"
        case "too_short":
            return f"{it} needs {context['min_length']} or more" if context["actual_length"] else f"{it} is empty"
        case "string_too_short":
            return f"{it} is empty"
        case "string_pattern_mismatch":
            return f"{it} must look like {context['pattern'].strip('^$')}, not {given}"
    wanted = _LIKE.get(reason.partition("_")[0]) if reason.endswith(("_type", "_parsing", "_from_float")) else None
    if wanted:
        return f"{it} must be {wanted}, not {given}"
    message = fault["msg"].replace("Input", "it").replace("String", "it")
    return f"{it} is {given}: {message}"


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]} ..."


def _keys(kind: Any, place: Loc) -> list[str]:
    """The keys of the record at `place` below `kind`, a record or a type made of them; empty where there is none."""
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        if not place:
            return list(fields)
        return _keys(fields[str(place[0])], place[1:]) if place[0] in fields else []
    inner = [place, place[1:]] if place else [place]  # a union has no key of its own; a list or dictionary has one
    found = [_keys(each, rest) for each in typing.get_args(kind) for rest in inner]
    return next(filter(None, found), [])


def _line_number(node: yaml.Node | None, place: Loc) -> int:
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
