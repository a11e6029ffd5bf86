"""Tables that are text: CSV with commas, semicolons, tabs or bars, and a JSON object a line."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xser.core.errors import XserError
from xser.corpora.audio.file_contents import HEAD, contents_of
from xser.corpora.description.file_patterns import nfc
from xser.corpora.tables.native import text_of

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
JSON_SUFFIXES = (".jsonl",)
DELIMITERS = ",;\t|"
_CELL = 1 << 24  # characters; csv stops at 131072, which a quote that is never closed reaches as well


def read_delimited(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Read a table that is text, in UTF-8 with or without byte order mark, UTF-16 with one, or Windows-1252.

    Lines may end as on any system. A double quote that is never closed swallows no row: where every line by itself has
    a cell for each heading it ends with its line, elsewhere it is an error.

    Parameters
    ----------
    path
        ``.csv``, ``.tsv`` or ``.txt``: the delimiter is the one of `DELIMITERS` that the headings have most of, or the
        one that Excel's first line ``sep=`` names; ``.jsonl``: an object a line.

    Returns
    -------
    (list of str, list of dict of str to str)
        Names of the columns, and the rows that are not empty.

    Raises
    ------
    XserError
        When the file cannot be read or is no text, two columns have the same name, a row has more cells than there are
        columns, or a quote makes one row of several lines.
    """
    try:
        if path.exists() and not path.is_file():
            raise XserError(f"{path} is no file: give the path of a table")
        content = path.read_bytes()
    except OSError as error:
        raise XserError(f"{path} cannot be read ({error.strerror}): give the path of a table") from error
    lines = re.split("\r\n|\r|\n", _decoded(path, content))
    columns, rows = (_objects if path.suffix.lower() in JSON_SUFFIXES else _cells)(path, lines)
    return columns, [row for row in rows if any(row.values())]


def _decoded(path: Path, content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    contents = contents_of(content[:HEAD])
    named = contents.startswith(("a ", "an "))  # others are audio, which a heading such as ID3 looks like
    if named or b"\0" in content:
        raise XserError(
            f"{path} holds {contents if named else 'binary data'}, no text: save the table as CSV in UTF-8 (a workbook "
            "of Excel is a zip archive)"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _cells(path: Path, lines: list[str]) -> tuple[list[str], list[dict[str, str]]]:
    csv.field_size_limit(_CELL)
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    named = re.fullmatch(r'"?sep=(.)"?[,;\t| ]*', lines[first], re.IGNORECASE)
    if named:  # Excel's
        lines = [*lines[:first], "", *lines[first + 1 :]]
    head = next((line for line in lines if line.strip()), "")
    delimiter = named[1] if named else _delimiter(path, head)
    records = [(number, cells) for number, cells in _records(path, lines, delimiter) if any(map(str.strip, cells))]
    columns = _headings(path, records[0][1]) if records else []
    return columns, [_row(path, number, columns, cells) for number, cells in records[1:]]


def _delimiter(path: Path, head: str) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else max(DELIMITERS, key=lambda mark: len(_split(head, mark)))


def _split(line: str, delimiter: str) -> list[str]:
    """The cells of one line by itself: a quote that stays open ends with it."""
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])


def _records(path: Path, lines: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """Number of the first line, from 1, and cells of every record; a quoted cell may go on over lines."""
    records: list[tuple[int, list[str]]] = []
    width = None
    reader = csv.reader(_ended(lines), delimiter=delimiter, skipinitialspace=True, strict=True)
    number = 1
    try:
        for cells in reader:
            width = width or len(cells)
            swallowed = [line for line in lines[number : reader.line_num] if len(line.split(delimiter)) == width]
            if width > 1 and swallowed:
                return _lines_apart(path, lines, delimiter, number)
            records.append((number, cells))
            number = reader.line_num + 1
    except csv.Error as error:
        if "field larger" in str(error):
            raise XserError(f"{path}: line {number} has a cell of more than {_CELL} characters: repair it") from error
        return _lines_apart(path, lines, delimiter, number)
    return records


def _ended(lines: list[str]) -> Iterator[str]:
    yield from (f"{line}\n" for line in lines[:-1])
    if lines[-1]:
        yield lines[-1]


def _lines_apart(path: Path, lines: list[str], delimiter: str, doubtful: int) -> list[tuple[int, list[str]]]:
    """The records of a table in which quotes do not pair up, if each of its lines can only be one."""
    records = [(number, _split(line, delimiter)) for number, line in enumerate(lines, start=1) if line.strip()]
    if len({len(cells) for _, cells in records}) > 1:
        raise XserError(
            f'{path}: a double quote (") in line {doubtful} is not closed, or closed in another row: put two of them '
            'for one within a cell ("he said ""stop""")'
        )
    return records


def _headings(path: Path, cells: list[str]) -> list[str]:
    columns = [nfc(cell).strip() for cell in cells]
    while columns and not columns[-1]:
        columns.pop()
    repeated = [column for column in columns if column and columns.count(column) > 1]
    if repeated:
        raise XserError(f"{path} has two columns called {repeated[0]!r}: rename one")
    return columns


def _row(path: Path, line: int, columns: list[str], cells: list[str]) -> dict[str, str]:
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise XserError(
            f"{path}: line {line} has {len(cells)} cells and there are {len(columns)} columns: put text that has the "
            'delimiter in it between double quotes ("like, this")'
        )
    return {column: text_of(cell) for column, cell in zip(columns, cells, strict=False) if column}


def _objects(path: Path, lines: list[str]) -> tuple[list[str], list[dict[str, str]]]:
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_each_key_once)
        except (ValueError, RecursionError) as error:
            raise XserError(f"{path}: line {number} is not valid JSON ({error}): repair it") from error
        if not isinstance(value, dict):
            raise XserError(f"{path}: line {number} is no JSON object: repair it")
        rows.append({nfc(str(key)).strip(): text_of(cell) for key, cell in value.items()})
    return list(dict.fromkeys(key for row in rows for key in row)), rows


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError(f"a key stands twice among {', '.join(key for key, _ in pairs)[:80]}")
    return content
