"""Labels that stand in a table beside the recordings."""

import csv
import dataclasses
import io
import os

from xser.corpora.file_patterns import FilePattern, field_names, match_first, nfc
from xser.errors import XserError


@dataclasses.dataclass(frozen=True)
class LabelTable:
    """A table beside the recordings.

    Attributes
    ----------
    files : tuple of FilePattern
        Which files it is: one table may come in several files, and the fields of a file's name are fields of its rows.
    columns : dict of str to str
        Field -> heading of the column that has it.
    join : tuple of str
        The fields that tell which row is which recording's.
    """

    files: tuple[FilePattern, ...]
    columns: dict[str, str]
    join: tuple[str, ...]

    @property
    def fields(self):
        """Every field of a row."""
        return field_names(self.files) | set(self.columns)


def read_table(table, files):
    """Read a table that comes in one file or several.

    Comma-separated, or tab-separated where the name ends in ``.tsv``; UTF-8, or Windows-1252 where it is not.

    Parameters
    ----------
    table : LabelTable
    files : list of (dict, str)
        For every file the fields of its name and its path.

    Returns
    -------
    dict of tuple to dict
        The fields of a row by the values of its `join` fields.

    Raises
    ------
    XserError
        When a column is missing, or two rows say different things of one recording.
    """
    rows, origin = {}, {}
    for name_fields, path in files:
        for row in _rows(table, path):
            row = {**name_fields, **row}
            key = tuple(row[field] for field in table.join)
            if rows.setdefault(key, row) != row:
                said = ", ".join(f"{field} {value}" for field, value in zip(table.join, key, strict=True))
                raise XserError(f"{origin[key]} and {path} disagree about {said}: keep the official table only")
            origin.setdefault(key, path)
    return rows


def _rows(table, path):
    delimiter = "\t" if path.lower().endswith(".tsv") else ","
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), delimiter=delimiter)
    headings = [nfc(heading).strip() for heading in reader.fieldnames or ()]
    for heading in table.columns.values():
        if heading not in headings:
            there = ", ".join(headings)[:200]
            raise XserError(f"{path} has no column {heading!r} but {there}: put the official table in its place")
    reader.fieldnames = headings
    for row in reader:
        yield {field: nfc(row[heading] or "").strip() for field, heading in table.columns.items()}


def _text(path):
    with open(path, "rb") as file:
        content = file.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def tables_beside(table, folder, known):
    """Find a table's files in the folder above `folder`, where some people keep them.

    Parameters
    ----------
    table : LabelTable
    folder : str or Path
        The corpus's folder.
    known : list of dict
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
