"""Labels that stand in a table beside the recordings."""

import csv
import io
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, model_validator

from xser.core.errors import XserError
from xser.core.records import Record, WrongValue
from xser.core.yaml_text import yaml_text
from xser.corpora.description.file_patterns import Fields, FilePattern, field_names, match_first, nfc, split_fields
from xser.corpora.folders import File


class LabelTable(Record):
    """A table beside the recordings."""

    files: Annotated[tuple[FilePattern, ...], Field(min_length=1)]
    """Patterns of its files: one table may come in several, and the fields of a file's name are fields of its rows."""
    columns: dict[str, str] = {}
    """Field: heading of the column that has it, or path of the value below a row of JSON or YAML, such as
    `votes/final`. A field called `stem` or `name` is a recording's path: what counts is its stem or name."""
    join: tuple[str, ...]
    """The fields, of a recording's name or of an earlier table, that tell which row is which recording's."""
    delimiter: Annotated[str, Field(max_length=1)] = ""
    """Between columns; without it a tab where the file's name ends in `.tsv`, else a comma."""
    rows: FilePattern | None = None
    """Where the file has no columns: a pattern of the lines that are rows, with their fields; of a `.json`, `.jsonl` or
    `.yaml` file of the paths of the objects that are rows, with numbers from 0 for what stands in a list."""
    segments: bool = False
    """Whether each row is an utterance: a stretch of the recording, from its field `start` to its `end`, in seconds."""

    @property
    def fields(self) -> set[str]:
        """Every field of a row."""
        return field_names(self.files) | set(self.columns) | set(self.rows.fields if self.rows else ())

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> "LabelTable":
        if not self.columns and self.rows is None:
            raise WrongValue("needs `columns` (field: heading) or `rows` (a pattern)")
        for field in self.join:
            if field not in self.fields:
                raise WrongValue(f"names {field!r}, which the table does not have", "join")
        if self.segments and not {"start", "end"} <= self.fields:
            raise WrongValue("need the fields `start` and `end`", "segments")
        return self


def read_table(table: LabelTable, files: list[tuple[Fields, str]]) -> dict[tuple[str, ...], list[Fields]]:
    """Read a table that comes in one file or several.

    UTF-8, or Windows-1252 where it is not.

    Parameters
    ----------
    files
        For every file the fields of its name and its path.

    Returns
    -------
    dict of tuple to list of dict
        The fields of a row by the values of its `join` fields: one row, or of segments all.

    Raises
    ------
    XserError
        When a column is missing, no line is a row, two rows say different things of one recording, or a segment has
        neither start nor end.
    """
    rows: dict[tuple[str, ...], list[Fields]] = {}
    origin: dict[tuple[str, ...], str] = {}
    segments = set()
    for name_fields, path in files:
        for row in _rows(table, path):
            row = {**name_fields, **row}
            key = tuple(row[field] for field in table.join)
            if table.segments:
                row = _segment(row, path)
                rows.setdefault(key, [])
                if tuple(row.items()) not in segments:  # a second copy of the table adds nothing
                    rows[key].append(row)
                segments.add(tuple(row.items()))
            elif rows.setdefault(key, [row]) != [row]:
                keys = ", ".join(f"{field} {value}" for field, value in zip(table.join, key, strict=True))
                raise XserError(f"{origin[key]} and {path} disagree about {keys}: keep the official table only")
            origin.setdefault(key, path)
    if not rows and table.rows is not None:
        path = files[0][1]
        raise XserError(f"{path} has nothing like {table.rows.text}: put the official table in its place")
    return rows


def _segment(row: Fields, path: str) -> Fields:
    """The row of a segment, its times in the form that rows have."""
    try:
        start, end = float(row["start"]), float(row["end"])
    except ValueError:
        start = end = 0.0
    if not 0 <= start < end < math.inf:
        times = f"from {row['start']!r} to {row['end']!r}"
        raise XserError(
            f"{path} has a segment {times}, which is no stretch of time: put the official table in its place"
        )
    return {**row, "start": f"{start:.6f}", "end": f"{end:.6f}"}


def _rows(table: LabelTable, path: str) -> Iterator[Fields]:
    if table.rows is None:
        rows = _rows_of_columns(table, path)
    elif path.lower().endswith((".json", ".jsonl", ".ndjson", ".yaml", ".yml")):
        rows = _rows_of_objects(table.rows, table.columns, path)
    else:
        rows = _rows_of_lines(table.rows, path)
    for row in rows:
        yield {field: _file_field(field, nfc(value).strip()) for field, value in row.items()}


def _file_field(field: str, value: str) -> str:
    """Of a recording's path its name, or that without suffix, where the field asks for it."""
    if field not in ("stem", "name"):
        return value
    file = File(value, value)
    return file.stem if field == "stem" and file.is_audio else file.name


def _rows_of_columns(table: LabelTable, path: str) -> Iterator[Fields]:
    delimiter = table.delimiter or ("\t" if path.lower().endswith(".tsv") else ",")
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), delimiter=delimiter)
    headings = [nfc(heading).strip() for heading in reader.fieldnames or ()]
    for heading in table.columns.values():
        if heading not in headings:
            there = ", ".join(headings)[:200]
            raise XserError(f"{path} has no column {heading!r} but {there}: put the official table in its place")
    reader.fieldnames = headings
    for row in reader:
        yield {field: row[heading] or "" for field, heading in table.columns.items()}


def _rows_of_lines(pattern: FilePattern, path: str) -> Iterator[Fields]:
    for line in _text(path).splitlines():
        fields = pattern.match(nfc(line).strip())
        if fields is not None:
            yield fields


def _rows_of_objects(pattern: FilePattern, columns: dict[str, str], path: str) -> Iterator[Fields]:
    literal = "".join(expression for field, expression in split_fields(pattern.text) if field is None)
    rows = []
    for keys, value in _objects(_content(path), literal.count("/") + 1):
        fields = pattern.match(nfc("/".join(keys)))
        if fields is not None:
            rows.append((fields, {field: _at(value, where) for field, where in columns.items()}))
    for field, where in columns.items():
        if rows and all(found[field] is None for _, found in rows):
            raise XserError(f"{path} has no {where} below {pattern.text}: put the official table in its place")
    for fields, found in rows:
        yield {**fields, **{field: "" if text is None else str(text) for field, text in found.items()}}


def _content(path: str) -> Any:
    text = _text(path)
    try:
        if path.lower().endswith(".json"):
            return json.loads(text)
        if path.lower().endswith((".jsonl", ".ndjson")):
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return yaml_text(text)[0]
    except (ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise XserError(
            f"{path} is not valid {path[-4:].upper()} ({reason}): put the official table in its place"
        ) from error


def _objects(content: Any, depth: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield (keys, object) for every object `depth` keys below `content`; the keys of a list are its numbers from 0."""
    if depth == 0:
        yield (), content
    elif isinstance(content, (dict, list)):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in items:
            yield from (((str(key), *keys), found) for keys, found in _objects(value, depth - 1))


def _at(value: Any, where: str) -> Any:
    """What stands at a path such as ``votes/final`` below an object, None where nothing does."""
    for key in where.split("/"):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(path: str) -> str:
    if not os.path.isfile(path):
        raise XserError(f"{path} is no file: put the official table in its place")
    with open(path, "rb") as file:
        content = file.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def tables_beside(table: LabelTable, folder: str | Path, known: list[Fields]) -> list[tuple[Fields, str]]:
    """Find a table's files in the folder above `folder`, where some people keep them.

    Parameters
    ----------
    folder
        The corpus's folder.
    known
        The fields of the names of files that were found already; these are not looked for.

    Returns
    -------
    list of (dict, str)
        For every file the fields of its name and its path.
    """
    above = os.path.dirname(os.path.abspath(folder))
    try:
        with os.scandir(above) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file())
    except OSError:
        return []
    found = [(match_first(table.files, nfc(name)), os.path.join(above, name)) for name in names]
    return [(fields, path) for fields, path in found if fields is not None and fields not in known]
