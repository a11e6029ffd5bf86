"""Tables that are text: CSV with commas, semicolons, tabs or bars, and a JSON object a line."""

import csv
import io
import json
from pathlib import Path

from xser.core.errors import XserError
from xser.corpora.description.file_patterns import nfc
from xser.corpora.tables.native import text_of

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
JSON_SUFFIXES = (".jsonl",)
DELIMITERS = ",;\t|"
_CELL = 1 << 24  # characters; csv stops at 131072, which a quote that is never closed reaches as well


def read_delimited(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Read a table that is text, in UTF-8 with or without byte order mark, UTF-16 with one, or Windows-1252.

    Parameters
    ----------
    path
        ``.csv``, ``.tsv`` or ``.txt``: the delimiter is the one of `DELIMITERS` that the headings have most of;
        ``.jsonl``: an object a line.

    Returns
    -------
    (list of str, list of dict of str to str)
        Names of the columns, and the rows that are not empty.

    Raises
    ------
    XserError
        When the file cannot be read, two columns have the same name, or a row has more cells than there are columns.
    """
    try:
        text = _decoded(path.read_bytes())
    except OSError as error:
        raise XserError(f"{path} cannot be read ({error.strerror}): give the path of a table") from error
    columns, rows = (_objects if path.suffix.lower() in JSON_SUFFIXES else _cells)(path, text)
    return columns, [row for row in rows if any(row.values())]


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _cells(path: Path, text: str) -> tuple[list[str], list[dict[str, str]]]:
    csv.field_size_limit(_CELL)
    head = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(DELIMITERS, key=lambda mark: _width(head, mark))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns, rows = None, []
    try:
        for cells in reader:
            if columns is None and any(cells):
                columns = _headings(path, cells)
            elif columns is not None:
                rows.append(_row(path, reader.line_num, columns, cells))
    except csv.Error as error:
        raise XserError(f"{path}: line {reader.line_num} is no line of a table ({error}): repair it") from error
    return columns or [], rows


def _width(head: str, mark: str) -> int:
    return len(next(csv.reader([head], delimiter=mark)))


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


def _objects(path: Path, text: str) -> tuple[list[str], list[dict[str, str]]]:
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise XserError(f"{path}: line {number} is not valid JSON ({error}): repair it") from error
        if not isinstance(value, dict):
            raise XserError(f"{path}: line {number} is no JSON object: repair it")
        rows.append({nfc(str(key)).strip(): text_of(cell) for key, cell in value.items()})
    return list(dict.fromkeys(key for row in rows for key in row)), rows
