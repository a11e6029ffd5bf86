"""The recordings that a user names on a command line: files, folders, patterns, tables."""

import glob
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from xser.core.errors import UsageError, XserError
from xser.core.extras import optional
from xser.corpora.audio.waveforms import Part, Source
from xser.corpora.folders import list_files, real_path
from xser.corpora.tables.delimited import CSV_SUFFIXES, JSON_SUFFIXES, read_delimited

TABLES = (*CSV_SUFFIXES, *JSON_SUFFIXES, ".parquet")
STDIN = "-"


def find_recordings(words: Sequence[str]) -> list[Source]:
    """The recordings that words name, in their order.

    Parameters
    ----------
    words
        Files; folders, whose audio and video files are taken at any depth; patterns such as ``rec/*.wav``; tables
        (`TABLES`) with a column ``path`` and, where wanted, ``start`` and ``end`` in seconds, whose paths go from the
        table's folder; ``-`` for a file on stdin.

    Raises
    ------
    XserError
        When a word names nothing, or a table has no such column.
    """
    found = [source for word in words for source in _named(word)]
    if not found:
        raise UsageError("there is no recording: name files, folders or a table with a column `path`")
    return found


def _named(word: str) -> list[Source]:
    if word == STDIN:
        return [_stdin()]
    path = Path(word).expanduser()
    if path.is_dir():
        return _of_folder(path)
    if path.exists():
        return _of_table(path) if path.suffix.lower() in TABLES else [str(path)]
    matches = [match for match in sorted(glob.glob(str(path), recursive=True)) if not Path(match).is_dir()]
    if not matches:
        what = "matches no file" if glob.has_magic(word) else "does not exist"
        raise XserError(f"{word} {what}: name a recording, a folder or a table")
    return [source for match in matches for source in _named(match)]


def _of_folder(folder: Path) -> list[Source]:
    there = any(os.scandir(folder))  # an empty folder has a message of its own there
    found: list[Source] = [
        str(real_path(folder, file.source)) for file in (list_files(folder) if there else []) if file.is_audio
    ]
    if not found:
        raise XserError(f"{folder} holds no file of audio or video: name the files themselves")
    return found


def _stdin() -> BinaryIO:
    content = io.BytesIO(sys.stdin.buffer.read())
    content.name = "stdin"
    return content


def _of_table(path: Path) -> list[Source]:
    columns, rows = _read_table(path)
    if "path" not in columns:
        raise XserError(f"{path} has no column `path` (it has {', '.join(columns)}): name the column of the files so")
    return [_of_row(path, line, row) for line, row in enumerate(rows, start=2)]


def _of_row(table: Path, line: int, row: dict[str, str]) -> Source:
    if not row["path"]:
        raise XserError(f"{table}, row {line}: `path` is empty")
    file = str(table.parent / row["path"])
    start, end = row.get("start", ""), row.get("end", "")
    if not start and not end:
        return file
    try:
        part = Part(file, float(start or 0), float(end))
    except ValueError as error:
        raise XserError(f"{table}, row {line}: `start` and `end` are seconds, not {start!r} and {end!r}") from error
    if not 0 <= part.start < part.end < float("inf"):
        raise XserError(f"{table}, row {line}: a part from {start} to {end} s is empty")
    return part


def _read_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    if path.suffix.lower() != ".parquet":
        return read_delimited(path)
    optional("pyarrow", "a Parquet file")
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise XserError(f"{path} is no Parquet file that can be read: write it again") from error
    columns = [str(name) for name in table.columns]
    rows = table.itertuples(index=False, name=None)
    return columns, [dict(zip(columns, map(_text, row), strict=True)) for row in rows]


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value)  # a NaN differs from itself
