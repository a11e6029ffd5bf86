"""How corpus.yaml names the parts of a file name, and what it makes of them.

A pattern such as ``{speaker:\\d\\d}{text:[a-z]\\d\\d}{emotion:[A-Z]}{take:[a-z]}.wav`` is a file name with fields: a
name and, where the default (anything but ``/``, ``_`` and ``-``) will not do, a regular expression. It matches the end
of a path, so that flat, nested and unzipped layouts all match. A template such as ``{language}-{number%350}`` puts
fields together.
"""

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler

from xser.core.errors import XserError
from xser.core.records import understood

DEFAULT_FIELD = "[^/_-]+"
Fields = dict[str, str]  # of a recording or of a row of a table: name of the field, value
FILE_FIELDS = ("stem", "name", "path")  # what every file has: its name without suffix, its name, its path from the root


def nfc(text: str) -> str:
    """Return `text` in Unicode NFC, the form in which paths are compared."""
    return unicodedata.normalize("NFC", text)


@dataclasses.dataclass(frozen=True)
class FilePattern:
    """A file name with named fields; it matches the end of a path, whole folder and file names at a time.

    Attributes
    ----------
    text
        The pattern as corpus.yaml writes it. A field that stands twice must have the same value twice.

    Examples
    --------
    >>> pattern = FilePattern(r"{speaker:[SM]+}/{emotion}_{number:\\d{2}}.wav")
    >>> pattern.match("top/folder/SM/angry_01.WAV")
    {'speaker': 'SM', 'emotion': 'angry', 'number': '01'}
    >>> pattern.match("SM/angry_1.wav") is None
    True
    """

    text: str

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Let records read it from text, and refuse a pattern that cannot be understood."""
        return handler.generate_schema(Annotated[str, AfterValidator(understood(cls._compiled))])

    @classmethod
    def _compiled(cls, text: str) -> "FilePattern":
        pattern = cls(text)
        _ = pattern.regex
        return pattern

    @functools.cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled regular expression.

        Raises
        ------
        XserError
            When the pattern cannot be understood.
        """
        pieces, seen = [], set()
        for field, expression in split_fields(nfc(self.text)):
            if field is None:
                pieces.append(re.escape(expression))
            elif field in seen:
                pieces.append(f"(?P={field})")
            else:
                seen.add(field)
                pieces.append(f"(?P<{field}>{expression or DEFAULT_FIELD})")
        if pieces and (suffix := re.search(r"\\\.\w+$", pieces[-1])):
            pieces[-1] = f"{pieces[-1][: suffix.start()]}(?i:{suffix[0]})"
        try:
            return re.compile(f"(?:.*/)?{''.join(pieces)}", re.DOTALL)
        except re.error as error:
            raise XserError(f"the pattern {self.text!r} is no regular expression ({error})") from error

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields."""
        return tuple(self.regex.groupindex)

    def match(self, path: str) -> dict[str, str] | None:
        """Return the fields of `path` (NFC, ``/`` between folders), None when it does not match."""
        match = self.regex.fullmatch(path)
        return match.groupdict("") if match else None


def field_names(patterns: Iterable[FilePattern]) -> set[str]:
    """Return the set of all fields of `patterns`."""
    return {field for pattern in patterns for field in pattern.fields}


def match_first(patterns: Iterable[FilePattern], path: str) -> dict[str, str] | None:
    """Return the fields of the first of `patterns` that matches `path`, None when none does."""
    for pattern in patterns:
        fields = pattern.match(path)
        if fields is not None:
            return fields
    return None


def split_fields(text: str) -> list[tuple[str | None, str]]:
    """Split a pattern into literal text and fields.

    Returns
    -------
    list of (str or None, str)
        (None, literal text) or (field, its regular expression, perhaps empty).

    Raises
    ------
    XserError
        When a brace has no partner or a field no proper name.

    Examples
    --------
    >>> split_fields(r"wav/{speaker:\\d{2}}{take}.wav")
    [(None, 'wav/'), ('speaker', '\\\\d{2}'), ('take', ''), (None, '.wav')]
    """
    pieces: list[tuple[str | None, str]] = []
    at = 0
    while at < len(text):
        opening = text.find("{", at)
        literal = text[at:] if opening < 0 else text[at:opening]
        if "}" in literal:
            raise XserError(f"the pattern {text!r} has a closing brace without an opening one")
        if literal:
            pieces.append((None, literal))
        if opening < 0:
            break
        closing = _partner(text, opening)
        name, _, expression = text[opening + 1 : closing].partition(":")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in FILE_FIELDS:
            raise XserError(f"the pattern {text!r} calls a field {name!r}: it needs a name of its own in lower case")
        pieces.append((name, expression))
        at = closing + 1
    return pieces


def _partner(text: str, opening: int) -> int:
    depth, at = 0, opening
    while at < len(text):
        if text[at] == "\\":
            at += 1  # whatever follows is no brace of ours
        elif text[at] in "{}":
            depth += 1 if text[at] == "{" else -1
            if depth == 0:
                return at
        at += 1
    raise XserError(f"the pattern {text!r} has an opening brace without a closing one")


_REFERENCE = re.compile(r"\{(\w+)(?:%(\d+))?\}")


@dataclasses.dataclass(frozen=True)
class Column:
    """How a column of the rows is made from the fields of a file.

    Attributes
    ----------
    template
        Text with ``{field}`` or ``{field%350}`` (the number modulo 350); a field that the file does not have is empty.
    map
        (regular expression, value): the first that matches the whole filled template gives the value, a template too,
        which may also use the named groups of the expression.

    Examples
    --------
    >>> Column("{language}-{number%350}").value({"language": "cmn", "number": "000351"})
    'cmn-1'
    >>> Column("{speaker}", ((r"\\d*[13579]", "male"), (r"\\d*[02468]", "female"))).value({"speaker": "07"})
    'male'
    >>> Column("{speaker}", (("Unknown", ""), ("S(?P<number>.*)", "{number}"))).value({"speaker": "S07"})
    '07'
    """

    template: str
    map: tuple[tuple[str, str], ...] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields that the templates use."""
        used = [match[1] for match in _REFERENCE.finditer(self.template)]
        for expression, value in self.map or ():
            own = re.compile(expression).groupindex
            used += [match[1] for match in _REFERENCE.finditer(value) if match[1] not in own]
        return tuple(used)

    def value(self, fields: dict[str, str]) -> str:
        """Return the column's value for a file.

        Raises
        ------
        ValueError
            When the map has no entry, or what is to be divided is no number; the message says which.
        """
        text = _REFERENCE.sub(functools.partial(_fill, fields), self.template)
        if self.map is None:
            return text
        for expression, value in self.map:
            match = re.fullmatch(expression, text)
            if match:
                return _REFERENCE.sub(functools.partial(_fill, {**fields, **match.groupdict("")}), value)
        raise ValueError(f"{text!r} has no entry in its `map`")


def _fill(fields: dict[str, str], match: re.Match[str]) -> str:
    value = fields.get(match[1], "")
    if match[2] is None:
        return value
    if not value.isdecimal():
        raise ValueError(f"{match[1]} is {value!r}, which is no number")
    return str(int(value) % int(match[2]))
